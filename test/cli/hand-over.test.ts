import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Stage } from "./stage.ts";
import { startStage } from "./stage.ts";
import type { Run } from "./support.ts";

const documentOf = ({ stdout }: Run) => JSON.parse(stdout);

/** The state of a stack with what an import file holds. */
const stateOf = (file: string, tenant: string): string => {
  const { resources } = JSON.parse(file) as { resources: readonly Record<string, unknown>[] };
  return JSON.stringify({
    version: 3,
    deployment: {
      resources: resources.map((entry) => ({
        ...entry,
        custom: entry["component"] !== true,
        urn: `urn:pulumi:${tenant}::fleet::${entry["type"]}::${entry["name"]}`,
      })),
    },
  });
};

const deployed = async (): Promise<Stage> => {
  const stage = await startStage();
  expect((await stage.run("apply", "--yes")).exit).toBe(0);
  return stage;
};

const expectNoSecret = (stage: Stage, ...texts: readonly string[]): void => {
  for (const text of texts) {
    for (const name of ["T001_CRM_KEY", "T002_CRM_KEY", "INFINO_SECRET_KEY"]) {
      expect(text).not.toContain(stage.env[name]);
    }
  }
};

describe("adopt --pulumi-import", () => {
  test("writes a file that only its owner reads, says what to do with it, and hands over", async () => {
    await using stage = await deployed();
    const file = join(stage.dir, "t001.json");
    expect((await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001")).exit).toBe(3);
    const done = await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
    expect(done.exit, done.stderr).toBe(0);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(done.stdout).toContain(`pulumi import --file ${file} --stack t001 --protect=false --generate-code=false`);
    expect(done.stdout).toMatch(/resources handed over/);
    const text = await readFile(file, "utf8");
    expectNoSecret(stage, done.stdout, done.stderr, text);
    expect(text).not.toContain(stage.dir);
    expect(JSON.parse(text).resources[0]).toMatchObject({
      type: "connector-deployer:index:Tenant",
      name: "t001",
      inputs: { project: ".", tenant: "t001" },
    });

    const planned = await stage.run("plan");
    expect(planned.exit).toBe(0);
    expect(planned.stdout).toMatch(/tenant t001 is refused.*handed-over/);
    expect((await stage.run("apply", "--yes")).exit).toBe(7);
    expect((await stage.run("sync", "-t", "t001", "--yes")).exit).toBe(7);
    expect((await stage.run("destroy", "-t", "t001", "--confirm", "t001")).exit).toBe(7);
    expect((await stage.run("apply", "-t", "t002", "--yes")).exit).toBe(0);
    expect((await stage.run("drift", "--exit-code")).exit).toBe(0);

    // Again: the same file is no obstacle, another one is.
    const again = await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
    expect(again.exit).toBe(0);
    expect(done.stderr + again.stderr).not.toContain("handed over before");
    const elsewhere = await stage.run("adopt", "--pulumi-import", "second.json", "-t", "t001", "--yes");
    expect(elsewhere.exit).toBe(0);
    expect(elsewhere.stderr).toMatch(/tenant t001: \d+ resources handed over before/);
    await writeFile(file, "{}");
    const refused = await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
    expect(refused.exit).toBe(3);
    expect(await readFile(file, "utf8")).toBe("{}");
    expect((await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes", "--force")).exit).toBe(0);
    expect(await readFile(file, "utf8")).toBe(text);
  }, 120_000);

  test("leaves everything as it is where the file cannot be written", async () => {
    await using stage = await deployed();
    const done = await stage.run("adopt", "--pulumi-import", "connector-deployer.yaml/x.json", "-t", "t001", "--yes");
    expect(done.exit).toBe(3);
    expect((await stage.run("apply", "--yes")).exit).toBe(0);
    expect((await readdir(stage.dir)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  }, 120_000);

  test("writes one file for each tenant, into a folder", async () => {
    await using stage = await deployed();
    const refused = await stage.run("adopt", "--pulumi-import", "all.json", "--yes");
    expect(refused.exit).toBe(3);
    expect(refused.stderr).toContain("--pulumi-import all/");
    expect((await stage.run("apply", "--yes")).exit).toBe(0);
    const done = await stage.run("adopt", "--pulumi-import", "imports/", "--yes", "-o", "json");
    expect(done.exit, done.stderr).toBe(0);
    expect((await readdir(join(stage.dir, "imports"))).sort()).toEqual(["t001.json", "t002.json"]);
    expect(documentOf(done)).toMatchObject({ type: "hand-over", schemaVersion: 1, left: [] });
    expect(documentOf(done).commands).toHaveLength(2);
  }, 120_000);

  test("has paths that start at the program's folder, and no parent with --flat", async () => {
    await using stage = await deployed();
    await writeFile(join(stage.dir, "../Pulumi.yaml"), "name: fleet\nruntime: nodejs\n");
    const done = await stage.run(
      "adopt",
      "connection/*",
      "--pulumi-import",
      "t001.json",
      "-t",
      "t001",
      "--flat",
      "--yes",
    );
    expect(done.exit, done.stderr).toBe(0);
    const { resources } = JSON.parse(await readFile(join(stage.dir, "t001.json"), "utf8"));
    expect(resources).toHaveLength(1);
    expect(resources[0]).not.toHaveProperty("parent");
    expect(resources[0].inputs.target).toEqual({ project: "project", environment: "default", name: "default" });
    expect(done.stdout).toContain("pulumi -C .. import");
  }, 120_000);

  test("names what it leaves, and exits 7", async () => {
    await using stage = await deployed();
    const template = join(stage.dir, "connectors/crm/templates/system.yaml");
    await writeFile(template, (await readFile(template, "utf8")).replace("<<@ timeout_secs @>>", "7"));
    const done = await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
    expect(done.exit, done.stderr).toBe(7);
    expect(done.stdout).toMatch(/connection\/acme-t001-crm is not handed over: the next apply would update it/);
    expect(done.stderr).not.toContain("is not handed over");
    const typo = await stage.run("adopt", "connection/nothing", "--pulumi-import", "x.json", "--yes");
    expect(typo.exit).toBe(3);
  }, 120_000);
});

describe("adopt --from-pulumi-state", () => {
  test("takes back, and says how Pulumi lets go", async () => {
    await using stage = await deployed();
    await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
    const file = join(stage.dir, "state.json");
    await writeFile(file, stateOf(await readFile(join(stage.dir, "t001.json"), "utf8"), "t001"));
    expect((await stage.run("adopt", "--from-pulumi-state", "state.json")).exit).toBe(3);
    const done = await stage.run("adopt", "--from-pulumi-state", "state.json", "--yes");
    expect(done.exit, done.stderr).toBe(0);
    expect(done.stdout).toContain("pulumi stack rm t001 --force");
    expect(done.stdout).toContain("without pulumi destroy");
    expectNoSecret(stage, done.stdout, done.stderr);
    const planned = await stage.run("plan", "--exit-code", "-o", "json");
    expect(planned.exit).toBe(0);
    expect(documentOf(planned)).toMatchObject({ changes: [], refusals: [] });
    const again = await stage.run("adopt", "--from-pulumi-state", "state.json", "--yes", "-o", "json");
    expect(again.exit).toBe(0);
    expect(documentOf(again)).toMatchObject({ type: "take-back", schemaVersion: 1, items: [], left: [] });
  }, 120_000);

  test("names what it leaves once, and exits 7", async () => {
    await using stage = await deployed();
    await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
    const state = JSON.parse(stateOf(await readFile(join(stage.dir, "t001.json"), "utf8"), "t001"));
    for (const { type, outputs } of state.deployment.resources) {
      if (type.endsWith(":Dataset")) outputs.endpoint = "http://elsewhere.example";
    }
    await writeFile(join(stage.dir, "state.json"), JSON.stringify(state));
    const done = await stage.run("adopt", "--from-pulumi-state", "state.json", "--yes");
    expect(done.exit, done.stderr).toBe(7);
    expect(done.stdout).toContain("http://elsewhere.example");
    expect(done.stderr).not.toContain("is not taken back");
  }, 120_000);

  test("takes a part out of a stack by its URNs, what others need last, and leaves a whole tenant's deployment", async () => {
    await using stage = await deployed();
    await stage.run("adopt", "--pulumi-import", "t001.json", "-t", "t001", "--yes");
    const state = JSON.parse(stateOf(await readFile(join(stage.dir, "t001.json"), "utf8"), "t001"));
    state.deployment.resources.push({
      urn: "urn:pulumi:t001::fleet::pulumi-nodejs:dynamic/connector-deployer:TenantDeployment::t002",
      type: "pulumi-nodejs:dynamic/connector-deployer:TenantDeployment",
      custom: true,
      id: "t002",
    });
    await writeFile(join(stage.dir, "state.json"), JSON.stringify(state));
    const done = await stage.run("adopt", "--from-pulumi-state", "state.json", "--yes");
    expect(done.exit, done.stderr).toBe(0);
    expect(done.stdout).toMatch(/TenantDeployment works on the ledger: nothing of t002/);
    const lines = done.stdout.split("\n").filter((line) => line.includes("pulumi state delete"));
    expect(lines.at(0)).toContain("ImportJob");
    expect(lines.at(-1)).toMatch(/index:Tenant::t001.* --stack t001 --yes$/);
  }, 120_000);

  test.each([
    ["nothing", undefined],
    ["no JSON", "urn:pulumi"],
    ["a checkpoint", '{"version":3,"checkpoint":{}}'],
  ])(
    "refuses %s with what to do",
    async (_, text) => {
      await using stage = await deployed();
      if (text !== undefined) await writeFile(join(stage.dir, "state.json"), text);
      const done = await stage.run("adopt", "--from-pulumi-state", "state.json", "--yes");
      expect(done.exit).toBe(3);
      expect(done.stderr).toMatch(/state\.json[\s\S]*pulumi stack export/);
    },
    120_000,
  );
});

test.each([
  ["--pulumi-import", "a.json", "--from-pulumi-state", "b.json"],
  ["--pulumi-import", "a.json", "--match", "name"],
  ["--from-pulumi-state", "a.json", "--trust-secrets"],
  ["--match", "name", "--force"],
  ["--from-pulumi-state", "a.json", "--flat"],
])(
  "adopt %s %s has no use for %s",
  async (...flags) => {
    await using stage = await startStage();
    expect((await stage.run("adopt", ...flags.filter((flag) => flag !== undefined), "--yes")).exit).toBe(3);
  },
  60_000,
);
