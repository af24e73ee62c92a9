import { expect } from "vitest";

/** A secret with signs that JSON, URLs and lines do not leave as they are. */
export const key = 'PLANTED"key é\nline2-PLANTED';

const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** What a careless target says of a secret: all that it was sent, in all the ways that it knows. */
export const quotes = (secret = key): string =>
  [
    `key ${secret}`,
    JSON.stringify(secret),
    JSON.stringify(JSON.stringify(secret)),
    base64(secret),
    `Basic ${base64(`elastic:${secret}`)}`,
    encodeURIComponent(secret),
  ].join(" ");

const traces = ["PLANTED", "line2", ...["PLANTED-", key].map((text) => base64(text).slice(0, 10))];

/** Nothing of what was planted is in it, in clear or in base64. */
export const expectClean = (value: unknown): void => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  for (const trace of traces) expect(text).not.toContain(trace);
};

export type Answer = (request: Request, pass: () => Promise<Response>) => Promise<Response>;

/** An error answer that says this. */
export const rejecting =
  (status: number, reason = quotes()): Answer =>
  async () =>
    Response.json({ error: { type: "bad", reason }, status }, { status });

/** Another answer to some of the requests. */
export const on =
  (method: string, path: string, answer: Answer): Answer =>
  (request, pass) =>
    request.method === method && new URL(request.url).pathname.startsWith(path) ? answer(request, pass) : pass();

/** Gives this as the reason of whatever health is told. */
export const saying =
  (words: string): Answer =>
  async (_, pass) => {
    const answer = await pass();
    const text = (await answer.text()).replaceAll(/"reason":"[^"]*"/g, () => `"reason":${JSON.stringify(words)}`);
    return new Response(text, answer);
  };
