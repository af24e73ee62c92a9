import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { readColumn } from "../../src/service/sources/bigquery/columns.ts";
import { loginOptions } from "../../src/service/sources/snowflake/login-options.ts";
import { snowflakeDriver } from "../../src/service/sources/snowflake.ts";
import { startDriverCalls } from "../../src/service/sources/warehouse/driver-calls.ts";
import { floatingPoint, isoTime, parsedJson } from "../../src/service/sources/warehouse/json-values.ts";
import { cursorValues, keyParts, keysetQuery } from "../../src/service/sources/warehouse/keyset.ts";
import { nameParts } from "../../src/service/sources/warehouse/name-parts.ts";
import { bareQuery, statementType } from "../../src/service/sources/warehouse/statement.ts";
import { startSilentServer } from "../support/warehouse-source.ts";

it.each([
  ["SELECT 1", "SELECT"],
  ["-- why\n/* and how */ (\nwith a AS (SELECT 1) SELECT * FROM a)", "SELECT"],
  ["  insert INTO t VALUES (1)", "INSERT"],
  ["", "UNKNOWN"],
])("the statement %j is a %s", (sql, type) => {
  expect(statementType(sql)).toBe(type);
});

it("takes semicolons at the end of a query off, however much of them there is", () => {
  expect(bareQuery("SELECT ';' AS a ;\n; ")).toBe("SELECT ';' AS a");
  expect(bareQuery(`a${" ".repeat(200_000)}b${" ;".repeat(100_000)}`)).toHaveLength(200_002);
});

it.each([
  ["a.b", ["a", "b"]],
  ['"A.b"."c""d"', ["A.b", 'c"d']],
])("the name %s has parts", (name, parts) => {
  expect(nameParts(name, '"', 3).map((part) => part.text)).toEqual(parts);
});

it.each(["", "a..b", 'a"b"', "a.b.c.d", '"a'])("the name %j is none", (name) => {
  expect(() => nameParts(name, '"', 3)).toThrow(/is not the name of a table/);
});

describe("a query in the order of a key", () => {
  const column = (name: string) => ({
    name,
    type: "BIGINT" as const,
    declared: "INT64",
    bound: (position: number) => `:${position}`,
  });
  const quote = (name: string) => `[${name}]`;

  it("begins after the last key, part by part, and gives records that have none", () => {
    const parts = keyParts(["a", "B"], [column("b"), column("a")]);
    expect(keysetQuery("SELECT 1", parts, undefined, quote)).toEqual({
      sql: "SELECT * FROM (\nSELECT 1\n) AS records\nORDER BY [a], [b]",
      values: [],
    });
    expect(keysetQuery("SELECT 1", parts, ["1", "2"], quote)).toEqual({
      sql: "SELECT * FROM (\nSELECT 1\n) AS records\nWHERE [a] > :0 OR ([a] = :1 AND ([b] > :2)) OR [a] IS NULL OR [b] IS NULL\nORDER BY [a], [b]",
      values: ["1", "1", "2"],
    });
  });

  it("takes a name that differs in case only where it is the only one", () => {
    expect(() => keyParts(["ID"], [column("id"), column("Id")])).toThrow(/id, Id/);
    expect(keyParts(["Id"], [column("id"), column("Id")])[0]?.index).toBe(1);
  });

  it("refuses the cursor of another key", () => {
    const parts = keyParts(["a"], [column("a")]);
    expect(() => cursorValues(parts, ["1", "2"])).toThrow(/key has changed/);
    expect(() => cursorValues(parts, { after: 1 })).toThrow(/key has changed/);
    expect(cursorValues(parts, ["1"])).toEqual(["1"]);
  });
});

it("writes times before 1970, and numbers that JSON has none for", () => {
  expect(isoTime(-1, 500_000_000)).toBe("1969-12-31T23:59:59.5");
  expect(["inf", "-inf", "NaN", "1.5e300"].map(floatingPoint)).toEqual(["Infinity", "-Infinity", "NaN", 1.5e300]);
  expect(parsedJson("undefined")).toBe("undefined");
});

it.each([
  [{ type: "NUMERIC" }, "1.500", "DECIMAL(38,9)", "1.5"],
  [{ type: "NUMERIC", precision: "10", scale: "2" }, "1.50", "DECIMAL(10,2)", "1.5"],
  [{ type: "BIGNUMERIC" }, `1${"0".repeat(40)}`, "VARCHAR", `1${"0".repeat(40)}`],
  [{ type: "BIGNUMERIC", precision: "38", scale: "38" }, "0.5", "DECIMAL(38,38)", "0.5"],
  [{ type: "TIMESTAMP" }, "-500000", "TIMESTAMPTZ", "1969-12-31T23:59:59.5Z"],
  [{ type: "TIMESTAMP" }, "1.7040672E9", "TIMESTAMPTZ", "2024-01-01T00:00:00Z"],
  [{ type: "GEOGRAPHY" }, "POINT(1 2)", "VARCHAR", "POINT(1 2)"],
  [{ type: "INTEGER", mode: "REPEATED" }, [{ v: "1" }, { v: null }], "JSON", [1, null]],
])("reads BigQuery's %j", (field, value, type, expected) => {
  const column = readColumn({ name: "x", ...field });
  expect([column.type, column.read(value)]).toEqual([type, expected]);
});

it.each([
  ["myorg-account123", { account: "myorg-account123" }],
  ["xy12345.eu-central-1", { account: "xy12345.eu-central-1" }],
  ["myorg-one.snowflakecomputing.com", { account: "myorg-one", accessUrl: "https://myorg-one.snowflakecomputing.com" }],
  ["http://127.0.0.1:8080/", { account: "local", accessUrl: "http://127.0.0.1:8080" }],
])("the account %s is an address", (account, expected) => {
  expect(loginOptions({ source: "snowflake", auth: "pat", config: { account, pat_token: "t" } })).toMatchObject({
    ...expected,
    authenticator: "PROGRAMMATIC_ACCESS_TOKEN",
    token: "t",
  });
});

it("ends what a driver sends, and what it tries again afterwards", async () => {
  const silent = await startSilentServer();
  const calls = startDriverCalls();
  const codes: unknown[] = [];
  const again = Promise.withResolvers<void>();
  const send = (): Promise<unknown> =>
    new Promise((resolve) => get(silent.url).on("error", (error: NodeJS.ErrnoException) => resolve(error.code)));
  const stubborn = async (): Promise<void> => {
    codes.push(await send(), await send());
    again.resolve();
  };
  await expect(calls.run(stubborn, 50)).rejects.toMatchObject({ type: "source_timeout" });
  await again.promise;
  expect(codes).toEqual(["ERR_CANCELED", "ERR_CANCELED"]);
  expect(silent.all()).toBeLessThanOrEqual(1);
});

it("carries no credentials to a host that a warehouse redirects to", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.headers.host));
    const location = `http://localhost:${port}${request.url}`;
    response.writeHead(asked.length === 1 ? 307 : 200, { location }).end("{}");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => void server.close().closeAllConnections());
  const config = { account: `http://127.0.0.1:${port}`, username: "u", password: "planted" };
  const connection = { source: "snowflake", auth: "user_password", config };
  const status = await snowflakeDriver.check(connection, new AbortController().signal);
  expect(status).toEqual({ status: "disconnected", reason: expect.stringContaining("redirects") });
  expect(asked).toEqual([`127.0.0.1:${port}`]);
});

it.each([
  ["snowflake", "snowflake-sdk", { account: "a", pat_token: "t" }],
  ["bigquery", "@google-cloud/bigquery", { service_account_key: "KEY", dataset_ids: "a" }],
])("says of %s how its package is installed where it is missing", async (source, name, config) => {
  const code = `
    import { registerHooks } from "node:module";
    import { generateKeyPairSync } from "node:crypto";
    import { createServer } from "node:http";
    const missing = Object.assign(new Error("missing"), { code: "ERR_MODULE_NOT_FOUND" });
    registerHooks({ resolve: (specifier, context, next) => {
      if (specifier === ${JSON.stringify(name)}) throw missing;
      return next(specifier, context);
    } });
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const private_key = privateKey.export({ type: "pkcs8", format: "pem" });
    const key = JSON.stringify({ client_email: "a@b", private_key, project_id: "p" });
    const config = JSON.parse(${JSON.stringify(JSON.stringify(config))}, (_, value) => value === "KEY" ? key : value);
    const { sourceDriver } = await import(${JSON.stringify(import.meta.resolve("../../src/service/sources/drivers.ts"))});
    const driver = await sourceDriver(${JSON.stringify(source)});
    const signal = new AbortController().signal;
    const connection = { source: ${JSON.stringify(source)}, auth: "pat", config };
    const problem = await driver.metadata(connection, "t", signal).catch((error) => error);
    console.log(JSON.stringify({ type: problem.type, status: await driver.check(connection, signal) }));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const [printed] = await Promise.all([text(child.stdout), once(child, "exit")]);
  expect(JSON.parse(printed)).toEqual({
    type: "not_implemented",
    status: { status: "disconnected", reason: expect.stringContaining(`npm i ${name}`), untried: true },
  });
});
