import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isObject, type Json } from "../../src/contract/index.ts";
import { type Server, serve } from "../../src/service/index.ts";
import { operations } from "../../src/service/operations.ts";
import { skip } from "../support/skip.ts";
import { descriptionFile, readDescription } from "./description.ts";
import { exceptions, statusExceptions } from "./exceptions.ts";
import { type Exchange, type Exchanger, exchanger, send } from "./exchange.ts";
import { wireValidator } from "./wire-schemas.ts";

const keys = { accessKey: "IAK_TEST", secretKey: "test-secret-key" };
const description = await readDescription((place) => place in exceptions);

/** Every exchange of the walk below, by operation. */
const seen = new Map<string, Exchange[]>();
let server: Server;
let exchange: Exchanger;
const search = spawn(
  process.execPath,
  [fileURLToPath(new URL("../../examples/sample-search-server/server.mjs", import.meta.url))],
  {
    env: { ...process.env, SAMPLE_SEARCH_PORT: "0", SAMPLE_SEARCH_API_KEYS: "a2V5" },
    stdio: ["ignore", "pipe", "inherit"],
  },
);

/** Sends one request of an operation and keeps what was answered; parameters fill the path. */
const call = async (
  operation: string,
  parameters: Readonly<Record<string, string>> = {},
  body?: string | FormData | Json,
  headers: Readonly<Record<string, string>> = {},
): Promise<Exchange> => {
  const [method = "", template = ""] = operation.split(" ");
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parameters[name] ?? "nothing"));
  const query = parameters["?"] ?? "";
  const content =
    body === undefined || typeof body === "string" || body instanceof FormData ? body : JSON.stringify(body);
  const got = await exchange(method, `${path}${query}`, content, headers);
  seen.set(operation, [...(seen.get(operation) ?? []), got]);
  return got;
};

const field = (got: Exchange, name: string): string => String(isObject(got.body) ? got.body[name] : undefined);

const upload = (name: string, content: string, fields: Readonly<Record<string, string>>): FormData => {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.set(key, value);
  form.set("file", new Blob([content]), name);
  return form;
};

/** Asks until it says what is wanted; at most 10 s. */
const until = async (ask: () => Promise<Exchange>, wanted: (got: Exchange) => boolean): Promise<Exchange> => {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const got = await ask();
    if (wanted(got) || Date.now() > deadline) return got;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

/** Uses every operation that the service has, well and badly. */
const walk = async (source: string): Promise<void> => {
  await call("GET /");
  await call("GET /sources");
  const config = { config: { name: "crm", host: source, api_key: "a2V5", ssl_verify: false } };
  const connection = field(await call("POST /source/{source_type}", { source_type: "elasticsearch" }, config), "id");
  await call("POST /source/{source_type}", { source_type: "elasticsearch" }, { config: {} });
  await call("POST /source/{source_type}", { source_type: "abacus" }, config);
  await call("GET /sources/connections");
  await call("GET /source/{connection_id}", { connection_id: connection });
  await call("GET /source/{connection_id}", { connection_id: "conn-0" });
  await call("PATCH /source/{connection_id}", { connection_id: connection }, { config: { timeout_secs: 5 } });
  await call("PATCH /source/{connection_id}", { connection_id: connection }, { config: { timeout_secs: "x" } });
  await call("PATCH /source/{connection_id}", { connection_id: "conn-0" }, { config: {} });

  const contacts = { connection_id: connection, dataset: "contacts" };
  const same = { "x-infino-connection-id": connection };
  const query = { query: JSON.stringify({ query: { match_all: {} }, size: 2 }) };
  for (const method of ["GET", "POST"]) {
    const operation = `${method} /source/{connection_id}/{dataset}/dsl`;
    await call(operation, contacts, query, same);
    await call(operation, contacts, query);
    await call(operation, { connection_id: "conn-0", dataset: "contacts" }, query, {
      "x-infino-connection-id": "conn-0",
    });
  }
  await call("GET /source/{connection_id}/{dataset}/metadata", contacts, undefined, same);
  await call("GET /source/{connection_id}/{dataset}/metadata", { ...contacts, dataset: "nobody" }, undefined, same);

  const job = { source_id: connection, target_dataset: "imported_contacts", source_dataset: "contacts" };
  const scheduled = { ...job, target_dataset: "contacts.copy", schedule: "0 0 * * *" };
  const made = field(await call("PUT /import/{source_type}", { source_type: "elasticsearch" }, job), "job_id");
  await call("PUT /import/{source_type}", { source_type: "elasticsearch" }, scheduled);
  await call("PUT /import/{source_type}", { source_type: "elasticsearch" }, { source_id: connection });
  await until(
    () => call("GET /import/jobs"),
    ({ text }) => !/"(pending|running)"/.test(text),
  );
  await call("GET /import/jobs/{job_id}/runs", { job_id: made });
  await call("GET /import/jobs/{job_id}/runs", { job_id: "job-0" });
  await call("POST /import/jobs/{job_id}/run", { job_id: "job-0" });
  await call("POST /import/jobs/{job_id}/run", { job_id: made });
  await call("DELETE /import/jobs/{job_id}", { job_id: made });
  await call("DELETE /import/jobs/{job_id}", { job_id: made });

  const csv = "id,name,age\n1,Ada,36\n2,Bo,41\n";
  await call("POST /import/file", {}, upload("people.csv", csv, { index_name: "people_1", format: "auto" }));
  await call("POST /import/file", {}, upload("people.csv", csv, { format: "csv" }));
  const background = { "?": "?async=true" };
  const submitted = await call("POST /import/file", background, upload("more.csv", csv, { index_name: "people_1" }));
  await until(
    () => call("GET /_connectors/jobs/{run_id}", { run_id: field(submitted, "run_id") }),
    (got) => field(got, "status") === "completed",
  );
  await call("GET /_connectors/jobs/{run_id}", { run_id: "7b7e8b0e-0000-4000-8000-000000000000" });

  await call("PUT /{dataset}", { dataset: "products" });
  await call("PUT /{dataset}", { dataset: "products" });
  const bulk =
    '{"index": {"_id": "1"}}\n{"name": "lamp", "price": 29.5}\n{"index": {"_id": "2"}}\n{"name": "chair", "price": 60}\n';
  const ndjson = { "content-type": "application/x-ndjson" };
  await call("POST /{dataset}/json", { dataset: "products" }, bulk, ndjson);
  await call("POST /{dataset}/json", { dataset: "products" }, "no json", ndjson);
  await call("GET /metadata");
  await call("GET /{dataset}/metadata", { dataset: "products" });
  await call("GET /{dataset}/metadata", { dataset: "nobody" });
  await call("GET /{dataset}/_schema", { dataset: "products" });
  await call("HEAD /{dataset}/schema", { dataset: "products" });
  await call("HEAD /{dataset}/schema", { dataset: "nobody" });
  await call("GET /{dataset}/doc/{record_id}", { dataset: "products", record_id: "1" });
  await call("GET /{dataset}/doc/{record_id}", { dataset: "products", record_id: "9" });
  const lamps = { query: { match: { name: "lamp" } }, aggs: { names: { terms: { field: "name" } } } };
  for (const method of ["GET", "POST"]) {
    await call(`${method} /{dataset}/querydsl`, { dataset: "products" }, lamps);
    await call(`${method} /{dataset}/querydsl`, { dataset: "products" }, { query: { fuzzy_dice: {} } });
    await call(`${method} /{dataset}/querydsl`, { dataset: "nobody" }, lamps);
    await call(`${method} /sql`, {}, { query: "SELECT name, price FROM products ORDER BY price" });
    await call(`${method} /sql`, {}, { query: "SELECT * FROM" });
  }
  await call("POST /sql", {}, { query: "UPSERT INTO products (_id, name, price) VALUES ('2', 'chair', 65)" });
  await call("PATCH /{dataset}", { dataset: "products" }, { query: { term: { name: "lamp" } } });
  await call("PATCH /{dataset}", { dataset: "products" }, { query: { fuzzy_dice: {} } });
  await call("DELETE /{dataset}", { dataset: "products" });
  await call("DELETE /{dataset}", { dataset: "products" });
  await call("DELETE /source/{connection_id}", { connection_id: connection });
  await call("DELETE /source/{connection_id}", { connection_id: connection });
  for (const { method, path, missing } of operations) {
    if (missing !== undefined)
      await call(`${method} ${path}`, {}, method === "GET" || method === "HEAD" ? undefined : {});
  }
};

beforeAll(async () => {
  const [line] = await once(createInterface({ input: search.stdout }), "line");
  server = await serve({ credentials: keys });
  exchange = exchanger(server.url, keys);
  await walk(String(line).replace("listening on ", ""));
});
afterAll(async () => {
  search.kill();
  await server.close();
});

const answered = (operation: string): readonly Exchange[] => seen.get(operation) ?? [];
const own = operations.map(({ method, path }) => `${method} ${path}`);

describe("the local service", () => {
  test.each(operations.filter(({ missing }) => missing === undefined).map(({ method, path }) => `${method} ${path}`))(
    "answers %s well and, where it can be asked badly, says so",
    (operation) => {
      const all = answered(operation);
      expect(all.map(({ status }) => status)).toContain(200);
      for (const { status, body, text } of all) {
        expect(status, text).toBeLessThan(500);
        if (operation.startsWith("HEAD")) continue;
        const validate = wireValidator(status === 200 ? operation : "error");
        if (validate === undefined) continue;
        validate(body);
        expect(validate.errors ?? [], `${operation} ${status}: ${text}`).toEqual([]);
      }
    },
  );

  test("answers a typed 501 to what it does not do", () => {
    const missing = operations.filter((operation) => operation.missing !== undefined);
    expect(missing.length).toBeGreaterThan(10);
    for (const { method, path } of missing) {
      const answers = answered(`${method} ${path}`);
      expect(answers.map(({ status }) => status)).toEqual([501]);
      if (method !== "HEAD")
        expect(answers[0]?.body).toMatchObject({ error: { type: "not_implemented" }, status: 501 });
    }
  });

  test("answers a typed 401 to every operation that is not signed", async () => {
    for (const { method, path } of operations) {
      const got = await send(method, new URL(path.replace(/\{\w+\}/g, "x"), server.url), {});
      expect(got.status, `${method} ${path}`).toBe(401);
      if (method !== "HEAD") expect(got.body).toMatchObject({ error: { type: "unauthorized" }, status: 401 });
    }
  });
});

if (description === undefined) {
  skip(
    "the local service against the API's description",
    `${descriptionFile} is not there; the project's own schemas were checked`,
  );
} else {
  describe("the API's description", () => {
    test("names no operation that the service does not know", () => {
      expect(description.map(({ operation }) => operation).filter((operation) => !own.includes(operation))).toEqual([]);
    });

    test.each(
      description.filter(({ operation }) =>
        operations.some(({ method, path, missing }) => missing === undefined && `${method} ${path}` === operation),
      ),
    )("holds for $operation", ({ operation, statuses, validator }) => {
      for (const { status, body, text } of answered(operation)) {
        expect(statuses, `${operation} ${status}: ${text}`).toContain(status);
        const validate = validator(status);
        if (validate === undefined || operation.startsWith("HEAD")) continue;
        validate(body);
        expect(validate.errors ?? [], `${operation} ${status}: ${text}`).toEqual([]);
      }
      // 401 and 500 are not what a walk can bring about everywhere.
      const wanted = statuses.filter(
        (status) => status !== 401 && status !== 500 && !(`${operation} ${status}` in statusExceptions),
      );
      expect(answered(operation).map(({ status }) => status)).toEqual(expect.arrayContaining(wanted));
    });

    test.each(Object.keys(exceptions))("has the property %s in some answer, although not in all", (place) => {
      const name = place.slice(place.indexOf(".") + 1);
      const texts = [...seen.values()].flat().map(({ text }) => text);
      expect(texts.some((text) => text.includes(`"${name}":`))).toBe(true);
    });
  });
}
