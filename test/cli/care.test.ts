import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { baseEnv } from "../support/base-env.ts";
import type { Stage } from "./stage.ts";
import { startStage } from "./stage.ts";
import type { Run } from "./support.ts";
import { cli, main } from "./support.ts";

/** Milliseconds: each test starts several processes. */
const patience = 120_000;

const documentOf = ({ stdout }: Run) => JSON.parse(stdout);

const ledgerOf = (stage: Stage) =>
  openLedger(join(stage.dir, ".connector-deployer/ledger.db"), { environment: "default" });

const deployed = async (stage: Stage, ...flags: readonly string[]): Promise<string> => {
  const run = await stage.run("apply", "--yes", "-q", "-o", "json", ...flags);
  expect(run).toMatchObject({ exit: 0 });
  return documentOf(run).run;
};

describe("history and outputs", () => {
  test(
    "show runs, one run, and ids for scripts, without a target",
    async () => {
      await using stage = await startStage();
      expect(await stage.run("history")).toMatchObject({ exit: 0, stdout: "no runs\n" });
      const first = await deployed(stage, "-t", "t001");
      const second = await deployed(stage);
      const offline = (...args: readonly string[]) => cli(args, { cwd: stage.dir });
      const [text, json, one, unknown, outputs, lines, plain] = await Promise.all([
        offline("history"),
        offline("history", "-n", "1", "-o", "json"),
        offline("history", first.slice(0, 8)),
        offline("history", "zz", "-o", "json"),
        offline("outputs", "-t", "t001", "-o", "json"),
        offline("outputs", "-o", "jsonl"),
        offline("outputs"),
      ]);
      expect(text.stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([
        "RUN",
        second.slice(0, 8),
        first.slice(0, 8),
        "",
      ]);
      expect(text.stdout).toMatch(/ apply +done +\d+ +3 added, 0 changed, 0 deleted\n/);
      expect(documentOf(json)).toMatchObject({ type: "history", schemaVersion: 1, runs: [{ run: second }] });
      expect(one.stdout).toMatch(/t001 +insert +connection\/acme-t001-crm +done/);
      expect(one.stdout).toMatch(/\n3 operations, 0 open\n$/);
      expect([unknown.exit, documentOf(unknown).code]).toEqual([3, "usage"]);
      const ids = documentOf(outputs).tenants.t001;
      expect(ids["acme-t001-crm"].connection_id).toMatch(/^conn-/);
      expect(Object.values<{ readonly job_id?: string }>(ids).flatMap(({ job_id }) => job_id ?? [])).toHaveLength(1);
      expect(
        lines.stdout
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line).tenant),
      ).toEqual([...Array(3).fill("t001"), ...Array(3).fill("t002")]);
      expect(plain.stdout).toContain(ids["acme-t001-crm"].connection_id);
    },
    patience,
  );
});

describe("unlock", () => {
  test(
    "says when nobody holds the lease, and exits 0",
    async () => {
      await using stage = await startStage();
      expect(await stage.run("unlock", "-t", "t001")).toMatchObject({
        exit: 0,
        stdout: "nobody holds the lease of tenant t001\n",
      });
      expect((await stage.run("unlock")).exit).toBe(3);
      expect((await stage.run("unlock", "-t", "t*")).exit).toBe(3);
    },
    patience,
  );

  test(
    "shows the holder, warns of one that is alive here, and needs --yes without a terminal",
    async () => {
      await using stage = await startStage();
      await deployed(stage);
      await using ledger = await ledgerOf(stage);
      await using lease = await ledger.lease("t001", localHolder("the-run"));
      const held = await stage.run("apply", "--yes", "-t", "t001", "--set", "timeout_secs=50");
      expect(held.exit).toBe(7);
      const asked = await stage.run("unlock", "-t", "t001", "-o", "json");
      expect(asked.exit).toBe(3);
      expect(asked.stderr).toContain("the-run");
      expect(asked.stderr).toContain(`warning: the holder is alive: process ${process.pid}`);
      const other = await stage.run("unlock", "-t", "t002");
      expect(other.stdout).toBe("nobody holds the lease of tenant t002; leases are held of: t001\n");
      const done = await stage.run("unlock", "-t", "t001", "--yes", "-o", "json");
      expect(done.exit).toBe(0);
      expect(documentOf(done)).toMatchObject({
        type: "unlock",
        schemaVersion: 1,
        tenant: "t001",
        unlocked: true,
        lease: { alive: true, here: true, holder: { run: "the-run", pid: process.pid } },
      });
      await expect(ledger.drop(lease, "default", "connection", "acme-t001-crm")).rejects.toMatchObject({
        code: "ledger-fenced",
      });
      expect((await stage.run("apply", "--yes", "-t", "t001", "--set", "timeout_secs=50", "-q")).exit).toBe(0);
    },
    patience,
  );

  test(
    "does not warn of a holder on another host",
    async () => {
      await using stage = await startStage();
      await deployed(stage, "-t", "t001");
      await using ledger = await ledgerOf(stage);
      await using _ = await ledger.lease("t001", { ...localHolder("far"), host: "another.example" });
      const { exit, stderr } = await stage.run("unlock", "-t", "t001", "--yes");
      expect(exit).toBe(0);
      expect(stderr).toContain("another.example");
      expect(stderr).not.toContain("warning");
    },
    patience,
  );
});

describe("ledger", () => {
  test(
    "shows where it is, and changes its key without anything to write afterwards",
    async () => {
      await using stage = await startStage();
      const run = await deployed(stage);
      const { stdout } = await cli(["ledger"], { cwd: stage.dir });
      expect(stdout).toContain(join(stage.dir, ".connector-deployer/ledger.db"));
      expect(stdout).toContain("6 resources of 2 tenants, 0 open operations");
      expect(stdout).toContain(run.slice(0, 8));
      const key = join(stage.dir, ".connector-deployer/key");
      const before = await readFile(key, "utf8");
      const rekeyed = await stage.run("ledger", "rekey", "-o", "json");
      expect(rekeyed.exit).toBe(0);
      expect(documentOf(rekeyed)).toMatchObject({ type: "rekey", changed: true, fingerprints: 2, unknown: [] });
      expect(await readFile(key, "utf8")).not.toBe(before);
      expect((await stage.run("plan", "--exit-code")).exit).toBe(0);
    },
    patience,
  );

  test(
    "asks before secrets become unknown, and lists them",
    async () => {
      await using stage = await startStage();
      await deployed(stage);
      const { T002_CRM_KEY: _, ...env } = stage.env;
      const refused = await cli(["ledger", "rekey", "-o", "json"], { cwd: stage.dir, env });
      expect([refused.exit, documentOf(refused).code]).toEqual([3, "usage"]);
      expect(refused.stderr).toContain("connection/acme-t002-crm config.api_key");
      expect((await stage.run("plan", "--exit-code")).exit).toBe(0);
      const done = await cli(["ledger", "rekey", "--yes"], { cwd: stage.dir, env });
      expect(done.exit).toBe(0);
      expect(done.stdout).toContain("connection/acme-t002-crm config.api_key (tenant t002): has no value here");
      const planned = await stage.run("plan", "--exit-code");
      expect(planned.exit).toBe(2);
      expect(planned.stdout).toContain("(secret, unknown)");
      expect((await stage.run("apply", "--yes", "-q")).exit).toBe(0);
      expect((await stage.run("plan", "--exit-code")).exit).toBe(0);
    },
    patience,
  );

  test(
    "takes no key in clear, and nothing else than rekey",
    async () => {
      await using stage = await startStage();
      const clear = await stage.run("ledger", "rekey", "--old-key", "planted-clear-key", "-o", "json");
      expect([clear.exit, documentOf(clear).code]).toEqual([3, "usage"]);
      expect(clear.stdout + clear.stderr).not.toContain("planted-clear-key");
      expect((await stage.run("ledger", "destroy")).exit).toBe(3);
      expect((await stage.run("ledger", "--old-key", "$ENV(X)")).exit).toBe(3);
    },
    patience,
  );

  test(
    "with a wrong key is an error before any plan, exit 1",
    async () => {
      await using stage = await startStage();
      await deployed(stage, "-t", "t001");
      await writeFile(join(stage.dir, ".connector-deployer/key"), `${"ab".repeat(32)}\n`);
      const { exit, stdout } = await stage.run("plan", "-o", "json");
      expect([exit, JSON.parse(stdout).code]).toEqual([1, "ledger-key"]);
    },
    patience,
  );
});

describe("doctor", () => {
  test(
    "exits 0 where nothing is bad, 6 for credentials, 1 for the rest",
    async () => {
      await using stage = await startStage();
      const run = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
        cli(["doctor", ...args], { cwd: stage.dir, env: { ...stage.env, ...env } });
      const [well, refused, missing, gone] = await Promise.all([
        run({}),
        run({ INFINO_SECRET_KEY: "another" }, "-o", "json"),
        run({ INFINO_SECRET_KEY: "" }, "-o", "json"),
        run({ INFINO_ENDPOINT: "http://127.0.0.1:1" }, "-o", "json"),
      ]);
      expect([well, refused, missing, gone].map(({ exit }) => exit)).toEqual([0, 6, 6, 1]);
      expect(well.stdout).toMatch(/^ok +node +Node 2\d/m);
      expect(well.stdout).toMatch(/^ok +clock +this machine's clock agrees with it$/m);
      expect(well.stdout).toMatch(/\n\d+ checks, 0 to look at, 0 bad\n$/);
      expect(documentOf(refused)).toMatchObject({ type: "doctor", schemaVersion: 1 });
    },
    patience,
  );

  test(
    "probes when it may, says what to set, and leaves nothing behind",
    async () => {
      await using stage = await startStage();
      expect((await stage.run("doctor", "--probe")).exit).toBe(3);
      const file = join(stage.dir, "connector-deployer.yaml");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace("    settle:", "    traits: { names: unique }\n    settle:"));
      const { exit, stdout } = await stage.run("doctor", "--probe", "--yes");
      expect(exit).toBe(1);
      expect(stdout).toMatch(/^bad +trait names +free: /m);
      expect(stdout).toContain(
        "set in connector-deployer.yaml:\n\ntargets:\n  default:\n    traits: { names: free }\n",
      );
      expect((await stage.client("GET", "/sources/connections")).body).toEqual([]);
    },
    patience,
  );

  test(
    "cleans up after an interrupt and exits 130",
    async () => {
      await using stage = await startStage({ wait: 500 });
      const child = execa(process.execPath, [main, "doctor", "--probe", "--yes"], {
        cwd: stage.dir,
        env: { ...baseEnv(), ...stage.env },
        extendEnv: false,
        reject: false,
      });
      await Promise.race([stage.posted, child]);
      child.kill("SIGINT");
      const { exitCode, stderr } = await child;
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 130, stderr: expect.stringContaining("cleaned up") });
      expect((await stage.client("GET", "/sources/connections")).body).toEqual([]);
    },
    patience,
  );
});
