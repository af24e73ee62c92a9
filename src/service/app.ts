import type { IncomingMessage } from "node:http";
import { Hono } from "hono";
import { parseJson, readBody } from "./body.ts";
import { type Operation, operations } from "./operations.ts";
import { Problem, problemResponse } from "./problem.ts";
import { createVerifier } from "./signature.ts";
import type { State } from "./state.ts";
import type { Credentials } from "./types.ts";

type Env = { Variables: { body: Uint8Array }; Bindings: { readonly incoming?: IncomingMessage } };

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
    let reading: Promise<Uint8Array<ArrayBuffer>> | undefined;
    const body = () => {
      // In process there are no bindings at all.
      reading ??= readBody(context.req.raw, context.env?.incoming);
      return reading;
    };
    await verify(context.req.raw, body);
    context.set("body", await body());
    await next();
  });
  for (const operation of operations) {
    const method = operation.method === "HEAD" ? "GET" : operation.method;
    app.on(method, operation.path.replace(/\{(\w+)\}/g, ":$1"), async (context) => {
      const answer = await answerOf(operation)(state, {
        param: (name) => context.req.param(name) ?? "",
        json: () => parseJson(context.get("body"), context.req.header("content-type") ?? null),
      });
      return context.json(answer as object, 200, { "cache-control": "no-store" });
    });
  }
  app.notFound((context) =>
    problemResponse(new Problem("not_found", `the API has no ${context.req.method} ${context.req.path}`)),
  );
  app.onError((error, context) => {
    if (error instanceof Problem) return problemResponse(error);
    // A client that went away while it sent its body is no defect.
    if (!context.req.raw.signal.aborted) reportError(error);
    return problemResponse(new Problem("internal_error", "a defect of the local service; its own output says more"));
  });
  return app;
};

const answerOf = (operation: Operation): NonNullable<Operation["answer"]> =>
  operation.answer ??
  (() => {
    const what = operation.missing ?? "such operation";
    throw new Problem(
      "not_implemented",
      `the local service does not do ${operation.method} ${operation.path}: it has no ${what}`,
    );
  });
