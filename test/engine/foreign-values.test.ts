import { describe, expect, it } from "vitest";
import { localHolder } from "../../src/ledger/index.ts";
import type { Fetch } from "./workbench.ts";
import { aConnection, signal, workbench } from "./workbench.ts";

const desired = (config = {}) => ({ t001: [aConnection("t001", { timeout_secs: 30, ...config })] });

const liveId = async (bench: Awaited<ReturnType<typeof workbench>>): Promise<string> =>
  (await bench.api.listConnections(signal))[0]?.id ?? "";

describe("a value that somebody else wrote", () => {
  it.each([
    [
      "a policy keeps",
      { keepField: (_t: string, _k: string, field: { path: string }) => field.path !== "/config/timeout_secs" },
    ],
  ])("and that %s stays a difference after a write of something else", async (_name, policies) => {
    await using bench = await workbench();
    await bench.deploy(desired());
    const id = await liveId(bench);
    await bench.api.updateConnection(id, { timeout_secs: 7 }, signal);
    bench.secrets.set("crm_key", "rotated");
    const applied = await bench.deploy(desired(), { policies });
    expect(applied.results).toMatchObject([{ op: "update", outcome: "done" }]);
    expect((await bench.plan(desired(), { policies })).changes).toEqual([]);
    expect(await bench.drift()).toMatchObject([{ fields: [{ path: "/config/timeout_secs", from: 30, to: 7 }] }]);
    const plan = await bench.plan(desired());
    expect(plan.changes).toMatchObject([
      { fields: [{ path: "/config/timeout_secs", from: 7, to: 30, class: "drift" }] },
    ]);
    await bench.apply(plan);
    expect((await bench.plan(desired())).changes).toEqual([]);
    expect(await bench.drift()).toEqual([]);
  });

  it("in a file's field that a rule ignored is a change of the files once the rule goes", async () => {
    await using bench = await workbench();
    const policies = {
      keepField: (_t: string, _k: string, field: { path: string }) => field.path !== "/config/timeout_secs",
    };
    await bench.deploy(desired());
    await bench.deploy(desired({ timeout_secs: 60, base_url: "http://127.0.0.1:10" }), { policies });
    const plan = await bench.plan(desired({ timeout_secs: 60, base_url: "http://127.0.0.1:10" }));
    expect(plan.changes).toMatchObject([
      { fields: [{ path: "/config/timeout_secs", from: 30, to: 60, class: "files" }] },
    ]);
  });

  it("between our read and our write of another field is seen by the next plan", async () => {
    let isOpen = false;
    const wrap =
      (real: Fetch): Fetch =>
      async (request) => {
        if (isOpen && request.method === "PATCH") {
          isOpen = false;
          await bench.api.updateConnection(await liveId(bench), { base_url: "http://theirs" }, signal);
        }
        return real(request);
      };
    await using bench = await workbench(wrap);
    await bench.deploy(desired());
    const plan = await bench.plan(desired({ timeout_secs: 60 }));
    isOpen = true;
    expect((await bench.apply(plan)).results).toMatchObject([{ outcome: "done" }]);
    const next = await bench.plan(desired({ timeout_secs: 60 }));
    expect(next.changes).toMatchObject([
      { marks: ["drift"], fields: [{ path: "/config/base_url", from: "http://theirs" }] },
    ]);
    await bench.apply(next);
    expect((await bench.plan(desired({ timeout_secs: 60 }))).changes).toEqual([]);
  });

  it("and that is what the plan asks for does not hide the secret that came with it", async () => {
    await using bench = await workbench();
    await bench.deploy(desired());
    const plan = await bench.plan(desired({ timeout_secs: 60 }));
    await bench.api.updateConnection(await liveId(bench), { timeout_secs: 60, api_key: "theirs" }, signal);
    bench.forgetRequests();
    expect((await bench.apply(plan)).results).toMatchObject([{ outcome: "done" }]);
    expect(bench.requests.filter((request) => request.startsWith("PATCH"))).toEqual([]);
    const next = await bench.plan(desired({ timeout_secs: 60 }));
    expect(next.changes).toMatchObject([{ fields: [{ path: "/config/api_key", class: "unknown" }] }]);
  });

  it("is named as deleted where it was", async () => {
    await using bench = await workbench();
    await bench.deploy(desired());
    const plan = await bench.plan(desired({ timeout_secs: 60 }));
    await bench.api.deleteConnection(await liveId(bench), signal);
    const [result] = (await bench.apply(plan)).results;
    expect(result).toMatchObject({ outcome: "conflict", error: { message: expect.stringContaining("deleted") } });
    expect(result?.fields).toEqual(plan.changes[0]?.fields);
  });
});

describe("what an interrupted create made", () => {
  it("and somebody changed before the next run is set back", async () => {
    await using bench = await workbench();
    const [own] = desired().t001;
    if (own === undefined) throw new Error("no connection");
    const plan = await bench.plan(desired());
    const [change] = plan.changes;
    if (change === undefined) throw new Error("no change");
    const { connection_id } = await bench.api.createConnection(
      "elasticsearch",
      { name: own._id, base_url: "http://127.0.0.1:9", api_key: "s3cret-value-1", timeout_secs: 30 },
      signal,
    );
    {
      await using lease = await bench.ledger.lease("t001", localHolder("gone"));
      await bench.ledger.intend(lease, "gone", [{ change, seen: [] }]);
      await bench.ledger.acked(lease, change, connection_id);
    }
    await bench.api.updateConnection(connection_id, { timeout_secs: 7 }, signal);
    await bench.deploy(desired());
    expect((await bench.api.listConnections(signal)).map(({ id, config }) => [id, config?.["timeout_secs"]])).toEqual([
      [connection_id, 30],
    ]);
    expect((await bench.plan(desired())).changes).toEqual([]);
    expect(await bench.ledger.open("t001")).toEqual([]);
  });
});
