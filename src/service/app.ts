import type { IncomingMessage } from "node:http";
import { Hono } from "hono";
import { parseJson, readBody, streamBody } from "./body.ts";
import { type Call, type Operation, operations } from "./operations.ts";
import { Problem, problemOf, problemResponse } from "./problem.ts";
import { isTooDeep, tooDeep } from "./queries/query-limits.ts";
import { checkPayload, createVerifier } from "./signature.ts";
import type { State } from "./state.ts";
import type { Credentials } from "./types.ts";

type Bytes = Uint8Array<ArrayBuffer>;
type Env = {
  /** `payload`: the digest that the body must have, where its signature did not cover the body itself. */
  Variables: { body: () => Promise<Bytes>; payload: string | undefined };
  Bindings: { readonly incoming?: IncomingMessage };
};

const noStore = { "cache-control": "no-store" };

/** The API over a state. Every request must be signed; every answer, errors too, is JSON. */
export const createApp = (
  state: State,
  credentials: Credentials,
  clock: () => number,
  reportError: (error: unknown) => void,
): Hono<Env> => {
  const app = new Hono<Env>();
  const verify = createVerifier(credentials, clock);
  app.use("*", async (context, next) => {
    let reading: Promise<Bytes> | undefined;
    const body = () => {
      // In process there are no bindings at all.
      reading ??= readBody(context.req.raw, context.env?.incoming, takesMuch(context.req.method, context.req.path));
      return reading;
    };
    context.set("payload", await verify(context.req.raw, body));
    context.set("body", body);
    await next();
  });
  for (const operation of operations) {
    const method = operation.method === "HEAD" ? "GET" : operation.method;
    app.on(method, operation.path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      const answer = answerOf(operation);
      const request = context.req.raw;
      const payload = context.get("payload");
      let body: Bytes | undefined;
      if (operation.body !== "stream") {
        body = await context.get("body")();
        checkPayload(body, payload);
      }
      const call: Call = {
        param: (name) => context.req.param(name) ?? "",
        query: (name) => context.req.query(name),
        header: (name) => context.req.header(name),
        json: () => parseJson(body ?? new Uint8Array(), context.req.header("content-type") ?? null),
        bytes: () => body ?? new Uint8Array(),
        stream: () => streamBody(request, context.env?.incoming, payload),
        signal: request.signal,
      };
      const given = await answer(state, call);
      try {
        return context.json(given as object, 200, noStore);
      } catch (error) {
        throw isTooDeep(error) ? tooDeep() : error;
      }
    });
  }
  app.notFound((context) =>
    problemResponse(new Problem("not_found", `the API has no ${context.req.method} ${context.req.path}`)),
  );
  app.onError((error, context) => {
    const problem = problemOf(error);
    if (problem !== undefined) return problemResponse(problem);
    // A client that went away while it sent its body is no defect.
    if (!context.req.raw.signal.aborted) reportError(error);
    return problemResponse(new Problem("internal_error", "a defect of the local service; its own output says more"));
  });
  return app;
};

const large = operations
  .filter(({ body }) => body === "large")
  .map(({ method, path }) => ({ method, path: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`) }));

const takesMuch = (method: string, path: string): boolean =>
  large.some((operation) => operation.method === method && operation.path.test(path));

const answerOf = (operation: Operation): NonNullable<Operation["answer"]> =>
  operation.answer ??
  (() => {
    const what = operation.missing ?? "such operation";
    throw new Problem(
      "not_implemented",
      `the local service does not do ${operation.method} ${operation.path}: it has no ${what}`,
    );
  });
