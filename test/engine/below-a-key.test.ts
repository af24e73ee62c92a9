import { describe, expect, it } from "vitest";
import type { Json, Path, Properties, Resource } from "../../src/contract/index.ts";
import { at } from "../../src/contract/index.ts";
import type { Fetch } from "./workbench.ts";
import { aConnection, signal, workbench } from "./workbench.ts";

/** A connection without secrets: by them alone a write of somebody else would be noticed. */
const desired = (headers: Json | undefined, more: Properties = {}): { readonly t001: readonly Resource[] } => {
  const resource = aConnection("t001");
  const { name, base_url } = resource.properties["config"] as { readonly [key: string]: Json };
  const config = {
    ...(name === undefined ? {} : { name }),
    ...(base_url === undefined ? {} : { base_url }),
    ...(headers === undefined ? {} : { headers }),
    ...more,
  };
  return { t001: [{ ...resource, properties: { source: "elasticsearch", auth: "none", config } }] };
};

type Bench = Awaited<ReturnType<typeof workbench>>;

const liveId = async (bench: Bench): Promise<string> => (await bench.api.listConnections(signal))[0]?.id ?? "";

const edit = async (bench: Bench, config: Properties): Promise<void> => {
  await bench.api.updateConnection(await liveId(bench), config, signal);
};

const headers = async (bench: Bench): Promise<Json | undefined> =>
  (await bench.api.listConnections(signal))[0]?.config?.["headers"];

const keeping = (keepField: (field: { readonly path: Path; readonly class: string }) => boolean) => ({
  policies: { keepField: (_tenant: string, _kind: string, field: { path: Path; class: string }) => keepField(field) },
});

describe.each(["merge", "replace"] as const)("a change below a configuration key on a target that does %s", (patch) => {
  it.each([
    ["that a rule ignores", keeping(({ path }) => path !== "/config/headers/x")],
    ["whose drift is to be kept", keeping((field) => field.class !== "drift")],
  ])("leaves a sibling %s as somebody wrote it", async (_name, policies) => {
    await using bench = await workbench(undefined, { traits: { patch } });
    await bench.deploy(desired({ x: 1, y: 1 }));
    await edit(bench, {
      ...(at(desired({}).t001[0]?.properties, "/config") as Properties),
      headers: { x: 77, y: 1, z: 5 },
    });
    const applied = await bench.deploy(desired({ x: 1, y: 2 }), policies);
    expect(applied.results).toMatchObject([{ op: "update", outcome: "done" }]);
    expect(await headers(bench)).toEqual({ x: 77, y: 2, z: 5 });
    expect((await bench.plan(desired({ x: 1, y: 2 }), policies)).changes).toEqual([]);
    // It stays a difference: once the rule goes, it is set back.
    const plan = await bench.plan(desired({ x: 1, y: 2 }));
    expect(plan.changes).toMatchObject([{ fields: [{ path: "/config/headers/x", from: 77, to: 1, class: "drift" }] }]);
    await bench.apply(plan);
    expect(await headers(bench)).toEqual({ x: 1, y: 2, z: 5 });
  });

  it("takes out what the files no longer name, and that alone", async () => {
    await using bench = await workbench(undefined, { traits: { patch } });
    await bench.deploy(desired({ x: 1, y: 1 }));
    await edit(bench, {
      ...(at(desired({}).t001[0]?.properties, "/config") as Properties),
      headers: { x: 1, y: 1, z: 5 },
    });
    await bench.deploy(desired({ y: 1 }));
    expect(await headers(bench)).toEqual({ y: 1, z: 5 });
    expect((await bench.plan(desired({ y: 1 }))).changes).toEqual([]);
  });

  it("sends the secrets of that key again, which need no write of their own", async () => {
    await using bench = await workbench(undefined, { traits: { patch } });
    bench.secrets.set("token", "a-token");
    const sealed = { $secret: "$SECRET(token)" };
    await bench.deploy(desired({ auth: sealed, y: 1 }));
    await bench.deploy(desired({ auth: sealed, y: 2 }));
    expect(await headers(bench)).toEqual({ auth: "a-token", y: 2 });
    expect((await bench.plan(desired({ auth: sealed, y: 2 }))).changes).toEqual([]);
  });
});

describe("what somebody wrote after the plan", () => {
  const cases: readonly [string, Json, Json, Json, readonly Path[]][] = [
    ["into a mapping that becomes a list", { x: { a: 1 } }, { x: [1] }, { x: { b: 1 } }, ["/config/headers/x/b"]],
    ["where null is declared", { x: null, y: 1 }, { x: null, y: 2 }, { x: 9 }, ["/config/headers/x"]],
    ["in place of a mapping", { y: 1 }, { y: 1, x: { a: 1 } }, { x: "s1" }, ["/config/headers/x/a"]],
    ["into what is taken out whole", { x: {}, y: 1 }, { y: 1 }, { x: { k: 1 } }, ["/config/headers/x/k"]],
  ];
  it.each(cases)("%s is a conflict, and stays", async (_name, before, after, theirs, paths) => {
    await using bench = await workbench();
    await bench.deploy(desired(before));
    const plan = await bench.plan(desired(after));
    await edit(bench, { headers: theirs });
    const left = await headers(bench);
    const { results } = await bench.apply(plan);
    expect(results).toMatchObject([{ outcome: "conflict", fields: paths.map((path) => ({ path })) }]);
    expect(await headers(bench)).toEqual(left);
    expect((await bench.deploy(desired(after))).results).toMatchObject([{ outcome: "done" }]);
  });

  it("where null is declared keeps the object from being deleted", async () => {
    await using bench = await workbench();
    await bench.deploy(desired(undefined, { timeout_secs: null }));
    const plan = await bench.plan({ t001: [] }, { prune: true, maxDeletes: 9, leaving: ["t001"] });
    await edit(bench, { timeout_secs: 999 });
    expect((await bench.apply(plan)).results).toMatchObject([{ op: "delete", outcome: "conflict" }]);
    expect(await bench.api.listConnections(signal)).toHaveLength(1);
  });
});

describe("what somebody put into a key and the target shows masked", () => {
  it("refuses a change of that key, which would lose it", async () => {
    const wrap =
      (real: Fetch): Fetch =>
      async (request) => {
        const answer = await real(request);
        const text = (await answer.text()).replaceAll("their-token", "***");
        return new Response(text, { status: answer.status, headers: answer.headers });
      };
    await using bench = await workbench(wrap);
    await bench.deploy(desired({ y: 1 }));
    await edit(bench, { headers: { authorization: "their-token" } });
    const requests = bench.requests.length;
    const { results } = await bench.deploy(desired({ y: 2 }));
    expect(results).toMatchObject([{ outcome: "failed", error: { code: "blocked" } }]);
    expect(bench.requests.slice(requests).filter((request) => request.startsWith("PATCH"))).toEqual([]);
  });
});

describe("a member called __proto__", () => {
  it("is written, compared and taken out like any other", async () => {
    await using bench = await workbench();
    const first = JSON.parse('{"__proto__":{"a":1},"y":1}') as Json;
    await bench.deploy(desired(first));
    expect((await bench.plan(desired(first))).changes).toEqual([]);
    expect(await bench.drift()).toEqual([]);
    const plan = await bench.plan(desired(JSON.parse('{"__proto__":{"a":2},"y":1}') as Json));
    expect(plan.changes).toMatchObject([
      { fields: [{ path: "/config/headers/__proto__/a", from: 1, to: 2, class: "files" }] },
    ]);
    expect((await bench.apply(plan)).results).toMatchObject([{ outcome: "done" }]);
    expect(JSON.stringify(await headers(bench))).toBe('{"__proto__":{"a":2},"y":1}');
  });
});
