import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { root } from "../support/pulumi/dynamic-host.ts";

const kinds = readdirSync(join(root, "src/pulumi/providers/v1")).map((file) => file.replace(/\.ts$/, ""));

const temporary = (): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "connector-pointer-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A program of all classes that prints what it would register. */
const program = (from: string): string => `
import { createRequire } from "node:module";
const pulumi = createRequire(${JSON.stringify(`${from}/dist/pulumi/index.js`)})("@pulumi/pulumi");
const registered = [];
await pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs }) => (registered.push({ type, name, inputs }), { id: name, state: inputs }),
  call: () => ({}),
});
const { Connection, Dataset, FileUpload, ImportJob, TenantDeployment } = await import(${JSON.stringify(`${from}/dist/pulumi/index.js`)});
try {
  const crm = new Connection("crm", { source: "elasticsearch", auth: "api_key", config: { base_url: "http://x", api_key: pulumi.secret("k") } });
  new Dataset("contacts");
  new ImportJob("collect", { connection: crm, targetDataset: "contacts" });
  new FileUpload("regions", { dataset: "regions", path: "data/regions.csv" });
  new TenantDeployment("t042", { project: "deploy" });
  await new Promise((resolve) => setTimeout(resolve, 200));
  process.stdout.write(JSON.stringify(registered.toSorted((a, b) => (a.type < b.type ? -1 : 1))), () => process.exit());
} catch (error) {
  process.stdout.write(JSON.stringify({ isRunError: pulumi.RunError.isInstance(error), message: error.message }), () => process.exit());
}
`;

const run = (folder: string, from: string): string =>
  execFileSync(process.execPath, ["--input-type=module", "-e", program(from)], { cwd: folder, encoding: "utf8" });

/** A folder with a copy of the package, as another checkout has it, and a program's folder beside it. */
const checkout = (): { readonly folder: string; readonly from: string } => {
  const place = temporary();
  const from = join(place, "package");
  mkdirSync(from);
  for (const name of ["dist", "package.json"]) cpSync(join(root, name), join(from, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(from, "node_modules"), "dir");
  const folder = join(place, "program");
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  symlinkSync(from, join(folder, "node_modules/connector-deployer"), "dir");
  writeFileSync(join(folder, "Pulumi.yaml"), "name: pointers\nruntime: nodejs\n");
  return { folder, from };
};

it("is the same in two checkouts in different folders, and so is everything that is registered", () => {
  const [one, two] = [checkout(), checkout()];
  const [first, second] = [run(one.folder, one.from), run(two.folder, two.from)];
  expect(first).toBe(second);
  for (const { folder, from } of [one, two]) {
    expect(first).not.toContain(folder);
    expect(first).not.toContain(from);
  }
  const resources = JSON.parse(first) as { readonly inputs: { readonly __provider: string } }[];
  expect(resources.map(({ inputs }) => inputs.__provider).sort()).toEqual(
    kinds
      .map(
        (kind) =>
          `exports.handler=()=>require("module").createRequire(process.cwd()+"/")("connector-deployer/providers/v1/${kind}");`,
      )
      .sort(),
  );
  for (const { inputs } of resources) expect(Buffer.byteLength(inputs.__provider)).toBeLessThanOrEqual(128);
});

it("fails in a folder that has no package, naming it and how to install it", () => {
  const folder = temporary();
  const { isRunError, message } = JSON.parse(run(folder, root)) as {
    readonly isRunError: boolean;
    readonly message: string;
  };
  expect(isRunError).toBe(true);
  expect(message).toContain("connector-deployer/providers/v1/connection");
  expect(message).toContain("npm i connector-deployer");
  expect(message).not.toContain(folder);
});
