import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { baseEnv } from "../support/base-env.ts";
import type { Stage } from "./stage.ts";
import { startStage } from "./stage.ts";
import type { Run } from "./support.ts";
import { cli, main, temporaryFolder } from "./support.ts";

const lastLine = (text: string): string => text.trimEnd().split("\n").at(-1) ?? "";

/** The one document on standard output. */
const documentOf = ({ stdout }: Run) => JSON.parse(stdout);

type Connection = { readonly id: string; readonly config: { readonly name: string; readonly timeout_secs?: number } };

const connections = async (stage: Stage): Promise<readonly Connection[]> =>
  (await stage.client("GET", "/sources/connections")).body as readonly Connection[];

const connectionId = async (stage: Stage, name: string): Promise<string> =>
  (await connections(stage)).find(({ config }) => config.name === name)?.id ?? "";

describe("a plan file", () => {
  test("comes with a command that can be run as it stands", async () => {
    await using stage = await startStage();
    const above = join(stage.dir, "..");
    await mkdir(join(above, "my plans"));
    await rename(stage.dir, join(above, "it's"));
    await mkdir(join(above, "it's/environments"));
    await writeFile(join(above, "it's/environments/stage.yaml"), "waves: [canary]\n");
    await writeFile(join(above, "a b.env"), `T002_CRM_KEY=${stage.env["T002_CRM_KEY"]}\n`);
    const { T002_CRM_KEY: _, ...env } = stage.env;
    const flags = ["-p", "it's", "-e", "stage", "--env-file=a b.env", "--out", "my plans/p.json"];
    const planned = await cli(["plan", ...flags], { cwd: above, env });
    expect(planned.exit).toBe(0);
    const words = / connector-deployer (apply .*)\n/.exec(planned.stderr)?.[1] ?? "";
    const { exitCode } = await execa("sh", ["-c", `"$NODE" "$MAIN" ${words} --yes`], {
      cwd: above,
      env: { ...env, NODE: process.execPath, MAIN: main },
      reject: false,
    });
    expect({ words, exitCode }).toMatchObject({ exitCode: 0 });
  });
});

describe("a project from the first plan to the last delete", () => {
  test("is planned, applied exactly, compared, repaired and destroyed", async () => {
    await using stage = await startStage();
    const planned = await stage.run("plan", "--exit-code", "--out", "plan.json");
    expect(planned.exit).toBe(2);
    expect(lastLine(planned.stdout)).toBe("6 to add, 0 to change, 0 to delete across 2 tenants");
    expect(planned.stdout).toContain("+ connection/acme-<tenant>-crm in 2 tenants (t001, t002)");
    expect((await stat(join(stage.dir, "plan.json"))).mode & 0o777).toBe(0o600);

    const applied = await stage.run("apply", "plan.json", "--yes", "-o", "json");
    expect(applied.exit).toBe(0);
    expect(documentOf(applied)).toMatchObject({ type: "apply-report", schemaVersion: 1, summary: { insert: 6 } });
    expect(applied.stderr).toContain("+ connection/acme-t001-crm done\n");

    const again = await stage.run("plan", "--exit-code");
    expect(again).toMatchObject({
      exit: 0,
      stdout: "no changes\n0 to add, 0 to change, 0 to delete across 2 tenants\n",
    });
    const stale = await stage.run("apply", "plan.json", "--yes", "-q");
    expect(stale.exit).toBe(5);

    const id = await connectionId(stage, "acme-t001-crm");
    await stage.client("PATCH", `/source/${id}`, { config: { timeout_secs: 5 } });
    await stage.client("DELETE", `/source/${await connectionId(stage, "acme-t002-crm")}`);
    const drift = await stage.run("drift", "--exit-code");
    expect(drift.exit).toBe(2);
    const lines = drift.stdout.trimEnd().split("\n");
    expect(lines.filter((line) => line.includes("connection/"))).toHaveLength(2);
    expect(drift.stdout).toContain("~ connection/acme-t001-crm changed: config.timeout_secs 30 → 5");
    expect(drift.stdout).toMatch(/^- connection\/acme-t002-crm vanished/m);
    expect((await stage.run("drift", "-t", "t001", "--exit-code")).stdout.trimEnd().split("\n")).toHaveLength(1);

    const repaired = await stage.run("apply", "--yes");
    expect(repaired.stderr).toContain("config.timeout_secs 5 → 30 (drift)");
    expect(repaired.exit).toBe(0);
    expect(await stage.run("drift", "--exit-code")).toMatchObject({ exit: 0, stdout: "no drift across 2 tenants\n" });

    const status = await stage.run("status", "--detail");
    expect(status.exit).toBe(0);
    expect(lastLine(status.stdout)).toMatch(/^6 resources, \d+ unhealthy across 2 tenants$/);
    const tenants = documentOf(await stage.run("tenants", "-o", "json"));
    expect(tenants).toMatchObject({
      type: "tenants",
      tenants: [
        { id: "t001", owned: 3 },
        { id: "t002", owned: 3 },
      ],
    });
    expect(
      (await stage.run("tenants", "-o", "jsonl")).stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["t001", "t002"]);
    expect((await stage.run("sources")).stdout).toMatch(/^elasticsearch +search/m);

    const gone = await stage.run("destroy", "-t", "t001", "--confirm", "t001", "-o", "json");
    expect(gone.exit).toBe(0);
    expect((await connections(stage)).map(({ config }) => config.name)).toEqual(["acme-t002-crm"]);
    for (const { stdout, stderr } of [planned, applied, drift, repaired, status, gone]) {
      expect(stdout + stderr).not.toMatch(/planted|stage-secret/);
    }
  });

  test("is explained, expanded and validated without a service", async () => {
    await using stage = await startStage();
    const offline = (...args: readonly string[]) => cli(args, { cwd: stage.dir });
    const [expanded, twice, text, explained, valid] = await Promise.all([
      offline("expand", "-o", "json"),
      offline("expand", "-o", "json"),
      offline("expand", "-t", "t001"),
      offline("explain", "connection/acme-t001-crm", "config.timeout_secs", "--set", "timeout_secs=60"),
      offline("validate", "-o", "yaml"),
    ]);
    expect(expanded.stdout).toBe(twice.stdout);
    expect(documentOf(expanded).components).toHaveLength(6);
    expect(text.stdout).toMatch(/^# tenant "t001"\n_id: acme-t001-crm\ntype: connection\n/);
    expect(text.stdout).toContain("api_key: $SECRET(crm_api_key)\n");
    expect(explained.stdout).toMatch(/^acme-t001-crm config\.timeout_secs = 60\n[\s\S]*--set/);
    expect(valid.stdout).toMatch(/^type: validation\nschemaVersion: 1\n/);
  });
});

describe("what goes wrong", () => {
  test("has the exit code and the document that the table says", async () => {
    await using stage = await startStage();
    await using empty = await temporaryFolder();
    const run = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
      cli([...args, "-o", "json"], { cwd: stage.dir, env: { ...stage.env, ...env } });
    const broken = join(stage.dir, "tenants", "t003.yaml");
    const [wrongKey, unreachable, missing, noProject] = await Promise.all([
      run({ INFINO_SECRET_KEY: "another" }, "plan"),
      run({ INFINO_ENDPOINT: "http://127.0.0.1:1" }, "plan"),
      run({ T001_CRM_KEY: "" }, "apply", "--yes"),
      cli(["plan", "-o", "json"], { cwd: empty.path }),
    ]);
    expect(documentOf(wrongKey)).toMatchObject({ type: "error", code: "unauthorized", exit: 6 });
    expect(documentOf(unreachable)).toMatchObject({ type: "error", code: "unreachable", exit: 1 });
    expect(documentOf(missing)).toMatchObject({ type: "error", code: "missing-secret", exit: 3 });
    expect(documentOf(noProject)).toMatchObject({ type: "error", code: "no-project", exit: 3 });
    expect([wrongKey, unreachable, missing, noProject].map(({ exit }) => exit)).toEqual([6, 1, 3, 3]);
    expect(await connections(stage)).toEqual([]);

    await writeFile(broken, "id: t003\nconnectors: { crn: {} }\n");
    const invalid = await run({}, "plan");
    expect(invalid.exit).toBe(3);
    expect(documentOf(invalid)).toMatchObject({
      type: "error",
      code: "invalid-files",
      diagnostics: [{ code: "unknown-connector", location: { file: "tenants/t003.yaml", line: 2 } }],
    });
    expect(invalid.stderr).toMatch(/tenants\/t003\.yaml:2:\d+ error unknown-connector/);
    const validated = await stage.run("validate");
    expect(validated.exit).toBe(3);
    expect(validated.stdout).toMatch(/tenants\/t003\.yaml:2:\d+ error unknown-connector[\s\S]*\n +\| +\^+\n/);
    const other = await stage.run("plan", "-t", "t001", "-q");
    expect(other.exit).toBe(0);
    await rm(broken);
  });

  test("for one tenant leaves the others alone and exits 7 where a guard refused", async () => {
    await using stage = await startStage();
    expect((await stage.run("apply", "--yes", "-q")).exit).toBe(0);
    await mkdir(join(stage.dir, "away"));
    await rename(join(stage.dir, "tenants", "t002.yaml"), join(stage.dir, "away", "t002.yaml"));
    const manifest = join(stage.dir, "connectors", "crm", "manifest.yaml");
    await writeFile(manifest, (await readFile(manifest, "utf8")).replace("default: 30", "default: 60"));
    const planned = await stage.run("plan");
    expect(planned.exit).toBe(0);
    const synced = await stage.run("sync", "--yes");
    expect(synced.exit).toBe(7);
    expect(synced.stdout).toContain("vanished-tenant");
    expect(lastLine(synced.stdout)).toMatch(/^0 added, 1 changed, 0 deleted across/);
    const left = await connections(stage);
    expect(left.map(({ config }) => [config.name, config.timeout_secs]).sort()).toEqual([
      ["acme-t001-crm", 60],
      ["acme-t002-crm", 30],
    ]);
  });
});

describe("a run that is stopped", () => {
  test("by an interrupt ends what runs, says so, exits 130 and is finished by the next one", async () => {
    await using stage = await startStage({ wait: 1_000 });
    const child = execa(process.execPath, [main, "apply", "--yes", "--parallelism", "1", "-o", "json"], {
      cwd: stage.dir,
      env: { ...baseEnv(), ...stage.env },
      extendEnv: false,
      reject: false,
    });
    await Promise.race([stage.posted, child]);
    child.kill("SIGINT");
    const { exitCode, stdout, stderr } = await child;
    expect(stderr).toContain("stopping: nothing new is started");
    expect(exitCode).toBe(130);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ type: "apply-report", interrupted: true });
    const outcomes = report.results.map(({ outcome }: { readonly outcome: string }) => outcome);
    expect(outcomes).toContain("done");
    expect(outcomes).toContain("skipped");
    const rest = await stage.run("apply", "--yes", "-o", "json");
    expect(rest.exit).toBe(0);
    expect(documentOf(rest).summary.insert).toBe(outcomes.filter((outcome: string) => outcome !== "done").length);
    expect(await connections(stage)).toHaveLength(2);
  });

  test("by a kill makes the next plan wait for what is under way, and say so", async () => {
    await using stage = await startStage({ wait: 60_000 });
    const file = join(stage.dir, "connector-deployer.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace("request_timeout: 5s", "request_timeout: 5m"));
    const child = execa(process.execPath, [main, "apply", "--yes"], {
      cwd: stage.dir,
      env: { ...baseEnv(), ...stage.env },
      extendEnv: false,
      reject: false,
    });
    await Promise.race([stage.posted, child]);
    child.kill("SIGKILL");
    await child;
    const planned = await stage.run("plan", "--timeout", "3s");
    expect(planned.exit).toBe(1);
    expect(planned.stderr).toMatch(/waiting \d+ s: an interrupted run may have \d+ requests? under way/);
  });

  test("by its deadline exits 1 and says how far it came", async () => {
    await using stage = await startStage({ wait: 3_000 });
    const { exit, stdout, stderr } = await stage.run(
      "apply",
      "--yes",
      "--parallelism",
      "1",
      "--timeout",
      "2500ms",
      "-o",
      "json",
    );
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ type: "apply-report", interrupted: true });
    expect(stderr).toMatch(/--timeout has passed: (\d of 6 changes had ended|it was)/);
  });

  test("by its deadline before anything was written exits 1 and says what was going on", async () => {
    await using stage = await startStage();
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    const { exit, stdout } = await cli(["plan", "--timeout", "2s", "-o", "json"], {
      cwd: stage.dir,
      env: { ...stage.env, INFINO_ENDPOINT: `http://127.0.0.1:${port}` },
    });
    silent.close();
    expect(exit).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ type: "error", code: "timeout", exit: 1 });
    expect(JSON.parse(stdout).message).toBe("not done after 2.0 s: it was comparing with target default");
  });

  test("by nobody goes on when its reader leaves", async () => {
    await using stage = await startStage();
    const script = `"${process.execPath}" "${main}" apply --yes --detail 2>&1 | true; echo "\${PIPESTATUS[0]}"`;
    const { stdout } = await execa("bash", ["-c", script], {
      cwd: stage.dir,
      env: { ...baseEnv(), ...stage.env },
      extendEnv: false,
    });
    expect(stdout).toBe("0");
    expect(await connections(stage)).toHaveLength(2);
  });
});
