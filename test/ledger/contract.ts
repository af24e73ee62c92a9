import { once } from "node:events";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type Base, emptySummary } from "../../src/contract/index.ts";
import type { Lease, Ledger, LedgerOptions, PlanMark } from "../../src/ledger/index.ts";
import { base, change, holder, run } from "./support.ts";

const iso = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

export type LedgerHarness = {
  /** A new, empty ledger of its own, which the caller closes. */
  open(options: Partial<LedgerOptions>): Promise<Ledger>;
  /** Another handle of the ledger that was opened last; none where nobody else can see it. */
  again?(options: Partial<LedgerOptions>): Promise<Ledger>;
  /** Lets time pass by the ledger's own clock. */
  pass(ms: number): Promise<void>;
};

/** What every driver has to do. */
export const ledgerContract = (name: string, { open, again, pass }: LedgerHarness) =>
  describe(`the ledger contract, ${name}`, () => {
    const opened: Ledger[] = [];
    const fresh = async (options: Partial<LedgerOptions> = {}): Promise<Ledger> => {
      const ledger = await open(options);
      opened.push(ledger);
      return ledger;
    };
    afterEach(async () => {
      for (const ledger of opened.splice(0)) await ledger[Symbol.asyncDispose]();
    });
    const leased = async (options: Partial<LedgerOptions> = {}) => {
      const ledger = await fresh(options);
      return { ledger, lease: await ledger.lease("t1", holder()) };
    };

    it("says what it is", async () => {
      const ledger = await fresh();
      const { schema, size } = await ledger.describe();
      expect(schema).toBeGreaterThan(0);
      expect(size).toBeGreaterThan(0);
    });

    describe("entries", () => {
      it("come back as they were put, sorted by target, kind and _id", async () => {
        const { ledger, lease } = await leased();
        const first = base({ _id: "a", updatedAt: "2026-01-01T00:00:00Z", driver: "pulumi", state: "retained" });
        const second = base({ _id: "a", kind: "dataset" });
        const third = base({ _id: "a", target: "other" });
        for (const entry of [third, second, first]) await ledger.put(lease, entry);
        expect(await ledger.entries("t1")).toEqual([first, second, third]);
      });

      it("are replaced by a later put and gone after a drop", async () => {
        const { ledger, lease } = await leased();
        await ledger.put(lease, base());
        await ledger.put(lease, base({ id: "other" }));
        expect(await ledger.entries("t1")).toEqual([base({ id: "other" })]);
        await ledger.drop(lease, "default", "connection", "acme-t1-crm");
        expect(await ledger.entries("t1")).toEqual([]);
      });

      it("belong to their tenant, and a tenant that owns nothing is not listed", async () => {
        const ledger = await fresh();
        for (const tenant of ["t2", "t1", "t3"]) {
          const lease = await ledger.lease(tenant, holder());
          if (tenant !== "t3") await ledger.put(lease, base({ tenant }));
        }
        expect(await ledger.tenants()).toEqual(["t1", "t2"]);
        expect(await ledger.entries("t2")).toEqual([base({ tenant: "t2" })]);
        expect(await ledger.entries("t3")).toEqual([]);
      });

      it("hold every value that JSON has, and any text as _id", async () => {
        const { ledger, lease } = await leased();
        const properties = {
          text: "\u0000 \ud800 \u2028 é 🐘 \\u0000 $1 ? ' \" \\ <<@ x @>>",
          numbers: [0, -1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, 0.1],
          "": { "\u0000": null, '"': [true, false, [], {}] },
        };
        const entries = ["?", "a'b\"c\\", "ä", "𐀀", "🐘"].map((_id) =>
          base({ _id, applied: properties, echo: properties }),
        );
        for (const entry of entries) await ledger.put(lease, entry);
        expect(await ledger.entries("t1")).toEqual(entries);
        const odd = change({ _id: "ä?", entity: { _id: "ä?", ...properties } });
        await ledger.intend(lease, "run-1", [{ change: odd, seen: ["?", "🐘"] }]);
        expect(await ledger.open("t1")).toMatchObject([{ change: odd, seen: ["?", "🐘"] }]);
      });

      it("take sealed values only", async () => {
        const { ledger, lease } = await leased();
        const sealed = { $secret: "$SECRET(user)", fingerprint: "f" };
        const applied = { config: { username: sealed } };
        const plain = { config: { username: "root" } };
        await expect(ledger.put(lease, base({ applied, echo: plain }))).rejects.toMatchObject({ code: "internal" });
        await expect(ledger.settle(lease, change(), "done", base({ applied, echo: plain }))).rejects.toMatchObject({
          code: "internal",
        });
        const stray = { config: { username: { ...sealed, value: "root" } } };
        await expect(ledger.put(lease, base({ applied: stray }))).rejects.toMatchObject({ code: "internal" });
        expect(await ledger.entries("t1")).toEqual([]);
        await ledger.put(lease, base({ applied, echo: { config: {} } }));
      });
    });

    describe("the revision", () => {
      it("changes exactly when entries of the tenant change, and no value comes twice", async () => {
        const ids = fc.constantFrom("a", "b");
        const step = fc.oneof(
          fc.record({ do: fc.constant("put" as const), _id: ids, id: fc.constantFrom("1", "2") }),
          fc.record({ do: fc.constant("drop" as const), _id: ids }),
          fc.record({ do: fc.constant("settle" as const), _id: ids, id: fc.option(fc.constantFrom("1", "2")) }),
        );
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
            await using ledger = await open({});
            await using lease = await ledger.lease("t1", holder());
            const seen = [await ledger.revision("t1")];
            const model = new Map<string, string>();
            for (const step of steps) {
              const before = JSON.stringify([...model].sort());
              const id = "id" in step ? (step.id ?? undefined) : undefined;
              if (id === undefined) model.delete(step._id);
              else model.set(step._id, id);
              const entry = id === undefined ? undefined : base({ _id: step._id, id });
              if (step.do === "settle") await ledger.settle(lease, change({ _id: step._id }), "done", entry);
              else if (entry === undefined) await ledger.drop(lease, "default", "connection", step._id);
              else await ledger.put(lease, entry);

              const entries = await ledger.entries("t1");
              expect(entries.map((entry) => [entry.resource._id, entry.id])).toEqual([...model].sort());
              const revision = await ledger.revision("t1");
              if (JSON.stringify([...model].sort()) === before) expect(revision).toBe(seen.at(-1));
              else expect(seen).not.toContain(revision);
              seen.push(revision);
            }
          }),
          { numRuns: 30 },
        );
      });

      it("stays when another tenant's entries change", async () => {
        const { ledger, lease } = await leased();
        await ledger.put(lease, base());
        const before = await ledger.revision("t1");
        await ledger.put(await ledger.lease("t2", holder()), base({ tenant: "t2" }));
        expect(await ledger.revision("t1")).toBe(before);
      });

      it("is not touched by leases and intents", async () => {
        const { ledger, lease } = await leased();
        await ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]);
        await ledger.acked(lease, change(), "new");
        expect(await ledger.revision("t1")).toBe(await ledger.revision("nobody"));
      });
    });

    describe("a lease", () => {
      it("is refused while another run holds it, naming host, pid and since when", async () => {
        const { ledger } = await leased();
        const since = (await ledger.leases())[0]?.since;
        const error = await ledger.lease("t1", holder("run-2")).catch((error: unknown) => error);
        expect(error).toMatchObject({
          code: "lease-held",
          message: expect.stringMatching(new RegExp(`t1.*elsewhere.*4711.*${since}`)),
          details: { tenant: "t1", holder: holder(), since },
        });
        await using other = await ledger.lease("t2", holder("run-2"));
        expect(other.takenOver).toBeUndefined();
      });

      it("is free after it was disposed, with a higher epoch", async () => {
        const { ledger, lease } = await leased();
        await lease[Symbol.asyncDispose]();
        await lease[Symbol.asyncDispose]();
        const next = await ledger.lease("t1", holder("run-2"));
        expect(next.epoch).toBeGreaterThan(lease.epoch);
        expect(next.takenOver).toBeUndefined();
        expect(lease.lost.aborted).toBe(false);
      });

      it("of a dead holder is taken over at once", async () => {
        const ledger = await fresh({ isAlive: () => false });
        const dead = await ledger.lease("t1", holder("run-1"));
        const next = await ledger.lease("t1", holder("run-2"));
        expect(next.takenOver).toEqual(holder("run-1"));
        expect(next.epoch).toBeGreaterThan(dead.epoch);
      });

      it("that expired is taken over, and the old holder writes nothing any more", async () => {
        const { ledger, lease } = await leased({ expiry: 100_000, heartbeat: 1_000_000 });
        await ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]);
        await pass(90_000);
        await expect(ledger.lease("t1", holder("run-2"))).rejects.toMatchObject({ code: "lease-held" });
        await pass(11_000);
        const next = await ledger.lease("t1", holder("run-2"));
        expect(next.takenOver).toEqual(holder("run-1"));
        expect(lease.lost.aborted).toBe(true);
        const writes = [
          ledger.put(lease, base()),
          ledger.drop(lease, "default", "connection", "acme-t1-crm"),
          ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]),
          ledger.moveIntents(lease, "default", "connection", "acme-t1-crm", "new"),
          ledger.touch(lease, change()),
          ledger.acked(lease, change(), "new"),
          ledger.settle(lease, change(), "done", base()),
        ];
        for (const write of writes) await expect(write).rejects.toMatchObject({ code: "ledger-fenced" });
        expect(await ledger.entries("t1")).toEqual([]);
        expect(await ledger.open("t1")).toHaveLength(1);
        await ledger.settle(next, change(), "done", base());
      });

      it("lets nobody write after it was released", async () => {
        const { ledger, lease } = await leased();
        await lease[Symbol.asyncDispose]();
        await expect(ledger.put(lease, base())).rejects.toMatchObject({ code: "ledger-fenced" });
      });

      it("covers its own tenant only", async () => {
        const { ledger, lease } = await leased();
        const foreign = { change: change({ tenant: "t2" }), seen: [] };
        await expect(ledger.put(lease, base({ tenant: "t2" }))).rejects.toMatchObject({ code: "internal" });
        await expect(ledger.intend(lease, "run-1", [{ change: change(), seen: [] }, foreign])).rejects.toMatchObject({
          code: "internal",
        });
        expect(await ledger.open("t1")).toEqual([]);
      });
    });

    describe("leases", () => {
      it("are listed while somebody holds them, sorted by tenant, with who, since when and until when", async () => {
        const ledger = await fresh({ isAlive: ({ run }) => run !== "dead" });
        for (const [tenant, run] of Object.entries({ t2: "run-1", t1: "dead", t3: "run-1" })) {
          const lease = await ledger.lease(tenant, holder(run));
          if (tenant === "t3") await lease[Symbol.asyncDispose]();
        }
        const times = { since: expect.stringMatching(iso), expires: expect.stringMatching(iso) };
        expect(await ledger.leases()).toEqual([
          { tenant: "t1", epoch: 1, holder: holder("dead"), alive: false, ...times },
          { tenant: "t2", epoch: 1, holder: holder("run-1"), alive: true, ...times },
        ]);
      });

      it("can be taken away: the holder is told and writes nothing any more", async () => {
        const { ledger, lease } = await leased({ heartbeat: 5 });
        expect(await ledger.unlock("t1", lease.epoch + 1)).toBe(false);
        expect(await ledger.unlock("t2", lease.epoch)).toBe(false);
        await ledger.put(lease, base());

        expect(await ledger.unlock("t1", lease.epoch)).toBe(true);
        expect(await ledger.unlock("t1", lease.epoch)).toBe(false);
        await expect(ledger.put(lease, base({ id: "later" }))).rejects.toMatchObject({ code: "ledger-fenced" });
        expect(lease.lost.reason).toMatchObject({ code: "ledger-fenced" });
        expect(await ledger.leases()).toEqual([]);

        const next = await ledger.lease("t1", holder("run-2"));
        expect(next.epoch).toBeGreaterThan(lease.epoch);
        expect(await ledger.unlock("t1", next.epoch)).toBe(true);
        if (!next.lost.aborted) await once(next.lost, "abort");
        expect(await ledger.entries("t1")).toEqual([base()]);
      });

      it("can be asked for: half a second after the ledger last showed it, it notices that it was taken away", async () => {
        const { ledger, lease } = await leased();
        const other = await ledger.lease("t2", holder());
        await lease.check();
        expect(await ledger.unlock("t1", lease.epoch)).toBe(true);
        const asked = (): Promise<unknown> => lease.check().catch((error: unknown) => error);
        await expect.poll(asked, { timeout: 2_000 }).toMatchObject({ code: "ledger-fenced" });
        expect(lease.lost.reason).toMatchObject({ code: "ledger-fenced" });
        await expect(lease.check()).rejects.toMatchObject({ code: "ledger-fenced" });
        await Promise.all([other.check(), other.check()]);
        expect(other.lost.aborted).toBe(false);
      });
    });

    describe("a lease for a plan", () => {
      const plan = (revision: string, digest = "p1") => ({ digest, revision });
      const take = async (ledger: Ledger, mark: PlanMark | undefined, work?: (lease: Lease) => Promise<void>) => {
        await using lease = await ledger.lease("t1", holder(), mark);
        await work?.(lease);
        return lease.continues;
      };
      const add = (ledger: Ledger, id: string) => (lease: Lease) => ledger.put(lease, base({ id }));

      it("continues what the same plan has begun, as often as it takes", async () => {
        const ledger = await fresh();
        await take(ledger, undefined, add(ledger, "1"));
        const mark = plan(await ledger.revision("t1"));
        expect(await take(ledger, mark, add(ledger, "2"))).toBe(false);
        expect(await take(ledger, mark, add(ledger, "3"))).toBe(true);
        expect(await take(ledger, mark)).toBe(true);
      });

      it("continues also where an interrupted run was taken over", async () => {
        const ledger = await fresh({ isAlive: () => false });
        const mark = plan(await ledger.revision("t1"));
        await add(ledger, "1")(await ledger.lease("t1", holder("run-1"), mark));
        expect(await ledger.lease("t1", holder("run-2"), mark)).toMatchObject({ continues: true, takenOver: {} });
      });

      it.each<[string, (ledger: Ledger, lease: Lease) => Promise<void>]>([
        ["put", (ledger, lease) => ledger.put(lease, base({ id: "other" }))],
        ["drop", (ledger, lease) => ledger.drop(lease, "default", "connection", "acme-t1-crm")],
        ["move", (ledger, lease) => ledger.move(lease, "acme-t1-crm", base({ _id: "new" }))],
        ["settle", (ledger, lease) => ledger.settle(lease, change(), "done", undefined)],
      ])("does not continue after a run without that plan changed an entry: %s", async (_, write) => {
        const ledger = await fresh();
        const mark = plan(await ledger.revision("t1"));
        await take(ledger, mark, add(ledger, "1"));
        await take(ledger, undefined, async (lease) => {
          await ledger.put(lease, base({ id: "1" }));
          await ledger.intend(lease, "run-1", [{ change: change({ _id: "b" }), seen: [] }]);
          await ledger.settle(lease, change({ _id: "b" }), "failed", undefined);
        });
        expect(await take(ledger, mark)).toBe(true);
        await take(ledger, undefined, (lease) => write(ledger, lease));
        expect(await take(ledger, mark)).toBe(false);
      });

      it("does not continue another plan, nor the same one made on another revision", async () => {
        const ledger = await fresh();
        const first = plan(await ledger.revision("t1"));
        await take(ledger, first, add(ledger, "1"));
        const second = plan(await ledger.revision("t1"), "p2");
        expect(await take(ledger, plan("0123", first.digest))).toBe(false);
        expect(await take(ledger, first)).toBe(true);
        expect(await take(ledger, second)).toBe(false);
        expect(await take(ledger, first)).toBe(false);
        expect(await take(ledger, second)).toBe(true);
      });

      it("that is stale says nothing, and what is written under it ends what the row remembers", async () => {
        const ledger = await fresh();
        const first = plan(await ledger.revision("t1"));
        await take(ledger, first, add(ledger, "1"));
        const stale = plan("0123", "p2");
        expect(await take(ledger, stale)).toBe(false);
        expect(await take(ledger, first)).toBe(true);
        expect(await take(ledger, stale, add(ledger, "2"))).toBe(false);
        expect(await take(ledger, first)).toBe(false);
      });

      it("says nothing of other tenants, and no unlock changes what is remembered", async () => {
        const ledger = await fresh();
        const mark = plan(await ledger.revision("t1"));
        await take(ledger, mark, add(ledger, "1"));
        await using other = await ledger.lease("t2", holder(), mark);
        expect(other.continues).toBe(false);
        const held = await ledger.lease("t1", holder(), mark);
        await ledger.unlock("t1", held.epoch);
        expect(await take(ledger, mark)).toBe(true);
      });
    });

    describe("a move", () => {
      it("of open intents needs no entry, and leaves other kinds and targets alone", async () => {
        const { ledger, lease } = await leased();
        const changes = [change(), change({ kind: "dataset" }), change({ target: "other" })];
        await ledger.intend(
          lease,
          "run-1",
          changes.map((change) => ({ change, seen: [] })),
        );
        await ledger.moveIntents(lease, "default", "connection", "acme-t1-crm", "new");
        expect((await ledger.open("t1")).map(({ change }) => change.entity._id)).toEqual([
          "new",
          "acme-t1-crm",
          "acme-t1-crm",
        ]);
        await ledger.settle(lease, change({ _id: "new" }), "done", undefined);
        expect(await ledger.open("t1")).toHaveLength(2);
      });

      const address = async (ledger: Ledger) => (await ledger.entries("t1")).map((entry) => entry.resource._id);

      it("gives an entry another _id, with its open intents", async () => {
        const { ledger, lease } = await leased();
        for (const _id of ["old", "other"]) await ledger.put(lease, base({ _id, id: _id }));
        const intents = ["old", "other"].map((_id) => ({
          change: change({ _id, op: "rename", from: "older", id: _id }),
          seen: ["x"],
        }));
        await ledger.intend(lease, "run-1", intents);
        const revision = await ledger.revision("t1");

        await ledger.move(lease, "old", base({ _id: "new", id: "old" }));
        expect(await ledger.entries("t1")).toEqual([
          base({ _id: "new", id: "old" }),
          base({ _id: "other", id: "other" }),
        ]);
        expect(await ledger.revision("t1")).not.toBe(revision);
        expect((await ledger.open("t1")).map(({ change, seen }) => [change.entity, change.from, seen])).toEqual([
          [{ _id: "new", $based_on: {} }, "older", ["x"]],
          [{ _id: "other", $based_on: {} }, "older", ["x"]],
        ]);
        const moved = await ledger.revision("t1");
        await ledger.move(lease, "old", base({ _id: "new", id: "changed" }));
        expect(await ledger.revision("t1")).toBe(moved);

        await ledger.settle(lease, change({ _id: "new" }), "failed", base({ _id: "new", id: "old" }));
        expect((await ledger.open("t1")).map(({ change }) => change.entity._id)).toEqual(["other"]);
      });

      it("never replaces another entry, and needs one to move", async () => {
        const { ledger, lease } = await leased();
        for (const _id of ["a", "b"]) await ledger.put(lease, base({ _id }));
        for (const [from, to] of [
          ["a", "b"],
          ["none", "new"],
        ] as const) {
          await expect(ledger.move(lease, from, base({ _id: to }))).rejects.toMatchObject({ code: "internal" });
        }
        await expect(ledger.move(lease, "a", base({ tenant: "t2", _id: "c" }))).rejects.toMatchObject({
          code: "internal",
        });
        expect(await address(ledger)).toEqual(["a", "b"]);
      });
    });

    describe("another key", () => {
      const resealed = (entry: Base): Base => JSON.parse(JSON.stringify(entry).replaceAll('"f1"', '"f2"'));
      const filled = async () => {
        const ledger = await fresh();
        await ledger.verifyKey("one");
        for (const tenant of ["t1", "t2"]) {
          await using lease = await ledger.lease(tenant, holder());
          await ledger.put(lease, base({ tenant }));
        }
        return { ledger, entries: [base({ tenant: "t1" }), base({ tenant: "t2" })] };
      };

      it("replaces the check and every entry's fingerprints at once", async () => {
        const { ledger, entries } = await filled();
        const before = await ledger.revision("t2");
        await ledger.rekey("two", entries.map(resealed));
        await ledger.verifyKey("two");
        await expect(ledger.verifyKey("one")).rejects.toMatchObject({ code: "ledger-key" });
        expect([...(await ledger.entries("t1")), ...(await ledger.entries("t2"))]).toEqual(entries.map(resealed));
        expect(await ledger.revision("t2")).not.toBe(before);
      });

      it("is refused while somebody works, and while an intent is open", async () => {
        const { ledger, entries } = await filled();
        const lease = await ledger.lease("t2", holder());
        await expect(ledger.rekey("two", entries.map(resealed))).rejects.toMatchObject({ code: "lease-held" });
        await ledger.intend(lease, "run-1", [{ change: change({ tenant: "t2" }), seen: [] }]);
        await lease[Symbol.asyncDispose]();
        await expect(ledger.rekey("two", entries.map(resealed))).rejects.toMatchObject({ code: "blocked" });
        await ledger.verifyKey("one");
        expect(await ledger.entries("t1")).toEqual([base()]);
      });

      it("is refused where the entries are not those that were read", async () => {
        const { ledger, entries } = await filled();
        const [first = base(), second = base()] = entries.map(resealed);
        for (const others of [[first], [first, { ...second, id: "other" }], [first, base({ tenant: "t3" })]]) {
          await expect(ledger.rekey("two", others)).rejects.toMatchObject({ code: "blocked" });
        }
        await ledger.verifyKey("one");
        expect(await ledger.entries("t1")).toEqual([base()]);
      });
    });

    describe("the journal", () => {
      it("keeps what is about to be done until it is settled", async () => {
        const { ledger, lease } = await leased();
        const intents = [
          { change: change({ _id: "a" }), seen: ["x"] },
          { change: change({ _id: "b" }), seen: [] },
        ];
        await ledger.intend(lease, "run-1", intents);
        const facts = { run: "run-1", epoch: lease.epoch, at: expect.stringMatching(iso) };
        expect(await ledger.open("t1")).toEqual(intents.map((intent) => ({ ...intent, ...facts })));

        await pass(5);
        await ledger.touch(lease, change({ _id: "b" }));
        const [first, second] = await ledger.open("t1");
        expect(Date.parse(second?.at ?? "")).toBeGreaterThan(Date.parse(first?.at ?? ""));

        await ledger.acked(lease, change({ _id: "b" }), "new");
        expect((await ledger.open("t1")).map(({ acked }) => acked)).toEqual([undefined, "new"]);

        await ledger.settle(lease, change({ _id: "b" }), "done", base({ _id: "b", id: "new" }));
        expect((await ledger.open("t1")).map((open) => open.change.entity._id)).toEqual(["a"]);
        expect(await ledger.entries("t1")).toEqual([base({ _id: "b", id: "new" })]);
      });

      it("takes a large batch in its order", async () => {
        const { ledger, lease } = await leased();
        const ids = Array.from({ length: 120 }, (_, index) => `c${index}`);
        await ledger.intend(
          lease,
          "run-1",
          ids.map((_id) => ({ change: change({ _id }), seen: [] })),
        );
        expect((await ledger.open("t1")).map(({ change }) => change.entity._id)).toEqual(ids);
        expect((await ledger.operations("run-1")).map(({ _id }) => _id)).toEqual(ids);
      });

      it("takes many writes for one tenant at once", async () => {
        const { ledger, lease } = await leased();
        const ids = Array.from({ length: 30 }, (_, index) => `c${index + 10}`);
        await Promise.all(ids.map((_id) => ledger.intend(lease, "run-1", [{ change: change({ _id }), seen: [] }])));
        await Promise.all(ids.map((_id) => ledger.acked(lease, change({ _id }), _id)));
        await Promise.all(ids.map((_id) => ledger.settle(lease, change({ _id }), "done", base({ _id, id: _id }))));
        expect((await ledger.entries("t1")).map(({ id }) => id)).toEqual(ids);
        expect(await ledger.open("t1")).toEqual([]);
      });

      it("removes the entry when it settles with none", async () => {
        const { ledger, lease } = await leased();
        await ledger.put(lease, base());
        const gone = change({ op: "delete" });
        await ledger.intend(lease, "run-1", [{ change: gone, seen: [] }]);
        await ledger.settle(lease, gone, "done", undefined);
        expect(await ledger.entries("t1")).toEqual([]);
        expect(await ledger.tenants()).toEqual([]);
      });

      it("lists what is uncertain as open until it is settled otherwise", async () => {
        const { ledger, lease } = await leased();
        await ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]);
        await ledger.settle(lease, change(), "uncertain", undefined);
        expect(await ledger.open("t1")).toMatchObject([{ outcome: "uncertain", run: "run-1" }]);
        await lease[Symbol.asyncDispose]();

        const later = await ledger.lease("t1", holder("run-2"));
        await ledger.settle(later, change(), "uncertain", undefined);
        expect(await ledger.open("t1")).toMatchObject([{ outcome: "uncertain", run: "run-1" }]);
        await ledger.settle(later, change(), "failed", undefined);
        expect(await ledger.open("t1")).toEqual([]);
      });

      it("keeps an earlier run's open intent when a later one fails, and closes it when a later one is done", async () => {
        const { ledger, lease } = await leased();
        await ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]);
        await lease[Symbol.asyncDispose]();

        const later = await ledger.lease("t1", holder("run-2"));
        await ledger.intend(later, "run-2", [{ change: change(), seen: [] }]);
        await ledger.settle(later, change(), "conflict", undefined);
        expect(await ledger.open("t1")).toMatchObject([{ run: "run-1" }]);

        await ledger.intend(later, "run-2", [{ change: change(), seen: [] }]);
        await ledger.settle(later, change(), "done", base());
        expect(await ledger.open("t1")).toEqual([]);
      });

      it("settles what writes to the ledger only, without an intent", async () => {
        const { ledger, lease } = await leased();
        await ledger.settle(lease, change({ op: "adopt" }), "done", base());
        expect(await ledger.entries("t1")).toEqual([base()]);
        expect(await ledger.open("t1")).toEqual([]);
        expect(await ledger.operations("run-1")).toMatchObject([
          { tenant: "t1", target: "default", kind: "connection", _id: "acme-t1-crm", op: "adopt", outcome: "done" },
        ]);
      });

      it("keeps a tenant listed that owns nothing but has an open intent", async () => {
        const { ledger, lease } = await leased();
        await ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]);
        expect(await ledger.tenants()).toEqual(["t1"]);
        await ledger.settle(lease, change(), "failed", undefined);
        expect(await ledger.tenants()).toEqual([]);
      });

      it("keeps what became uncertain without an intent", async () => {
        const { ledger, lease } = await leased();
        await ledger.settle(lease, change(), "uncertain", undefined);
        expect(await ledger.open("t1")).toMatchObject([{ change: change(), seen: [], outcome: "uncertain" }]);
      });

      it("refuses an acknowledgement of what was never intended", async () => {
        const { ledger, lease } = await leased();
        await expect(ledger.acked(lease, change(), "new")).rejects.toMatchObject({ code: "internal" });
      });
    });

    describe("runs", () => {
      it("are listed newest first, with how they ended", async () => {
        const ledger = await fresh();
        for (const id of ["a", "b", "c"]) await ledger.begin(run(id));
        const ended = run("b", { ended: "2026-01-01T00:01:00.000Z", summary: emptySummary, requests: 7, exit: "0" });
        await ledger.end(ended);
        expect(await ledger.history(2)).toEqual([run("c"), ended]);
        expect(await ledger.history(10)).toHaveLength(3);
      });

      it("tell what they did and what became of it", async () => {
        const { ledger, lease } = await leased();
        await ledger.begin(run("run-1"));
        const [a, b] = [change({ _id: "a" }), change({ _id: "b", op: "update" })];
        await ledger.intend(
          lease,
          "run-1",
          [a, b].map((change) => ({ change, seen: [] })),
        );
        await ledger.settle(lease, a, "failed", undefined, "503 from the target");
        const facts = { tenant: "t1", target: "default", kind: "connection", at: expect.stringMatching(iso) };
        const durationMs = expect.any(Number);
        expect(await ledger.operations("run-1")).toEqual([
          { ...facts, _id: "a", op: "insert", outcome: "failed", durationMs, reason: "503 from the target" },
          { ...facts, _id: "b", op: "update" },
        ]);
        expect(await ledger.operations("run-2")).toEqual([]);
      });

      it("are kept for the last 1,000, and what is open is kept for ever", async () => {
        const { ledger, lease } = await leased();
        await ledger.begin(run("run-1"));
        await ledger.intend(
          lease,
          "run-1",
          ["a", "b"].map((_id) => ({ change: change({ _id }), seen: [] })),
        );
        await ledger.settle(lease, change({ _id: "a" }), "done", base({ _id: "a" }));
        for (let number = 2; number <= 1_001; number++) await ledger.begin(run(`run-${number}`));
        expect((await ledger.history(5_000)).at(-1)?.id).toBe("run-2");
        expect((await ledger.operations("run-1")).map(({ _id }) => _id)).toEqual(["b"]);
        expect(await ledger.open("t1")).toHaveLength(1);
      });
    });

    describe("what it remembers", () => {
      it("is the key that it was made with", async () => {
        const ledger = await fresh();
        await ledger.verifyKey("one");
        await ledger.verifyKey("one");
        await expect(ledger.verifyKey("two")).rejects.toMatchObject({ code: "ledger-key" });
      });

      it("is where a target was, until another place is pinned", async () => {
        const ledger = await fresh();
        expect(await ledger.target("default")).toBeUndefined();
        await ledger.pinTarget("default", { endpoint: "http://a", identity: "1" });
        expect(await ledger.target("default")).toEqual({ endpoint: "http://a", identity: "1" });
        const elsewhere = { endpoint: "http://b", identity: "2", account: "digest" };
        await ledger.pinTarget("default", elsewhere);
        expect(await ledger.target("default")).toEqual(elsewhere);
        expect(await ledger.target("other")).toBeUndefined();
      });
    });

    if (again === undefined) return;
    describe("two handles of one ledger", () => {
      const second = async (options: Partial<LedgerOptions> = {}): Promise<Ledger> => {
        const ledger = await again(options);
        opened.push(ledger);
        return ledger;
      };
      const times = { expiry: 100_000, heartbeat: 5 };

      it("see what the other one wrote", async () => {
        const { ledger, lease } = await leased();
        const other = await second();
        await ledger.put(lease, base());
        expect(await other.entries("t1")).toEqual([base()]);
        expect(await other.revision("t1")).toBe(await ledger.revision("t1"));
        expect(await other.leases()).toEqual(await ledger.leases());
        await expect(other.lease("t1", holder("run-2"))).rejects.toMatchObject({ code: "lease-held" });
      });

      it("fight for a lease: exactly one gets it", async () => {
        const ledger = await fresh();
        const other = await second();
        for (const tenant of ["t1", "t2", "t3", "t4"]) {
          const tries = [ledger, other, ledger, other].map((one, index) => one.lease(tenant, holder(`run-${index}`)));
          const codes = (await Promise.allSettled(tries)).map((one) =>
            one.status === "fulfilled" ? "held" : (one.reason as { code?: string }).code,
          );
          expect(codes.sort()).toEqual(["held", "lease-held", "lease-held", "lease-held"]);
        }
      });

      it("fence each other: the one that lost the lease is told and writes nothing", async () => {
        const slow = await fresh({ ...times, heartbeat: 1_000_000 });
        const quick = await second(times);
        const lost = await slow.lease("t1", holder("run-1"));
        const kept = await slow.lease("t2", holder("run-1"));
        await pass(100_001);
        await using next = await quick.lease("t1", holder("run-2"));
        await expect(slow.put(lost, base())).rejects.toMatchObject({ code: "ledger-fenced" });
        expect(lost.lost.reason).toMatchObject({ code: "ledger-fenced" });
        await slow.put(kept, base({ tenant: "t2" }));
        await quick.put(next, base());
        await lost[Symbol.asyncDispose]();
        await quick.put(next, base({ id: "later" }));
      });

      it("see a lost lease at the next heartbeat, which puts the others off", async () => {
        const ledger = await fresh(times);
        const [lost, kept] = [await ledger.lease("t1", holder("run-1")), await ledger.lease("t2", holder("run-1"))];
        const elsewhere = await second({ ...times, isAlive: () => false });
        await using _next = await elsewhere.lease("t1", holder("run-2"));
        if (!lost.lost.aborted) await once(lost.lost, "abort");
        expect(kept.lost.aborted).toBe(false);

        await pass(90_000);
        const left = async () => {
          const lease = (await elsewhere.leases()).find(({ tenant }) => tenant === "t2");
          return Date.parse(lease?.expires ?? "") - Date.parse(lease?.since ?? "");
        };
        await expect.poll(left).toBeGreaterThanOrEqual(100_000);
        await expect(elsewhere.unlock("t2", kept.epoch)).resolves.toBe(true);
        if (!kept.lost.aborted) await once(kept.lost, "abort");
      });

      it("give their leases back when they are closed", async () => {
        const { ledger } = await leased();
        await ledger.lease("t2", holder());
        const other = await second();
        await ledger[Symbol.asyncDispose]();
        await ledger[Symbol.asyncDispose]();
        expect(await other.leases()).toEqual([]);
        expect((await other.lease("t1", holder("run-2"))).takenOver).toBeUndefined();
      });

      it("of two environments see nothing of each other", async () => {
        const { ledger, lease } = await leased();
        const other = await second({ environment: "other" });
        await ledger.verifyKey("one");
        await other.verifyKey("two");
        await ledger.begin(run("run-1"));
        await ledger.pinTarget("default", { endpoint: "http://a", identity: "1" });
        await ledger.intend(lease, "run-1", [{ change: change(), seen: [] }]);
        await ledger.put(lease, base());
        const theirs = await other.lease("t1", holder("run-2"));
        expect(theirs.epoch).toBe(1);
        expect(await other.tenants()).toEqual([]);
        expect(await other.entries("t1")).toEqual([]);
        expect(await other.open("t1")).toEqual([]);
        expect(await other.history(9)).toEqual([]);
        expect(await other.operations("run-1")).toEqual([]);
        expect(await other.target("default")).toBeUndefined();
        await other.drop(theirs, "default", "connection", "acme-t1-crm");
        await theirs[Symbol.asyncDispose]();
        await other.rekey("three", []);
        await ledger.verifyKey("one");
        expect(await ledger.entries("t1")).toEqual([base()]);
        expect(await ledger.leases()).toHaveLength(1);
      });

      it("know when the other one has changed the key: nothing is begun with the old one", async () => {
        const ledger = await fresh();
        const other = await second();
        for (const one of [ledger, other]) await one.verifyKey("one");
        await ledger.rekey("two", []);
        await expect(other.lease("t1", holder())).rejects.toMatchObject({ code: "ledger-key" });
        await using _lease = await ledger.lease("t1", holder());
      });
    });
  });
