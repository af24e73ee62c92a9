import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadSdk } from "../../src/pulumi/sdk.ts";
import { root } from "../support/pulumi/dynamic-host.ts";

/** Files of `dist` that a statement loads. */
const loadedBy = (statement: string): readonly string[] => {
  const program = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    ${statement}
    process.stdout.write(JSON.stringify(loaded), () => process.exit());
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    encoding: "utf8",
  });
  return (JSON.parse(output) as string[]).map((url) => url.replace(/^file:\/\//, ""));
};

/** What no provider has any use for. */
const foreign = /@pulumi|@duckdb|snowflake-sdk|bigquery|node_modules\/(hono|commander|execa|pg)\//;

const loading = (kind: string): string => `
  const { createRequire } = await import("node:module");
  createRequire(process.cwd() + "/")("connector-deployer/providers/v1/${kind}");
`;

const roomsOf = (loaded: readonly string[]): readonly string[] => {
  const dist = join(root, "dist/");
  const rooms = loaded
    .filter((path) => path.startsWith(dist))
    .map((path) => path.slice(dist.length).split("/")[0] ?? "");
  return [...new Set(rooms)].filter((room) => !room.endsWith(".js")).sort();
};

it("loads nothing but what the classes need", () => {
  const loaded = loadedBy('await import("connector-deployer/pulumi");');
  expect(roomsOf(loaded)).toEqual(["catalog", "contract", "pulumi"]);
  expect(loaded.filter((path) => /node_modules\/(ajv|yaml|hono|@duckdb|snowflake-sdk)\//.test(path))).toEqual([]);
});

it.each(["connection", "dataset", "file-upload", "import-job"])(
  "gives a provider of a %s that loads neither the SDK nor another driver",
  (kind) => {
    const loaded = loadedBy(loading(kind));
    expect(roomsOf(loaded)).toEqual(["catalog", "contract", "infino", "pulumi", "resources", "secrets"]);
    expect(loaded.filter((path) => foreign.test(path))).toEqual([]);
  },
);

it("gives a provider of a whole tenant that loads the library only when it is asked", () => {
  const loaded = loadedBy(loading("tenant-deployment"));
  expect(roomsOf(loaded)).toEqual(["contract", "infino", "pulumi"]);
  expect(loaded.filter((path) => foreign.test(path))).toEqual([]);
});

it("keeps every sub-path that a state may point to", () => {
  const files = readdirSync(join(root, "src/pulumi/providers/v1")).map((file) => file.replace(/\.ts$/, ""));
  expect(files.sort()).toEqual(["connection", "dataset", "file-upload", "import-job", "tenant-deployment"]);
  const load = createRequire(`${root}/`);
  for (const kind of files) {
    expect(Object.keys(load(`connector-deployer/providers/v1/${kind}`) as object).sort()).toEqual([
      "check",
      "create",
      "delete",
      "diff",
      "read",
      "update",
    ]);
  }
});

it("takes the SDK of the program's folder, also where it is linked from a folder that has another", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "connector-pulumi-")));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const sdk = join(folder, "node_modules/@pulumi/pulumi");
  mkdirSync(sdk, { recursive: true });
  symlinkSync(root, join(folder, "node_modules/connector-deployer"), "dir");
  writeFileSync(
    join(sdk, "index.js"),
    "module.exports = { CustomResource: class {}, ComponentResource: class {}, log: {}, own: true };",
  );
  const program = `
    import { Connection } from "connector-deployer/pulumi";
    import { createRequire } from "node:module";
    const sdk = createRequire(process.cwd() + "/")("@pulumi/pulumi");
    console.log(sdk.own === true && Object.getPrototypeOf(Connection) === sdk.CustomResource);
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(output).toBe("true\n");
});

it("says how to install the SDK where it is missing", () => {
  const folder = mkdtempSync(join(tmpdir(), "connector-pulumi-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(() => loadSdk([`${folder}/`])).toThrow(
    expect.objectContaining({ code: "missing-package", hint: "npm i @pulumi/pulumi" }),
  );
});
