import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import type { Stage } from "./stage.ts";
import { startStage } from "./stage.ts";
import type { Run } from "./support.ts";
import { cli } from "./support.ts";

const documentOf = ({ stdout }: Run) => JSON.parse(stdout);

const withVariables = (stage: Stage, more: Readonly<Record<string, string>>) => {
  const env = { ...stage.env, ...more };
  return (...args: readonly string[]): Promise<Run> => cli(args, { cwd: stage.dir, env });
};

const connect = async (stage: Stage, source: string, config: object): Promise<void> => {
  expect((await stage.client("POST", `/source/${source}`, { config })).status).toBeLessThan(300);
};

const address = "http://127.0.0.1:9";

describe("what nobody declared", () => {
  test("is exported, filled, valid, adopted, and planned empty", async () => {
    await using stage = await startStage();
    await connect(stage, "elasticsearch", {
      name: "Old one",
      base_url: address,
      api_key: "planted-a",
      timeout_secs: 5,
    });
    await connect(stage, "snowflake", {
      name: "acme-t050-lake",
      account: "of nobody",
      pat_token: "planted-b",
      warehouse: "w",
      database: "d",
    });
    const created = await stage.client("PUT", "/old-records");
    expect(created.status).toBeLessThan(300);

    const preview = await stage.run("export", "-t", "t050", "--connector", "lake", "--dry-run", "-o", "json");
    expect(preview.exit).toBe(0);
    const exported = await stage.run("export", "-t", "t050", "--connector", "lake", "-o", "json");
    expect(exported.exit).toBe(0);
    const report = documentOf(exported);
    expect({ ...report, dryRun: true }).toEqual(documentOf(preview));
    expect(report).toMatchObject({ type: "export", schemaVersion: 1, left: [] });
    expect(exported.stdout + exported.stderr).not.toMatch(/planted-/);
    const template = await readFile(join(stage.dir, "connectors/lake/templates/system.yaml"), "utf8");
    expect(template).toContain("_id: <<@ system @>>\n");

    const secrets = Object.fromEntries(
      report.secrets.map(({ env, path }: { readonly env: string; readonly path: string }) => [
        env,
        path.endsWith("api_key") ? "planted-a" : "planted-b",
      ]),
    );
    const run = withVariables(stage, secrets);
    expect((await run("validate")).exit).toBe(0);
    const adopted = await run("adopt", "*", "-t", "t050", "--trust-secrets", "--yes", "-o", "json");
    expect(adopted.exit).toBe(0);
    expect(documentOf(adopted)).toMatchObject({ type: "adopt", schemaVersion: 1, trusted: true, left: [] });
    const planned = await run("plan", "-t", "t050", "--exit-code", "-o", "json");
    expect(planned.exit).toBe(0);
    expect(documentOf(planned)).toMatchObject({ changes: [], refusals: [] });
  }, 120_000);
});

describe("adopt", () => {
  test("asks, exits 7 where something could not be taken over, and 3 where nobody asks for it", async () => {
    await using stage = await startStage();
    await connect(stage, "elasticsearch", { name: "acme-t001-crm", base_url: address, api_key: "k" });
    await connect(stage, "opensearch", { name: "acme-t002-crm", base_url: address, api_key: "k" });
    expect((await stage.run("adopt", "--match", "name")).exit).toBe(3);
    expect((await stage.run("adopt", "--yes")).exit).toBe(3);
    const typo = await stage.run("adopt", "connection/acme-t001-crn", "--yes");
    expect(typo.exit).toBe(3);
    expect(typo.stderr).toContain("acme-t001-crm");
    const some = await stage.run("adopt", "--match", "name", "--yes");
    expect(some.exit).toBe(7);
    expect(some.stdout).toMatch(/source is "opensearch" on the target/);
    expect(some.stdout.trimEnd().split("\n").at(-1)).toMatch(/^1 resource adopted, 1 left/);
    expect((await stage.run("adopt", "connection/acme-t001-crm", "--yes")).exit).toBe(0);
  }, 120_000);
});

describe("forget and mv", () => {
  test("change the ledger alone, and wait for another run", async () => {
    await using stage = await startStage();
    expect((await stage.run("apply", "--yes", "-q")).exit).toBe(0);
    const moved = ["mv", "connection/acme-t001-crm", "connection/acme-t001-crm2"] as const;
    {
      await using ledger = await openLedger(join(stage.dir, ".connector-deployer/ledger.db"), {
        environment: "default",
      });
      await using _ = await ledger.lease("t001", localHolder("other"));
      expect((await stage.run(...moved)).exit).toBe(7);
      expect((await stage.run("forget", "**", "-t", "t001", "--yes")).exit).toBe(7);
    }
    const offline = withVariables(stage, { INFINO_ENDPOINT: "http://127.0.0.1:9" });
    const renamed = await offline(...moved, "-o", "json");
    expect(renamed.exit).toBe(0);
    expect(documentOf(renamed)).toMatchObject({ type: "move", schemaVersion: 1, to: "acme-t001-crm2" });
    expect((await offline(...moved)).exit).toBe(3);
    expect((await offline("forget", "connection/acme-t001-crm2")).exit).toBe(3);
    const forgotten = await offline("forget", "**", "-t", "t001", "--yes");
    expect(forgotten.exit).toBe(0);
    expect(forgotten.stdout).toContain("the files still ask for");
    const again = await stage.run("plan", "-t", "t001", "-o", "json");
    expect(documentOf(again).refusals).toMatchObject([{ guard: "adoption-needed" }]);
  }, 120_000);
});
