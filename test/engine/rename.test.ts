import { describe, expect, it } from "vitest";
import { address } from "../../src/contract/index.ts";
import { aConnection, aJob, signal, workbench } from "./workbench.ts";

const named = (_id: string, config = {}) => aConnection("t001", { name: "kept-name", ...config }, _id);
const moved = { moves: [{ from: "connection/old", to: "connection/new" }] };
const writes = (requests: readonly string[]) => requests.filter((request) => !request.startsWith("GET"));

describe("a renamed resource", () => {
  it("moves its entry without a write to the target, its secrets included", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [named("old")] });
    const [before] = await bench.ledger.entries("t001");
    bench.forgetRequests();
    const plan = await bench.plan({ t001: [named("new")] }, moved);
    expect(plan.changes).toMatchObject([{ op: "rename", from: "old", id: before?.id, entity: { _id: "new" } }]);
    expect(plan.summary).toMatchObject({ rename: 1, update: 0, insert: 0 });
    expect((await bench.apply(plan)).results).toMatchObject([{ op: "rename", outcome: "done" }]);
    expect(writes(bench.requests)).toEqual([]);
    const entries = await bench.ledger.entries("t001");
    expect(entries.map(({ resource, id }) => [resource._id, id])).toEqual([["new", before?.id]]);
    expect((await bench.plan({ t001: [named("new")] })).changes).toEqual([]);
    // The rule may stay in the files: it has nothing to move any more.
    expect((await bench.plan({ t001: [named("new")] }, moved)).changes).toEqual([]);
  });

  it("is written once where something else differs too", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [named("old")] });
    const plan = await bench.plan({ t001: [named("new", { timeout_secs: 77 })] }, moved);
    expect(plan.changes).toMatchObject([
      { op: "update", from: "old", marks: ["renamed"], fields: [{ path: "/config/timeout_secs" }] },
    ]);
    bench.forgetRequests();
    await bench.apply(plan);
    expect(writes(bench.requests)).toHaveLength(1);
    expect((await bench.plan({ t001: [named("new", { timeout_secs: 77 })] })).changes).toEqual([]);
  });

  it("keeps what refers to it", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [named("old"), aJob("t001", { connection: "old" })] });
    const desired = { t001: [named("new"), aJob("t001", { connection: "new" })] };
    bench.forgetRequests();
    const plan = await bench.plan(desired, moved);
    expect(plan.changes.map(({ op, kind, entity }) => [op, address(kind, entity._id)])).toEqual([
      ["rename", "connection/new"],
      ["noop", expect.stringContaining("import-job/")],
    ]);
    await bench.apply(plan);
    expect(writes(bench.requests)).toEqual([]);
    expect((await bench.plan(desired)).changes).toEqual([]);
    expect(await bench.api.listImportJobs(signal)).toHaveLength(1);
  });

  it("does not move onto what has an entry already, nor away from what is still declared", async () => {
    await using bench = await workbench();
    const both = { t001: [named("old"), aConnection("t001", {}, "new")] };
    await bench.deploy(both);
    expect((await bench.plan(both, moved)).changes).toEqual([]);
    const plan = await bench.plan({ t001: [aConnection("t001", {}, "new")] }, { ...moved, prune: true });
    expect(plan.changes).toMatchObject([{ op: "delete", entity: { _id: "old" } }]);
  });

  it("follows a chain and does not turn in a circle", async () => {
    await using bench = await workbench();
    await bench.deploy({ t001: [named("a")] });
    const chain = {
      moves: [
        { from: "connection/a", to: "connection/b" },
        { from: "connection/b", to: "connection/c" },
      ],
    };
    expect((await bench.plan({ t001: [named("c")] }, chain)).changes).toMatchObject([{ op: "rename", from: "a" }]);
    const circle = {
      moves: [
        { from: "connection/a", to: "connection/b" },
        { from: "connection/b", to: "connection/a" },
      ],
    };
    expect((await bench.plan({ t001: [named("a")] }, circle)).changes).toEqual([]);
  });
});
