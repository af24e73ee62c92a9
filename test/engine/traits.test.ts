import { describe, expect, it } from "vitest";
import type { Properties, Resource, Traits } from "../../src/contract/index.ts";
import { defaultTraits, traits } from "../../src/contract/index.ts";
import type { Workbench } from "./workbench.ts";
import { aConnection, aDataset, aJob, signal, workbench } from "./workbench.ts";

const each = Object.entries(traits).flatMap(([name, values]) =>
  values.map((value): readonly [string, Partial<Traits>] => [`${name}: ${value}`, { [name]: value }]),
);
const others: Traits = {
  patch: "replace",
  unset: "none",
  names: "unique",
  secrets: "masked",
  lists: "bare",
  updated_at: "any",
};
const all = [...each, ["every one but the default", others] as const];

const tenant = (config: Properties = {}): Record<string, readonly Resource[]> => ({
  t001: [aDataset("t001"), aConnection("t001", config), aJob("t001")],
});

const writes = (bench: Workbench): string[] => bench.requests.filter((request) => !request.startsWith("GET "));

const only = async (bench: Workbench) => {
  const [listed, ...more] = await bench.api.listConnections(signal);
  expect(more).toEqual([]);
  const live = await bench.api.getConnection(listed?.id ?? "", signal);
  if (live === undefined) throw new Error("there is no connection");
  return live;
};

/** Nothing to do, nothing moved, and applying it again writes nothing. */
const expectQuiet = async (bench: Workbench, desired: Record<string, readonly Resource[]>): Promise<void> => {
  const plan = await bench.plan(desired);
  expect(plan.changes).toEqual([]);
  expect(plan.findings).toEqual([]);
  expect(await bench.drift()).toEqual([]);
  bench.forgetRequests();
  await bench.apply(plan);
  expect(writes(bench)).toEqual([]);
};

describe.each(all)("on a target with %s", (_name, given) => {
  it("a second plan is empty, nothing has drifted and a second apply writes nothing", async () => {
    await using bench = await workbench(undefined, { traits: given });
    const applied = await bench.deploy(tenant({ timeout_secs: 60 }));
    expect(applied.results.map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
    await expectQuiet(bench, tenant({ timeout_secs: 60 }));
  });

  it("an edited field is one PATCH, and everything else stays", async () => {
    await using bench = await workbench(undefined, { traits: given });
    await bench.deploy(tenant({ timeout_secs: 60 }));
    const before = await only(bench);
    await bench.api.updateConnection(before.id, { ...whole(bench, given), note: "by hand" }, signal);
    bench.forgetRequests();
    const edited = tenant({ timeout_secs: 90 });
    const applied = await bench.deploy(edited);
    expect(applied.results).toMatchObject([{ op: "update", outcome: "done" }]);
    expect(writes(bench)).toEqual([`PATCH /source/${before.id}`]);
    expect(await only(bench)).toMatchObject({ config: { timeout_secs: 90, note: "by hand" } });
    await expectQuiet(bench, edited);
  });

  it("a rotated secret is one PATCH, and everything else stays", async () => {
    await using bench = await workbench(undefined, { traits: given });
    await bench.deploy(tenant({ timeout_secs: 60 }));
    const before = await only(bench);
    bench.secrets.set("crm_key", "s3cret-value-2");
    bench.forgetRequests();
    await bench.deploy(tenant({ timeout_secs: 60 }));
    expect(writes(bench)).toEqual([`PATCH /source/${before.id}`]);
    expect((await only(bench)).config).toEqual(before.config);
    await expectQuiet(bench, tenant({ timeout_secs: 60 }));
  });

  it("a field that is taken out of the files is gone live", async () => {
    await using bench = await workbench(undefined, { traits: given });
    await bench.deploy(tenant({ username: "u" }));
    const applied = await bench.deploy(tenant());
    expect(applied.results.every(({ outcome }) => outcome === "done")).toBe(true);
    expect((await only(bench)).config).not.toHaveProperty("username");
    await expectQuiet(bench, tenant());
  });

  it("drift is shown and set back", async () => {
    await using bench = await workbench(undefined, { traits: given });
    await bench.deploy(tenant({ timeout_secs: 60 }));
    const { id } = await only(bench);
    await bench.api.updateConnection(id, { ...whole(bench, given), timeout_secs: 5 }, signal);
    expect(await bench.drift()).toMatchObject([{ fields: [{ path: "/config/timeout_secs", from: 60, to: 5 }] }]);
    const applied = await bench.deploy(tenant({ timeout_secs: 60 }));
    expect(applied.results).toMatchObject([{ op: "update", outcome: "done" }]);
    expect(await only(bench)).toMatchObject({ config: { timeout_secs: 60 } });
    await expectQuiet(bench, tenant({ timeout_secs: 60 }));
  });
});

/** What an editor by hand has to send, so that only what follows changes. */
const whole = (bench: Workbench, given: Partial<Traits>): Properties => {
  if (given.patch !== "replace") return {};
  const api_key = bench.secrets.get("crm_key") ?? "";
  return { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key, timeout_secs: 60 };
};

describe("a target whose PATCH replaces", () => {
  const replacing = { traits: { ...defaultTraits, patch: "replace", secrets: "masked" } } as const;

  it("is not written where it holds a secret that is not known here", async () => {
    await using bench = await workbench(undefined, replacing);
    await bench.deploy(tenant({ timeout_secs: 60 }));
    const { id } = await only(bench);
    const theirs = { ...whole(bench, replacing.traits), password: "planted-by-hand" };
    await bench.api.updateConnection(id, theirs, signal);
    bench.forgetRequests();
    const applied = await bench.deploy(tenant({ timeout_secs: 90 }));
    expect(applied.results).toMatchObject([
      { outcome: "failed", error: { code: "blocked", message: expect.stringContaining("config.password") } },
    ]);
    expect(writes(bench)).toEqual([]);
    expect(await bench.ledger.open("t001")).toEqual([]);
    expect(await only(bench)).toMatchObject({ config: { password: "***", timeout_secs: 60 } });
  });

  it.each(["***", "[secret]", "********", "••••••", "https://u:***@127.0.0.1/x"])(
    "is not written where it shows %s in a field that the catalog does not know",
    async (shown) => {
      let body = "";
      await using bench = await workbench(
        (real) => async (request) => {
          if (request.method === "PATCH") body = await request.clone().text();
          return real(request);
        },
        { traits: { patch: "replace" } },
      );
      await bench.deploy(tenant({ timeout_secs: 60 }));
      const { id } = await only(bench);
      await bench.api.updateConnection(id, { ...whole(bench, replacing.traits), custom: { deep: [shown] } }, signal);
      body = "";
      const applied = await bench.deploy(tenant({ timeout_secs: 90 }));
      expect(applied.results).toMatchObject([{ outcome: "failed", error: { code: "blocked" } }]);
      expect(body).toBe("");
    },
  );

  it("takes a field out by not sending it, also where nulls are ignored", async () => {
    await using bench = await workbench(undefined, { traits: { patch: "replace", unset: "none" } });
    await bench.deploy(tenant({ username: "u" }));
    const { id } = await only(bench);
    bench.forgetRequests();
    await bench.deploy(tenant());
    expect(writes(bench)).toEqual([`PATCH /source/${id}`]);
    expect((await only(bench)).config).not.toHaveProperty("username");
  });

  it("is not sent what it works out itself", async () => {
    let body = "";
    await using bench = await workbench(
      (real) => async (request) => {
        if (request.method === "PATCH") body = await request.clone().text();
        return real(request);
      },
      { traits: { patch: "replace" } },
    );
    bench.secrets.set("key", JSON.stringify({ project_id: "p-1", private_key: "planted" }));
    const warehouse = (dataset_ids: string): Resource => ({
      ...aConnection("t001"),
      properties: {
        source: "bigquery",
        auth: "service_account_key",
        config: { name: "acme-t001-crm", service_account_key: { $secret: "$SECRET(key)" }, dataset_ids },
      },
    });
    await bench.deploy({ t001: [warehouse("a")] });
    expect(await only(bench)).toMatchObject({ config: { project_id: "p-1" } });
    const applied = await bench.deploy({ t001: [warehouse("b")] });
    expect(applied.results).toMatchObject([{ op: "update", outcome: "done" }]);
    expect(Object.keys(JSON.parse(body).config).sort()).toEqual(["dataset_ids", "name", "service_account_key"]);
    await expectQuiet(bench, { t001: [warehouse("b")] });
  });

  it("loses no field that a rule leaves alone", async () => {
    await using bench = await workbench(undefined, { traits: { patch: "replace" } });
    await bench.deploy(tenant({ timeout_secs: 60 }));
    const { id } = await only(bench);
    await bench.api.updateConnection(id, { ...whole(bench, replacing.traits), timeout_secs: 5 }, signal);
    const kept = {
      policies: { keepField: (_: string, __: string, { path }: { path: string }) => !/timeout/.test(path) },
    };
    await bench.deploy(tenant({ timeout_secs: 60, base_url: "http://127.0.0.1:10" }), kept);
    expect(await only(bench)).toMatchObject({ config: { timeout_secs: 5, base_url: "http://127.0.0.1:10" } });
  });
});

describe("a target that ignores nulls, and is not said to", () => {
  const lying = { traits: { unset: "none" } } as const;

  it.each([
    ["alone", {}],
    ["beside another change", { timeout_secs: 90 }],
  ])("is found out where a field is removed %s", async (_name, config) => {
    await using bench = await workbench(undefined, lying);
    Object.assign(bench.target, { traits: defaultTraits });
    await bench.deploy(tenant({ username: "u" }));
    const applied = await bench.deploy(tenant(config));
    expect(applied.results).toMatchObject([
      { outcome: "failed", error: { code: "target-problem", message: expect.stringContaining("config.username") } },
    ]);
    const [change] = (await bench.plan(tenant(config))).changes;
    expect(change?.fields).toContainEqual(expect.objectContaining({ path: "/config/username", class: "removed" }));
  });

  it("is found out where a secret is removed and shown masked", async () => {
    await using bench = await workbench(undefined, { traits: { unset: "none", secrets: "masked" } });
    Object.assign(bench.target, { traits: { ...defaultTraits, secrets: "masked" } });
    await bench.deploy(tenant({ password: { $secret: "$SECRET(crm_key)" } }));
    const applied = await bench.deploy(tenant());
    expect(applied.results).toMatchObject([{ outcome: "failed", error: { code: "target-problem" } }]);
  });
});

describe("what is read", () => {
  const many = 30;
  const connections = (tenant: string): readonly Resource[] =>
    Array.from({ length: many }, (_, index) => aConnection(tenant, {}, `acme-${tenant}-c${index}`));
  const lists = ["GET /import/jobs", "GET /metadata", "GET /sources/connections"];

  it("is one list for each kind where lists are full", async () => {
    await using bench = await workbench();
    const desired = { t001: connections("t001"), t002: connections("t002") };
    await bench.deploy(desired);
    bench.forgetRequests();
    expect((await bench.plan(desired)).changes).toEqual([]);
    expect(bench.requests.toSorted()).toEqual(lists);
  });

  it("is one more for each object that matters where lists are bare", async () => {
    await using bench = await workbench(undefined, { traits: { lists: "bare" } });
    const theirs = { base_url: "http://127.0.0.1:9" };
    for (let index = 0; index < many; index++) {
      await bench.api.createConnection("elasticsearch", { ...theirs, name: `theirs-${index}` }, signal);
    }
    // Would be taken over, so it has to be seen whole.
    await bench.api.createConnection("elasticsearch", { ...theirs, name: "acme-t002-crm" }, signal);
    const desired = { t001: connections("t001") };
    await bench.deploy(desired);
    bench.forgetRequests();
    const plan = await bench.plan({ ...desired, t002: [aConnection("t002")] });
    expect(plan.refusals).toMatchObject([{ guard: "adoption-needed", tenant: "t002" }]);
    const reads = bench.requests.filter((request) => request.startsWith("GET /source/"));
    expect(new Set(reads).size).toBe(many + 1);
    expect(bench.requests).toHaveLength(lists.length + many + 1);
    bench.forgetRequests();
    expect(await bench.drift()).toEqual([]);
    expect(bench.requests).toHaveLength(lists.length + many);
  });

  it("is no more for an insert where lists are bare", async () => {
    await using bench = await workbench(undefined, { traits: { lists: "bare" } });
    const plan = await bench.plan({ t001: connections("t001") });
    bench.forgetRequests();
    await bench.apply(plan);
    expect(bench.requests).toHaveLength(many * 2 + 1);
  });

  it("is every connection where lists do not even say names", async () => {
    await using bench = await workbench(
      (real) => async (request) => {
        const answer = await real(request);
        if (new URL(request.url).pathname !== "/sources/connections") return answer;
        const list = (await answer.json()) as Record<string, unknown>[];
        return Response.json(list.map(({ name: _, ...rest }) => rest));
      },
      { traits: { lists: "bare" } },
    );
    await bench.api.createConnection("elasticsearch", { name: "acme-t001-crm", base_url: "http://x" }, signal);
    await bench.api.createConnection("elasticsearch", { name: "theirs", base_url: "http://x" }, signal);
    bench.forgetRequests();
    const plan = await bench.plan({ t001: [aConnection("t001")] });
    expect(plan.refusals).toMatchObject([{ guard: "adoption-needed" }]);
    expect(bench.requests).toHaveLength(lists.length + 2);
  });

  it("is also what an interrupted run may have made under a name that is not asked for any more", async () => {
    await using bench = await workbench(undefined, { traits: { lists: "bare" } });
    const [change] = (await bench.plan({ t001: [aConnection("t001")] })).changes;
    if (change === undefined) throw new Error("the plan has no change");
    {
      const holder = { host: "gone", bootId: "", pid: 1, started: "2026-01-01T00:00:00Z", run: "killed" };
      await using lease = await bench.ledger.lease("t001", holder);
      await bench.ledger.intend(lease, "killed", [{ change, seen: [] }]);
      const config = { name: "acme-t001-crm", base_url: "http://127.0.0.1:9", api_key: "s3cret-value-1" };
      await bench.api.createConnection("elasticsearch", config, signal);
    }
    const renamed = { t001: [aConnection("t001", { name: "other" })] };
    const applied = await bench.deploy(renamed);
    expect(applied.results).toMatchObject([{ op: "update", outcome: "done" }]);
    expect(await only(bench)).toMatchObject({ config: { name: "other" } });
    expect((await bench.plan(renamed)).changes).toEqual([]);
  });

  it("is enough to adopt, and to claim what an unanswered create made", async () => {
    let broken = true;
    await using bench = await workbench(
      (real) => async (request) => {
        const answer = await real(request);
        if (!broken || request.method !== "POST") return answer;
        broken = false;
        return new Response("oops", { status: 502 });
      },
      { traits: { lists: "bare" } },
    );
    const applied = await bench.deploy({ t001: [aConnection("t001")] });
    expect(applied.results).toMatchObject([{ outcome: "done" }]);
    await bench.api.createConnection("elasticsearch", { name: "acme-t002-crm", base_url: "http://x" }, signal);
    const adopting = { policies: { mayAdopt: () => true } };
    const desired = { t001: [aConnection("t001")], t002: [aConnection("t002")] };
    expect((await bench.deploy(desired, adopting)).results).toMatchObject([{ op: "adopt", outcome: "done" }]);
    const plan = await bench.plan(desired);
    expect(plan.changes).toMatchObject([{ op: "update", fields: [{ path: "/config/api_key" }, { from: "http://x" }] }]);
  });
});
