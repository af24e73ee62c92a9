import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  builtinCatalog,
  builtinConnectorTypes,
  connectionType,
  connectorTypeSchema,
  createCatalog,
} from "../../src/catalog/index.ts";

const folder = new URL("../../src/catalog/connector-types/", import.meta.url);

describe("the built-in connector types", () => {
  it("are one data file each, named after the id", () => {
    const files = readdirSync(folder).map((file) => file.replace(/\.json$/, ""));
    expect(builtinConnectorTypes().map((type) => type.id)).toEqual(files.sort());
  });

  it("have the connection types that the API describes", () => {
    const types = Object.fromEntries(
      builtinConnectorTypes().map((type) => [type.id, type.connections.map((connection) => connection.type)]),
    );
    expect(types).toMatchObject({
      bigquery: ["service_account_key"],
      elasticsearch: ["basic_auth", "api_key", "bearer_token", "none"],
      file: [],
      opensearch: ["basic_auth", "api_key", "bearer_token", "none"],
      snowflake: ["pat", "user_password"],
    });
  });

  const validate = new Ajv({ strict: true, strictRequired: false }).compile(connectorTypeSchema);
  it.each(builtinConnectorTypes().map((type) => [type.id, type] as const))(
    "%s fits the schema of catalog files",
    (_, type) => {
      validate(type);
      expect(validate.errors ?? []).toEqual([]);
    },
  );

  it.each(builtinConnectorTypes().map((type) => [type.id, type] as const))("%s fits together", (_, type) => {
    const fields = [...type.connections.flatMap((connection) => connection.fields), ...(type.configuration ?? [])];
    for (const field of fields) {
      expect(field.label, field.name).not.toBe("");
      if (field.secret === true) expect(field.default, field.name).toBeUndefined();
    }
    for (const connection of type.connections) {
      const names = connection.fields.map((field) => field.name);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

it("is described by the example of docs/files.md", () => {
  const page = readFileSync(new URL("../../docs/files.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("## `catalog/*.yaml`");
  const example: unknown = parse(/^```yaml\n(.*?)^```$/ms.exec(section)?.[1] ?? "");
  const check = new Ajv({ strict: true, strictRequired: false }).compile(connectorTypeSchema);
  expect([check(example), check.errors]).toEqual([true, null]);
});

describe("a catalog", () => {
  it("finds connector types and connection types by id", () => {
    expect(builtinCatalog().get("snowflake")?.name).toBe("Snowflake");
    expect(connectionType(builtinCatalog(), "snowflake", "pat")?.label).toBe("Programmatic access token");
    expect(connectionType(builtinCatalog(), "snowflake", "none")).toBeUndefined();
    expect(connectionType(builtinCatalog(), "oracle", "pat")).toBeUndefined();
    expect(builtinCatalog().get("constructor")).toBeUndefined();
  });

  it("takes the later of two types with one id, so that a project can replace a built-in one", () => {
    const [first] = builtinConnectorTypes();
    if (first === undefined) throw new Error("no built-in connector types");
    const catalog = createCatalog([...builtinConnectorTypes(), { ...first, name: "Ours" }]);
    expect(catalog.get(first.id)?.name).toBe("Ours");
    expect(catalog.list()).toHaveLength(builtinConnectorTypes().length);
  });
});

it("comes with its data files when it is built", async () => {
  const out = mkdtempSync(join(tmpdir(), "catalog-build-"));
  try {
    execFileSync(process.execPath, [
      fileURLToPath(import.meta.resolve("typescript/bin/tsc")),
      "-p",
      "tsconfig.build.json",
      "--noCheck",
      "--incremental",
      "false",
      "--tsBuildInfoFile",
      "null",
      "--outDir",
      out,
    ]);
    const built = (await import(pathToFileURL(join(out, "catalog", "index.js")).href)) as {
      builtinConnectorTypes(): readonly { id: string }[];
    };
    expect(built.builtinConnectorTypes().map((type) => type.id)).toEqual(
      builtinConnectorTypes().map((type) => type.id),
    );
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
