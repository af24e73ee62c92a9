import { expect, test } from "vitest";
import { write } from "../deploy/project-folder.ts";
import { cli, temporaryFolder } from "./support.ts";

const project = {
  "connector-deployer.yaml": `vendor: acme
targets:
  default: { type: infino, endpoint: https://api.example, access_key: a, secret_key: $SECRET(target) }
connectors: { crm: { path: crm } }
secrets: { target: { env: TARGET_SECRET } }
`,
  "crm/manifest.json": '{ "additional_parameters": { "size": {} }, "system-template": "system.json" }\n',
  "crm/system.json": '{ "_id": "{{@ system @}}", "type": "system:rest" }\n',
  "tenants/t1.yaml": "id: t1\nconnectors: { crm: { parameter_values: { size: 1 } } }\n",
};

test("validate exits 0 with warnings alone, and 3 with --strict, which calls them errors", async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, project);
  const [lenient, strict, json] = await Promise.all([
    cli(["validate"], { cwd: folder.path }),
    cli(["validate", "--strict"], { cwd: folder.path }),
    cli(["validate", "--strict", "-o", "json"], { cwd: folder.path }),
  ]);
  expect(lenient.exit).toBe(0);
  expect(lenient.stdout).toMatch(/^crm\/manifest\.json:1:30 warning unused-parameter/);
  expect(lenient.stdout).toMatch(/0 errors, 1 warning\nvalid: 1 tenant, 0 resources, 1 rendered component\n$/);
  expect(strict.exit).toBe(3);
  expect(strict.stdout).toMatch(/1 error, 0 warnings\ninvalid: /);
  expect(json.exit).toBe(3);
  expect(JSON.parse(json.stdout)).toMatchObject({ diagnostics: [{ severity: "error", code: "unused-parameter" }] });
});

test("validate takes a connector's folder without a project, and holds it to the same", async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, {
    "manifest.json":
      '{ "system-template": "system.json", "datatypes": { "contact": { "template": "contact.json" } } }\n',
    "system.json": '{ "_id": "{{@ system @}}", "type": "system:rest", "operations": { "contact-list": {} } }\n',
    "contact.json":
      '{ "_id": "{{@ system @}}-{{@ datatype @}}-collect", "type": "pipe",\n"source": { "type": "rest", "system": "{{@ system @}}", "operation": "{{@ datatype @}}-lst" } }\n',
  });
  const [lenient, strict] = await Promise.all([
    cli(["validate", "-p", "."], { cwd: folder.path }),
    cli(["validate", "-p", ".", "--strict"], { cwd: folder.path }),
  ]);
  expect(lenient.exit).toBe(0);
  expect(lenient.stdout).toMatch(/^contact\.json:2:70 warning dangling-reference: .*"contact-lst"/);
  expect(lenient.stdout).toMatch(/valid: 0 tenants, 0 resources, 3 rendered components\n$/);
  expect(strict.exit).toBe(3);
  await write(folder.path, { "contact.json": '{ "_id": "{{@ system @}}-x", "type": "import-job" }\n' });
  const added = await cli(["validate", "--strict"], { cwd: folder.path });
  expect(added).toMatchObject({ exit: 0, stdout: "valid: 0 tenants, 0 resources, 2 rendered components\n" });
  await write(folder.path, { "contact.json": '{ "_id": "{{@ sistem @}}", "type": "pipe" }\n' });
  const broken = await cli(["validate"], { cwd: folder.path });
  expect(broken.exit).toBe(3);
  expect(broken.stdout).toMatch(/^contact\.json:1:11 error unknown-variable/);
});

test("plan shows what a reviewer would be told beside its other warnings, and the same exit code", async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, project);
  const planned = await cli(["plan", "--exit-code"], { cwd: folder.path, env: { TARGET_SECRET: "s" } });
  expect(planned.stdout).toBe(
    "1 system (t1): rendered, not deployed here\n\nno changes\n0 to add, 0 to change, 0 to delete across 1 tenant\n",
  );
  expect(planned.stderr).toMatch(/unused-parameter[\s\S]*0 errors, 1 warning/);
  expect(planned.exit).toBe(0);
});
