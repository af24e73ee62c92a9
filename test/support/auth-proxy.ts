import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";

/** A request that came, with what was answered once it was. */
export type Passed = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: string;
  status?: number;
};

/** `hang`: never answers; `cut`: breaks off in the middle of the answer; a number: answers that status itself. */
export type ProxyFault = "hang" | "cut" | number;

export type AuthProxy = {
  readonly url: string;
  /** All that came, those that were refused too. */
  readonly requests: Passed[];
  /** What goes wrong with a request; default: nothing. */
  fault: (request: Passed) => ProxyFault | undefined;
  close(): Promise<void>;
};

export type Certificate = { readonly key: string; readonly cert: string };

/** A certificate for 127.0.0.1 that nobody vouches for; undefined where openssl is not installed. */
export const selfSigned = (): Certificate | undefined => {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=127.0.0.1", "-days", "2"];
  try {
    execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/**
 * Passes on to a search server what carries the right `authorization` header, and answers 401 as such a server does
 * otherwise. Without `authorization` it passes on what carries none, with `certificate` it speaks TLS.
 */
export const startAuthProxy = async (
  target: string,
  options: { readonly authorization?: string; readonly certificate?: Certificate } = {},
): Promise<AuthProxy> => {
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const passed: Passed = { method: incoming.method ?? "", path: incoming.url ?? "", body: body.toString() };
    proxy.requests.push(passed);
    const say = (status: number, type: string): void => {
      passed.status = status;
      const error = { type, reason: `said by the proxy: ${type}` };
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { ...error, root_cause: [error] }, status }));
    };
    if (incoming.headers.authorization !== options.authorization) return say(401, "security_exception");
    const fault = proxy.fault(passed);
    if (fault === "hang") return;
    if (typeof fault === "number") return say(fault, "proxy_exception");
    const onward = send(`${target}${passed.path}`, {
      method: passed.method,
      headers: {
        "content-type": incoming.headers["content-type"] ?? "application/json",
        "content-length": body.length,
      },
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    onward.on("response", (from) => {
      passed.status = from.statusCode ?? 0;
      const length = from.headers["content-length"];
      response.writeHead(passed.status, {
        "content-type": "application/json",
        ...(length === undefined ? {} : { "content-length": length }),
      });
      if (fault === "cut") {
        from.once("data", (part: Buffer) => {
          response.write(part.subarray(0, Math.max(1, part.length >> 1)), () => response.destroy());
        });
      } else from.pipe(response);
    });
    onward.end(body);
  };
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    answer(incoming, response).catch(() => response.destroy());
  };
  const { certificate } = options;
  const server = certificate === undefined ? createServer(listener) : createTlsServer(certificate, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: AuthProxy = {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests: [],
    fault: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
};
