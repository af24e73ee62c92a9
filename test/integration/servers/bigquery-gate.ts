import { createPublicKey, type KeyObject, randomBytes, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request as requestHttp, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** The half of a service account key that the server knows. */
export type KnownAccount = { readonly email: string; readonly publicKey: string };

type Job = { readonly configuration?: { readonly query?: object; readonly dryRun?: boolean } };

const scope = "https://www.googleapis.com/auth/bigquery";

/**
 * Stands in front of a BigQuery that checks no credentials: gives access tokens for assertions that the account signed
 * (`POST /token`), and lets through what bears one. `GET /log` tells which queries came in and how many pages
 * of results were asked for, `DELETE /log` forgets them; after `POST /hold?parts=N` no more than N are given out until
 * then.
 */
export const startBigqueryGate = async (
  upstream: number,
  account: KnownAccount,
): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const tokens = new Set<string>();
  const queries: object[] = [];
  const key = createPublicKey(account.publicKey);
  let url = "";
  let parts = 0;
  let most = Number.POSITIVE_INFINITY;
  const waiting: (() => void)[] = [];

  const giveToken = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = new URLSearchParams(await text(request));
    const refusal = refusalOf(asked, account.email, key, `${url}/token`);
    if (refusal !== undefined) {
      answer(response, 400, { error: "invalid_grant", error_description: refusal });
      return;
    }
    const token = randomBytes(24).toString("base64url");
    tokens.add(token);
    answer(response, 200, { access_token: token, expires_in: 3600, token_type: "Bearer" });
  };

  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.url === "/token" && request.method === "POST") return giveToken(request, response);
    if (request.url === "/log") {
      answer(response, 200, { queries, parts, held: waiting.length > 0 });
      if (request.method !== "DELETE") return;
      queries.length = 0;
      parts = 0;
      most = Number.POSITIVE_INFINITY;
      for (const go of waiting.splice(0)) go();
      return;
    }
    const hold = /^\/hold\?parts=(\d+)$/.exec(request.url ?? "")?.[1];
    if (hold !== undefined) {
      most = Number(hold);
      return answer(response, 200, {});
    }
    if (!tokens.has(request.headers.authorization?.replace(/^Bearer /, "") ?? "")) {
      const message = "Request had invalid authentication credentials.";
      return answer(response, 401, { error: { code: 401, message, errors: [{ reason: "authError", message }] } });
    }
    const body = await text(request);
    if (request.method === "POST" && /\/jobs(\?|$)/.test(request.url ?? "")) {
      const { configuration } = JSON.parse(body) as Job;
      if (configuration?.query !== undefined) {
        queries.push({ ...configuration.query, dryRun: configuration.dryRun === true });
      }
    }
    if (request.method === "GET" && request.url?.includes("/queries/") === true) {
      if (parts >= most) await new Promise<void>((resolve) => waiting.push(resolve));
      parts++;
    }
    const { host: _, connection: __, "transfer-encoding": ___, ...headers } = request.headers;
    requestHttp({ host: "127.0.0.1", port: upstream, method: request.method, path: request.url, headers })
      .on("response", (given) => {
        response.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(response);
      })
      .on("error", () => response.destroy())
      .end(body);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

const answer = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};

/** Why an assertion gets no token, in Google's words. */
const refusalOf = (asked: URLSearchParams, email: string, key: KeyObject, audience: string): string | undefined => {
  if (asked.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") return "Invalid grant_type.";
  const [header = "", claims = "", signature = ""] = (asked.get("assertion") ?? "").split(".");
  const decoded = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  const signed = verify("sha256", Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, "base64url"));
  if (!signed || decoded(header)["alg"] !== "RS256") return "Invalid JWT Signature.";
  const { iss, aud, exp, scope: wanted } = decoded(claims);
  if (iss !== email) return "Invalid grant: account not found";
  if (aud !== audience || wanted !== scope) return "Invalid JWT: wrong audience or scope.";
  return typeof exp === "number" && exp * 1000 > Date.now() ? undefined : "Invalid JWT: it has expired.";
};
