import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Ledger, type LedgerOptions, localHolder, openLedger } from "../../src/ledger/index.ts";
import {
  freePort,
  noPostgres,
  type PostgresServer,
  postgresFolder,
  postgresPassword,
  startPostgres,
} from "../support/postgres.ts";
import { type Cut, type CuttingProxy, cuttingProxy, pooler } from "../support/postgres-proxy.ts";
import { skip } from "../support/skip.ts";
import { base, change, holder, run } from "./support.ts";

const src = fileURLToPath(new URL("../../src", import.meta.url));

/** Everything that a person or a log could see of an error. */
const shown = (error: unknown): string =>
  [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), String((error as Error).stack)].join("\n");

const failure = (url: string): Promise<unknown> =>
  openLedger(url, { environment: "default" }).then(
    () => "opened",
    (error: unknown) => error,
  );

describe("an address", () => {
  it.each([
    ["postgres://u:ge#heim@h/db"],
    ["postgres://u:12#heim@h/db"],
    ["postgres://u:12/heim@h/db"],
    ["postgres://u:12?heim@h/db"],
    ["postgres://u:heim@h:port/db"],
  ])("that is not encoded is refused without a word of it: %s", async (url) => {
    const error = await failure(url);
    expect(error).toMatchObject({ code: "ledger-unavailable", hint: expect.stringContaining("encode") });
    expect(shown(error).split("hint")[0]).not.toContain("heim");
  });

  it("where nothing listens is named by host and database, and fails at once", async () => {
    const port = await freePort();
    const error = await failure(`postgres://deployer:geheim@127.0.0.1:${port}/ledger`);
    expect(error).toMatchObject({
      code: "ledger-unavailable",
      message: expect.stringContaining(`127.0.0.1:${port}/ledger`),
      hint: expect.any(String),
      details: { host: "127.0.0.1", port, database: "ledger" },
    });
    expect(shown(error)).not.toContain("geheim");
  });
});

it("names the package that is missing, with the line that installs it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "ledger-without-pg-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const names = (await readdir(src)).filter((name) => /^(ledger|contract|.*\.ts)$/.test(name));
  for (const name of names) await cp(join(src, name), join(folder, name), { recursive: true });
  const packages = fileURLToPath(new URL("../../node_modules", import.meta.url));
  await mkdir(join(folder, "node_modules"));
  for (const name of await readdir(packages)) {
    if (name !== "pg") await symlink(join(packages, name), join(folder, "node_modules", name));
  }
  const code = `
    const { openLedger } = await import(${JSON.stringify(pathToFileURL(join(folder, "ledger/index.ts")).href)});
    await openLedger("memory:", { environment: "default" });
    await openLedger("postgres://h/db", { environment: "default" }).catch(({ code, hint }) => console.log(code, hint));`;
  const started = spawn(process.execPath, ["--input-type=module", "-e", code], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [answers] = await Promise.all([Array.fromAsync(started.stdout), once(started, "exit")]);
  expect(answers.join("").trim()).toBe("missing-package npm i pg");
});

const bin = postgresFolder();
if (bin === undefined) {
  skip("a Postgres ledger", noPostgres);
} else {
  describe("a Postgres ledger", () => {
    let server: PostgresServer;
    let environment = "";
    let count = 0;
    const opened: Ledger[] = [];
    const children: ChildProcess[] = [];
    beforeAll(async () => {
      server = await startPostgres(bin);
    });
    afterAll(() => server.remove());
    beforeEach(() => {
      environment = `e${++count}`;
    });
    afterEach(async () => {
      vi.useRealTimers();
      for (const child of children.splice(0)) child.kill("SIGKILL");
      await closeAll();
    });
    const closeAll = async () => {
      for (const ledger of opened.splice(0)) await ledger[Symbol.asyncDispose]();
    };
    const open = async (options: Partial<LedgerOptions> = {}, url = server.url()): Promise<Ledger> => {
      const ledger = await openLedger(url, { environment, ...options });
      opened.push(ledger);
      return ledger;
    };
    const emptyDatabase = async (more = ""): Promise<string> => {
      const name = `d${++count}`;
      await server.query(`CREATE DATABASE ${name} ${more}`);
      return name;
    };

    describe("a COMMIT whose answer is lost", () => {
      let proxy: CuttingProxy;
      beforeEach(async () => {
        proxy = await cuttingProxy(server.port);
      });
      afterEach(async () => {
        await closeAll();
        await proxy.close();
      });

      const cuts: readonly (readonly Cut[])[] = [
        ["done"],
        ["undone"],
        ["late"],
        ["undone", "done"],
        ["undone", "late"],
        ["undone", "undone", "undone"],
      ];
      it.each(cuts.map((cut) => [cut.join(", then ")] as const))("is done exactly once: %s", async (how) => {
        const ledger = await open({}, server.url({ port: proxy.port }));
        const fail = () => proxy.cut(...(how.split(", then ") as Cut[]));
        fail();
        const lease = await ledger.lease("t1", holder());
        expect(lease.epoch).toBe(1);
        fail();
        await ledger.intend(lease, "run-1", [{ change: change({ _id: "a" }), seen: [] }]);
        expect(await ledger.open("t1")).toHaveLength(1);
        fail();
        await ledger.settle(lease, change({ _id: "b" }), "done", base({ _id: "b" }));
        fail();
        await ledger.begin(run("run-1"));
        expect(proxy.left).toBe(0);

        const direct = await open();
        expect((await direct.operations("run-1")).map(({ _id, outcome }) => [_id, outcome])).toEqual([
          ["a", undefined],
          ["b", "done"],
        ]);
        expect(await direct.entries("t1")).toEqual([base({ _id: "b" })]);
        expect(await direct.history(9)).toEqual([run("run-1")]);
        expect(await direct.leases()).toMatchObject([{ tenant: "t1", epoch: 1 }]);
      });

      it("is not done when the lease was taken in between", async () => {
        const ledger = await open({ heartbeat: 1_000_000 }, server.url({ port: proxy.port }));
        const direct = await open({ isAlive: () => false });
        const lease = await ledger.lease("t1", holder());
        proxy.cut("undone", "undone", "undone", "undone");
        const write = ledger.put(lease, base());
        await direct.lease("t1", holder("run-2"));
        await expect(write).rejects.toMatchObject({ code: "ledger-fenced" });
        expect(lease.lost.aborted).toBe(true);
        expect(await direct.entries("t1")).toEqual([]);
      });
    });

    it("keeps leases by the database's clock: ours may be an hour off in either direction", async () => {
      const [started, hour] = [Date.now(), 3_600_000];
      vi.useFakeTimers({ toFake: ["Date"], now: started });
      const ledger = await open({ clock: () => Date.now(), heartbeat: 20 });
      const lease = await ledger.lease("t1", holder());
      const other = await open({ clock: () => Date.now() + hour });
      for (const now of [started + hour, started - hour]) {
        vi.setSystemTime(now);
        await expect(other.lease("t1", holder("run-2"))).rejects.toMatchObject({ code: "lease-held" });
        await pause(60);
        expect(lease.lost.aborted).toBe(false);
        const [held] = await other.leases();
        expect(held).toMatchObject({ alive: true });
        expect(Math.abs(Date.parse(held?.since ?? "") - started)).toBeLessThan(hour / 2);
        await ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]);
      }
      for (const { at } of await ledger.open("t1")) expect(Math.abs(Date.parse(at) - started)).toBeLessThan(hour / 2);
    });

    it("takes over at once from a process of this host that was killed", async () => {
      const script = fileURLToPath(new URL("child.ts", import.meta.url));
      const child = spawn(process.execPath, [script, server.url(), "t-killed"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      children.push(child);
      const [line] = await once(child.stdout, "data");
      expect(String(line).trim()).toBe("held");
      const ledger = await open({ environment: "default" });
      const take = () => ledger.lease("t-killed", localHolder("run-2"));
      await expect(take()).rejects.toMatchObject({ code: "lease-held", details: { holder: { pid: child.pid } } });
      child.kill("SIGKILL");
      await once(child, "exit");
      const lease = await take();
      expect(lease).toMatchObject({ epoch: 2, takenOver: { pid: child.pid } });
      expect(await ledger.open("t-killed")).toHaveLength(100);
      expect(await ledger.entries("t-killed")).toEqual([base({ tenant: "t-killed", _id: "kept" })]);
    });

    it.each(["SIGINT", "SIGQUIT"] as const)("goes on after the server was started anew (%s)", async (how) => {
      const ledger = await open();
      const lease = await ledger.lease("t1", holder());
      await ledger.put(lease, base());
      await server.stop(how);
      const write = ledger.put(lease, base({ id: "later" }));
      const read = ledger.entries("t1");
      await pause(200);
      await server.start();
      await write;
      expect([[base()], [base({ id: "later" })]]).toContainEqual(await read);
      expect(await ledger.entries("t1")).toEqual([base({ id: "later" })]);
      expect(lease.lost.aborted).toBe(false);
    });

    it("says that the server is gone, without the password, and lets the run end", async () => {
      const ledger = await open();
      const lease = await ledger.lease("t1", holder());
      await server.stop();
      try {
        const error = await ledger.put(lease, base()).catch((error: unknown) => error);
        expect(error).toMatchObject({
          code: "ledger-unavailable",
          message: expect.stringContaining(`127.0.0.1:${server.port}/ledger`),
          hint: expect.any(String),
        });
        expect(shown(error)).not.toContain(postgresPassword);
        expect(shown(error)).not.toContain(encodeURIComponent(postgresPassword));
        await lease[Symbol.asyncDispose]();
        await ledger[Symbol.asyncDispose]();
      } finally {
        await server.start();
      }
      const next = await open({ isAlive: () => false });
      await next.put(await next.lease("t1", holder("run-2")), base());
    });

    it("works behind a pooler that gives each transaction another connection", async () => {
      const between = await pooler(server.url());
      try {
        const url = `postgres://anybody@127.0.0.1:${between.port}/ledger`;
        const [ledger, other] = [await open({ heartbeat: 20 }, url), await open({}, url)];
        const lease = await ledger.lease("t1", holder());
        const ids = Array.from({ length: 20 }, (_, index) => `c${index + 10}`);
        await Promise.all(ids.map((_id) => ledger.intend(lease, "run-1", [{ change: change({ _id }), seen: [] }])));
        const settled = ids.map((_id) => ledger.settle(lease, change({ _id }), "done", base({ _id })));
        const refused = ids.map(() =>
          other.lease("t1", holder("run-2")).catch((error: unknown) => (error as { code?: string }).code),
        );
        await Promise.all(settled);
        expect(new Set(await Promise.all(refused))).toEqual(new Set(["lease-held"]));
        await pause(60);
        expect(lease.lost.aborted).toBe(false);
        expect((await other.entries("t1")).map((entry) => entry.resource._id)).toEqual(ids);
        expect(between.transactions).toBeGreaterThan(60);
        await closeAll();
      } finally {
        await between.close();
      }
    });

    it("is made once when several open an empty database at the same time", async () => {
      const url = server.url({ database: await emptyDatabase() });
      const ledgers = await Promise.all([1, 2, 3, 4].map(() => open({}, url)));
      expect(await Promise.all(ledgers.map((ledger) => ledger.describe()))).toEqual(
        Array(4).fill({ schema: 1, size: expect.any(Number) }),
      );
      await ledgers[0]?.verifyKey("one");
      await expect(ledgers[3]?.verifyKey("two")).rejects.toMatchObject({ code: "ledger-key" });
    });

    it("leaves a newer version's schema alone", async () => {
      const database = await emptyDatabase();
      const url = server.url({ database });
      await (await openLedger(url, { environment }))[Symbol.asyncDispose]();
      await server.query("UPDATE connector_deployer.schema_version SET version = 99", database);
      expect(await failure(url)).toMatchObject({ code: "ledger-schema", details: { database, version: 99, known: 1 } });
    });

    it("keeps no other encoding than UTF-8", async () => {
      const database = await emptyDatabase("ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
      expect(await failure(server.url({ database }))).toMatchObject({
        code: "ledger-unavailable",
        message: expect.stringContaining(database),
      });
    });

    it("refuses an id with U+0000, which Postgres cannot hold, and goes on", async () => {
      const ledger = await open();
      const lease = await ledger.lease("t1", holder());
      await expect(ledger.put(lease, base({ id: "a\u0000b" }))).rejects.toMatchObject({ code: "not-supported" });
      await ledger.put(lease, base());
      expect(await ledger.entries("t1")).toEqual([base()]);
    });

    it("needs no right to change the schema once it is there", async () => {
      const database = await emptyDatabase();
      const user = `u${count}`;
      await server.query(`CREATE ROLE ${user} LOGIN PASSWORD '${postgresPassword}'`);
      const url = server.url({ database, user });
      const refusal = await failure(url);
      expect(refusal).toMatchObject({ code: "ledger-unavailable", hint: expect.stringContaining("GRANT CREATE") });
      await (await openLedger(server.url({ database }), { environment }))[Symbol.asyncDispose]();
      await server.query(
        `GRANT USAGE ON SCHEMA connector_deployer TO ${user};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA connector_deployer TO ${user}`,
        database,
      );
      const ledger = await open({}, url);
      await ledger.put(await ledger.lease("t1", holder()), base());
      expect(await ledger.entries("t1")).toEqual([base()]);
    });

    it("never shows the password", async () => {
      const wrong = "wr@ng/wörd";
      const urls = [
        server.url({ database: "nowhere" }),
        server.url({ user: "nobody" }),
        server.url({ port: await freePort() }),
        `${server.url()}?sslmode=verify-full`,
        server.url().replace(encodeURIComponent(postgresPassword), encodeURIComponent(wrong)),
      ];
      for (const url of urls) {
        const error = await failure(url);
        expect(error, url.replace(/:[^:@]*@/, "@")).toMatchObject({ code: "ledger-unavailable" });
        for (const secret of [postgresPassword, wrong]) {
          expect(shown(error)).not.toContain(secret);
          expect(shown(error)).not.toContain(encodeURIComponent(secret));
        }
      }
    });

    it("says so when another process keeps a tenant's row locked", async () => {
      const ledger = await open({ busyTimeout: 50 });
      const lease = await ledger.lease("t1", holder());
      const locked = server.query(
        `BEGIN; SELECT * FROM connector_deployer.tenant WHERE environment = '${environment}' FOR UPDATE; SELECT pg_sleep(1)`,
      );
      await pause(200);
      await expect(ledger.put(lease, base())).rejects.toMatchObject({
        code: "ledger-unavailable",
        message: expect.stringContaining("locked"),
      });
      await locked;
      await ledger.put(lease, base());
    });

    it("forgets the tokens of old commits", async () => {
      await (await open()).begin(run("run-1"));
      await server.query("UPDATE connector_deployer.commit_token SET at = at - interval '2 days'");
      const ledger = await open();
      const [left] = await server.query("SELECT count(*)::int AS count FROM connector_deployer.commit_token");
      expect(left).toEqual({ count: 0 });
      await ledger.begin(run("run-2"));
    });
  });
}
