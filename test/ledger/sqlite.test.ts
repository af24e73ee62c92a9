import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Ledger, type LedgerOptions, localHolder, openLedger } from "../../src/ledger/index.ts";
import { skip } from "../support/skip.ts";
import { base, change, holder, run } from "./support.ts";

let folder: string;
let path: string;
const opened: Ledger[] = [];
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ledger-sqlite-"));
  path = join(folder, "state", "ledger.db");
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  for (const ledger of opened.splice(0)) await ledger[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const open = async (options: Partial<LedgerOptions> = {}): Promise<Ledger> => {
  const ledger = await openLedger(path, { environment: "default", ...options });
  opened.push(ledger);
  return ledger;
};

/** Starts a process that leases the tenant; gives its first line with it. */
const child = async (tenant: string) => {
  const script = fileURLToPath(new URL("child.ts", import.meta.url));
  const started = spawn(process.execPath, [script, path, tenant], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(started);
  const [line] = await once(started.stdout, "data");
  return { process: started, line: String(line).trim() };
};

const kill = async (process: ChildProcess): Promise<void> => {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill("SIGKILL");
  await once(process, "exit");
};

describe("a ledger file", () => {
  it("is made for its user only, with its folder", async () => {
    await open();
    expect((await stat(join(folder, "state"))).mode & 0o777).toBe(0o700);
    for (const name of await readdir(join(folder, "state"))) {
      expect((await stat(join(folder, "state", name))).mode & 0o077, name).toBe(0);
    }
  });

  it("holds everything when it is opened again", async () => {
    const first = await open();
    await first.verifyKey("one");
    await first.pinTarget("default", { endpoint: "http://a", identity: "1" });
    await first.begin(run("run-1"));
    const lease = await first.lease("t1", holder());
    await first.put(lease, base());
    await first.intend(lease, "run-1", [{ change: change({ _id: "b" }), seen: ["x"] }]);
    const revision = await first.revision("t1");
    await first[Symbol.asyncDispose]();

    const second = await open({ durability: "full" });
    await expect(second.verifyKey("two")).rejects.toMatchObject({ code: "ledger-key" });
    expect(await second.target("default")).toEqual({ endpoint: "http://a", identity: "1" });
    expect(await second.history(1)).toEqual([run("run-1")]);
    expect(await second.entries("t1")).toEqual([base()]);
    expect(await second.revision("t1")).toBe(revision);
    expect(await second.open("t1")).toMatchObject([{ change: change({ _id: "b" }), seen: ["x"] }]);
    expect((await second.lease("t1", holder("run-2"))).epoch).toBeGreaterThan(lease.epoch);
  });

  it("is opened by several processes at once", async () => {
    const tenants = ["t1", "t2", "t3"];
    const started = await Promise.all(tenants.map(child));
    expect(started.map(({ line }) => line)).toEqual(["held", "held", "held"]);
    expect(await (await open()).tenants()).toEqual(tenants);
  });
});

describe("a killed run", () => {
  it("leaves every committed intent, and its lease is taken over at once", async () => {
    const killed = await child("t1");
    expect(killed.line).toBe("held");
    const ledger = await open();
    await expect(ledger.lease("t1", localHolder("run-2"))).rejects.toMatchObject({
      code: "lease-held",
      details: { holder: { pid: killed.process.pid } },
    });

    await kill(killed.process);
    const lease = await ledger.lease("t1", localHolder("run-2"));
    expect(lease).toMatchObject({ epoch: 2, takenOver: { pid: killed.process.pid } });
    const intents = await ledger.open("t1");
    expect(intents).toHaveLength(100);
    expect(intents.filter(({ acked }) => acked === "new")).toHaveLength(1);
    expect(await ledger.entries("t1")).toEqual([base({ tenant: "t1", _id: "kept" })]);
  });

  it("is the only one that got the lease, of two that tried", async () => {
    const lines = (await Promise.all([child("t1"), child("t1")])).map(({ line }) => line);
    expect(lines.sort()).toEqual(["held", "lease-held"]);
  });
});

describe("what cannot be opened", () => {
  const refusal = (over: Partial<LedgerOptions> = {}) => open(over).catch((error: unknown) => error);

  it("names the path when its folder cannot be made", async () => {
    await writeFile(join(folder, "state"), "a file");
    expect(await refusal()).toMatchObject({
      code: "ledger-unavailable",
      message: expect.stringContaining(path),
      hint: expect.any(String),
    });
  });

  it("names the path when it is a folder", async () => {
    await mkdir(path, { recursive: true });
    expect(await refusal()).toMatchObject({ code: "ledger-unavailable", details: { path } });
  });

  it("is a damaged file, which stays as it was", async () => {
    await mkdir(join(folder, "state"));
    await writeFile(path, "not a database. ".repeat(1_000));
    expect(await refusal()).toMatchObject({ code: "ledger-unavailable", message: expect.stringContaining("damaged") });
    expect(await readFile(path, "utf8")).toBe("not a database. ".repeat(1_000));
  });

  it("is another program's database, which stays as it was", async () => {
    await mkdir(join(folder, "state"));
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE song (title TEXT)");
    expect(await refusal()).toMatchObject({ code: "ledger-unavailable", details: { path } });
    expect(other.prepare("SELECT count(*) AS count FROM sqlite_schema").get()?.["count"]).toBe(1);
    other.close();
  });

  it("is a newer version's ledger", async () => {
    await (await open())[Symbol.asyncDispose]();
    const newer = new DatabaseSync(path);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    expect(await refusal()).toMatchObject({ code: "ledger-schema", details: { path, version: 99 } });
  });

  it("is a file that another process has locked", async () => {
    await (await open())[Symbol.asyncDispose]();
    const other = new DatabaseSync(path);
    other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    expect(await refusal({ busyTimeout: 20 })).toMatchObject({
      code: "ledger-unavailable",
      message: expect.stringContaining("locked"),
    });
    other.close();
    await open();
  });

  it("is a relative path, and an address without a driver; a password in it is not repeated", async () => {
    const options = { environment: "default" };
    await expect(openLedger("ledger.db", options)).rejects.toMatchObject({ code: "ledger-unavailable" });
    const other = await openLedger("mysql://u:geheim@h/db", options).catch((error: unknown) => error);
    expect(other).toMatchObject({ code: "not-supported", hint: expect.any(String) });
    expect(inspect(other)).not.toContain("geheim");
  });
});

it("says so when another process keeps the file locked during a write", async () => {
  const ledger = await open({ busyTimeout: 20 });
  const lease = await ledger.lease("t1", holder());
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  await expect(ledger.put(lease, base())).rejects.toMatchObject({
    code: "ledger-unavailable",
    message: expect.stringContaining(path),
    hint: expect.stringContaining("wait"),
  });
  other.exec("ROLLBACK");
  other.close();
  await ledger.put(lease, base());
});

const smallDisk = 'mount -t tmpfs -o size=300k tmpfs "$0" && exec "$@"';
const canMount = spawnSync("unshare", ["-rm", "sh", "-c", smallDisk, tmpdir(), "true"]).status === 0;
const whenFull = "says so when the disk is full, keeps what was committed, and lets the run end";
if (!canMount) skip(whenFull, "it needs a small disk, which this user may not mount (unshare -rm)");
else
  it(whenFull, async () => {
    const script = fileURLToPath(new URL("fill.ts", import.meta.url));
    const argv = ["-rm", "sh", "-c", smallDisk, folder, process.execPath, script, join(folder, "ledger.db")];
    const started = spawn("unshare", argv, { stdio: ["ignore", "pipe", "inherit"] });
    const [answers] = await Promise.all([Array.fromAsync(started.stdout), once(started, "exit")]);
    expect(JSON.parse(answers.join(""))).toEqual({
      code: "ledger-unavailable",
      message: expect.stringContaining("disk is full"),
      hint: expect.stringContaining("make room"),
      complete: true,
    });
  });

it("loads no driver before a ledger is opened", async () => {
  const code = `
    await import(${JSON.stringify(new URL("../../src/ledger/index.ts", import.meta.url).href)});
    const { createRequire } = await import("node:module");
    const { cache } = createRequire(${JSON.stringify(import.meta.url)});
    const loaded = [...process.moduleLoadList, ...Object.keys(cache)];
    process.stdout.write(String(loaded.some((name) => /sqlite|[\\/]pg[\\/]/.test(name))));`;
  const started = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [answer] = await once(started.stdout, "data");
  expect(String(answer)).toBe("false");
});
