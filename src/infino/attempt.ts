/** What came of sending one request. */
export type Attempt =
  | { readonly type: "answer"; readonly status: number; readonly headers: Headers; readonly body: string }
  /** The answer is longer than the operation allows. */
  | { readonly type: "too-long"; readonly status: number; readonly limit: number }
  /** No answer, or a part of one. `sent: false` proves that the target got nothing; `permanent`: it will not get better. */
  | {
      readonly type: "lost";
      readonly sent: boolean;
      readonly permanent: boolean;
      readonly reason: string;
      readonly status?: number;
    }
  | { readonly type: "timeout"; readonly after: number; readonly status?: number }
  | { readonly type: "cancelled" };

/** Node's and undici's codes of failures before the first byte of a request went out. */
const unsent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EMFILE",
  "ENFILE",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const isTls = (code: string): boolean =>
  /CERT|^ERR_TLS_|^ERR_SSL_|^UNABLE_TO_|^SELF_SIGNED|^DEPTH_ZERO|^HOSTNAME_MISMATCH/.test(code);

const codesOf = (error: unknown): readonly string[] => {
  if (!(error instanceof Error)) return [];
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.flatMap(codesOf);
  if ("code" in error && typeof error.code === "string") return [error.code];
  return codesOf(error.cause);
};

/** Ports of other protocols, to which the web's fetch sends nothing. */
const isBadPort = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof Error && error.cause.message === "bad port";

/** What a failed fetch says about the request. Of the error only its code is kept: its text may quote the request. */
const lost = (error: unknown, status: number | undefined): Attempt => {
  if (isBadPort(error)) return { type: "lost", sent: false, permanent: true, reason: "no HTTP client uses this port" };
  const codes = [...new Set(codesOf(error))];
  const before = status === undefined && codes.length > 0;
  const tls = before && codes.every(isTls);
  return {
    type: "lost",
    sent: !(tls || (before && codes.every((code) => unsent.has(code)))),
    permanent: tls,
    reason: codes.join(", ") || "connection lost",
    ...(status === undefined ? {} : { status }),
  };
};

class TooLong extends Error {}

const read = async (response: Response, limit: number): Promise<string> => {
  if (Number(response.headers.get("content-length") ?? 0) > limit) {
    await response.body?.cancel();
    throw new TooLong();
  }
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > limit) throw new TooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size).toString("utf8");
};

/**
 * Sends a request and reads its whole answer, of at most `limit` bytes. Ends when `signal` aborts or after `timeout`
 * milliseconds, also with a `send` that knows no signals. Never throws.
 */
export const attempt = async (
  send: (signal: AbortSignal) => Promise<Response>,
  { timeout, limit, signal }: { timeout: number; limit: number; signal: AbortSignal },
): Promise<Attempt> => {
  if (signal.aborted) return { type: "cancelled" };
  const controller = new AbortController();
  let timedOut = false;
  let status: number | undefined;
  const cancel = (): void => controller.abort();
  signal.addEventListener("abort", cancel, { once: true });
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, timeout);
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
  });
  try {
    const exchange = async (): Promise<Attempt> => {
      const response = await send(controller.signal);
      status = response.status;
      return { type: "answer", status, headers: response.headers, body: await read(response, limit) };
    };
    return await Promise.race([exchange(), aborted]);
  } catch (error) {
    if (signal.aborted) return { type: "cancelled" };
    const seen = status === undefined ? {} : { status };
    if (timedOut) return { type: "timeout", after: timeout, ...seen };
    if (error instanceof TooLong) return { type: "too-long", status: status ?? 0, limit };
    if (codesOf(error).some((code) => code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT")) {
      return { type: "timeout", after: timeout, ...seen };
    }
    return lost(error, status);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
};
