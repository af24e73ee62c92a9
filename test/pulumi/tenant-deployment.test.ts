import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { openProject } from "../../src/deploy/index.ts";
import { createClient } from "../../src/infino/index.ts";
import { unknownText } from "../../src/pulumi/lifecycle/unknown.ts";
import { credentials, env, system, tenant } from "../deploy/project-folder.ts";
import { compare, declared, errorOf, make, type TenantStage, tenantStage } from "../support/pulumi/tenant-stage.ts";

const never = new AbortController().signal;

/** Another user of the same target. */
const other = (stage: TenantStage) =>
  createClient({ endpoint: env.INFINO_ENDPOINT, ...credentials, fetch: (request) => stage.service.fetch(request) });

/** The command line on the same folder. */
const project = async (stage: TenantStage) => {
  const opened = await openProject(join(stage.folder, "deploy"), {
    env: stage.env,
    fetch: (request) => stage.service.fetch(request),
  });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
};

const idIn = (outs: Properties, address: string): string =>
  (outs["resources"] as unknown as Record<string, { id: string }>)[address]?.id ?? "";

const connection = "connection/acme-t001-crm";
const job = "import-job/acme-t001-crm-contact-collect";
const dataset = "dataset/acme-t001-crm-contact";

describe("a tenant that is deployed", () => {
  it("exists, is told by resource, and is compared without a request", async () => {
    const stage = await tenantStage();
    const provider = stage.start();
    const { id, inputs, outs } = await make(provider);
    expect(id).toBe("default/t001");
    expect(inputs).toEqual({
      project: "deploy",
      tenant: "t001",
      environment: "default",
      desired: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(outs).toMatchObject({ ...inputs, drift: {}, problems: {}, pending: false });
    expect(Object.keys(outs["resources"] as Properties).sort()).toEqual([connection, dataset, job]);
    expect(await other(stage).getConnection(idIn(outs, connection), never)).toMatchObject({
      id: idIn(outs, connection),
    });
    const before = stage.requests.length;
    expect(await compare(stage.start(), id, outs)).toMatchObject({ changes: false, replaces: [] });
    expect(stage.requests.length).toBe(before);
  });

  it("is not written by a second create, after an answer that was lost", async () => {
    const stage = await tenantStage();
    const { outs } = await make(stage.start());
    const again = stage.start();
    expect(await stage.writesOf(async () => expect((await make(again)).outs).toEqual(outs))).toEqual([]);
  });

  it("is the same for the command line", async () => {
    const stage = await tenantStage();
    await make(stage.start());
    const plan = await (await project(stage)).plan({ tenants: ["t001"] });
    expect(plan.changes.filter(({ op }) => op !== "noop")).toEqual([]);
  });

  it("is not deployed twice by one program", async () => {
    const stage = await tenantStage();
    const provider = stage.start();
    const { inputs } = await make(provider);
    expect(await errorOf(provider.create(inputs))).toMatchObject({ code: "blocked" });
  });

  it("is not deleted by a resource that another one has taken the place of", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    const provider = stage.start();
    await make(provider);
    expect(await stage.writesOf(() => errorOf(provider.delete(id, outs)))).toEqual([]);
  });
});

describe("a change", () => {
  it("of one value is one PATCH with that value", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    await stage.write({
      "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_values: { timeout: 60 } } }\n",
    });
    const provider = stage.start();
    const { changes, replaces, inputs } = await compare(provider, id, outs);
    expect({ changes, replaces }).toEqual({ changes: true, replaces: [] });
    let after: Properties = {};
    const writes = await stage.writesOf(async () => {
      after = (await provider.update(id, outs, inputs)).outs ?? {};
    });
    expect(writes).toEqual([`PATCH /source/${idIn(outs, connection)}`]);
    expect(await compare(stage.start(), id, after)).toMatchObject({ changes: false });
  });

  it("of another tenant's files is none", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    await stage.write({ "tenants/t002.yaml": tenant("t002", "labels: { region: eu }\n") });
    expect(await compare(stage.start(), id, outs)).toMatchObject({ changes: false });
  });

  it("of a template is seen", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    await stage.write({ "connectors/crm/templates/system.yaml": system.replace("<<@ timeout @>>", "77") });
    expect((await compare(stage.start(), id, outs)).changes).toBe(true);
  });

  it("of a secret is seen, and sends that secret", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    stage.env["CRM_KEY"] = "another-crm-key-value";
    const provider = stage.start();
    const { changes, inputs } = await compare(provider, id, outs);
    expect(changes).toBe(true);
    const writes = await stage.writesOf(() => provider.update(id, outs, inputs));
    expect(writes).toEqual([`PATCH /source/${idIn(outs, connection)}`]);
    expect(JSON.stringify([inputs, outs])).not.toMatch(/another-crm-key|planted-crm-key/);
  });

  it("of a setting is recorded and writes nothing", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    const provider = stage.start();
    const { changes, inputs } = await compare(provider, id, outs, declared({ deleteData: true }));
    expect(changes).toBe(true);
    let after: Properties = {};
    expect(
      await stage.writesOf(async () => {
        after = (await provider.update(id, outs, inputs)).outs ?? {};
      }),
    ).toEqual([]);
    expect(after["deleteData"]).toBe(true);
  });

  it("of the tenant or the environment replaces it, the old one first", async () => {
    const stage = await tenantStage({ "environments/stage.yaml": "vendor: acme\n" });
    const { id, outs } = await make(stage.start());
    for (const change of [{ tenant: "t002" }, { environment: "stage" }]) {
      expect(await compare(stage.start(), id, outs, declared(change))).toMatchObject({
        changes: true,
        replaces: Object.keys(change),
        deleteBeforeReplace: true,
      });
    }
  });

  it("between check and update is refused before anything is written", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    const provider = stage.start();
    const { inputs } = await compare(provider, id, outs, declared({ prune: true }));
    await stage.write({
      "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_values: { timeout: 61 } } }\n",
    });
    const writes = await stage.writesOf(async () =>
      expect(await errorOf(provider.update(id, outs, inputs))).toMatchObject({ code: "stale-plan" }),
    );
    expect(writes).toEqual([]);
  });
});

describe("values over all others", () => {
  it("are deployed, compared, and never shown", async () => {
    const stage = await tenantStage();
    const provider = stage.start();
    const given = declared({ set: { timeout: 45, base_url: "http://127.0.0.1:9/planted-in-set" } });
    const { id, inputs, outs } = await make(provider, given);
    const live = await other(stage).getConnection(idIn(outs, connection), never);
    expect(live?.config).toMatchObject({ timeout_secs: 45, base_url: "http://127.0.0.1:9/planted-in-set" });
    const { set: _, ...rest } = outs;
    expect(JSON.stringify(rest)).not.toContain("planted-in-set");
    expect(inputs["desired"]).toBe(outs["desired"]);
    expect(await compare(stage.start(), id, outs, given)).toMatchObject({ changes: false });
    expect((await compare(stage.start(), id, outs, declared({ set: { timeout: 46 } }))).changes).toBe(true);
  });

  it("that are not known in a preview count as a change and are not read", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    for (const set of [unknownText, { timeout: unknownText }]) {
      const { changes, inputs } = await compare(stage.start(), id, outs, declared({ set }));
      expect(changes).toBe(true);
      expect(inputs["desired"]).toBe(unknownText);
    }
  });
});

describe("what somebody else changed", () => {
  const drifted = async () => {
    const stage = await tenantStage();
    const made = await make(stage.start());
    await other(stage).updateConnection(idIn(made.outs, connection), { timeout_secs: 99 }, never);
    return { stage, ...made };
  };

  it("is shown by a refresh, is a change then, and is set back by the next update", async () => {
    const { stage, id, outs, inputs } = await drifted();
    const provider = stage.start();
    const { props = {}, inputs: read } = await provider.read(id, outs);
    expect(read).toEqual(inputs);
    expect(props).toMatchObject({
      pending: true,
      drift: { [connection]: { gone: false, fields: ["config.timeout_secs"] } },
    });
    // As a refresh asks: what is there now against what was asked for.
    expect(await provider.diff(id, props, inputs)).toMatchObject({ changes: true, replaces: [] });
    const writes = await stage.writesOf(async () => {
      const { outs: after } = await provider.update(id, props, inputs);
      expect(after).toMatchObject({ pending: false, drift: {} });
    });
    expect(writes).toEqual([`PATCH /source/${idIn(outs, connection)}`]);
  });

  it("and the command line set back is no change after a refresh", async () => {
    const { stage, id, outs, inputs } = await drifted();
    const { props = {} } = await stage.start().read(id, outs);
    await (await project(stage)).deployTenant("t001");
    const { props: again = {} } = await stage.start().read(id, props);
    expect(again).toEqual(outs);
    expect(await stage.start().diff(id, again, inputs)).toMatchObject({ changes: false });
  });

  it("is not overwritten before a refresh has shown it, unless asked for", async () => {
    const { stage, id, outs } = await drifted();
    await stage.write({
      "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_values: { timeout: 60 } } }\n",
    });
    const provider = stage.start();
    const { inputs } = await compare(provider, id, outs);
    const writes = await stage.writesOf(async () => {
      const error = await errorOf(provider.update(id, outs, inputs));
      expect(error).toMatchObject({ code: "blocked" });
      expect(error.message).toMatch(/config\.timeout_secs.*pulumi refresh.*overwriteDrift/s);
    });
    expect(writes).toEqual([]);
    const over = await compare(provider, id, outs, declared({ overwriteDrift: true }));
    expect(await stage.writesOf(() => provider.update(id, outs, over.inputs))).toHaveLength(1);
  });

  it("is no change where the files keep it", async () => {
    const { stage, id, outs } = await drifted();
    await stage.write({ "tenants/t001.yaml": tenant("t001", "on_drift: keep\n") });
    const { props = {} } = await stage.start().read(id, outs);
    expect(props).toMatchObject({ pending: false, drift: {} });
  });

  it("by deleting one thing is made anew after a refresh", async () => {
    const stage = await tenantStage();
    const { id, outs, inputs } = await make(stage.start());
    await other(stage).deleteConnection(idIn(outs, connection), never);
    const provider = stage.start();
    const { props = {} } = await provider.read(id, outs);
    expect(props).toMatchObject({ pending: true, drift: { [connection]: { gone: true } } });
    const { outs: after = {} } = await provider.update(id, props, inputs);
    expect(idIn(after, connection)).not.toBe(idIn(outs, connection));
    expect(after).toMatchObject({ pending: false });
  });
});

describe("a tenant that is gone", () => {
  it("is told so by a refresh, and made anew", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    const opened = await project(stage);
    await opened.apply(await opened.planDestroy("t001"));
    expect(await stage.start().read(id, outs)).toEqual({ id: "", props: {}, inputs: {} });
    await make(stage.start());
  });

  it("is told so by a refresh, again and again, and a deletion has nothing to do", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    const opened = await project(stage);
    await opened.apply(await opened.planDestroy("t001"));
    await opened.forget({ resources: ["**"], tenants: ["t001"] });
    for (const _ of [1, 2]) expect((await stage.start().read(id, outs)).id).toBe("");
    expect(await stage.writesOf(() => stage.start().delete(id, outs))).toEqual([]);
  });
});

describe("a ledger that never had anything of the tenant", () => {
  const without = async (others: boolean) => {
    const stage = await tenantStage({ "tenants/t002.yaml": tenant("t002") });
    const { id, inputs, outs } = await make(stage.start());
    await rm(join(stage.folder, "deploy/.connector-deployer"), { recursive: true });
    if (others) await make(stage.start(), declared({ tenant: "t002" }));
    return { stage, id, inputs, outs };
  };

  for (const [ledger, others] of [
    ["an empty one", false],
    ["one that has other tenants", true],
  ] as const) {
    it(`does not say that it is gone, ${ledger}`, async () => {
      const { stage, id, outs } = await without(others);
      expect(await errorOf(stage.start().read(id, outs))).toMatchObject({ code: "blocked" });
    });

    it(`does not delete it, and does not say so, ${ledger}`, async () => {
      const { stage, id, outs } = await without(others);
      const before = (await other(stage).listConnections(never)).length;
      const error = await errorOf(stage.start().delete(id, outs));
      expect(error).toMatchObject({ code: "blocked" });
      expect(error.message).toMatch(/deploy\/\.connector-deployer\/.*ledger:.*pulumi state delete/s);
      expect((await other(stage).listConnections(never)).length).toBe(before);
    });

    it(`does not make it a second time, ${ledger}`, async () => {
      const { stage, id, inputs, outs } = await without(others);
      expect(await stage.writesOf(() => errorOf(stage.start().update(id, outs, inputs)))).toEqual([]);
    });
  }

  it("lets a deployment go that never made anything", async () => {
    const { stage, id, outs } = await without(false);
    await stage.start().delete(id, { ...outs, resources: {} });
  });
});

describe("a deletion", () => {
  it("takes everything but data, may be repeated, and needs no tenant file", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    await rm(join(stage.folder, "deploy/tenants/t001.yaml"));
    await stage.start().delete(id, outs);
    expect(await other(stage).listConnections(never)).toEqual([]);
    expect((await other(stage).listDatasets(never)).map(({ index }) => index)).toEqual(["acme-t001-crm-contact"]);
    expect(await stage.writesOf(() => stage.start().delete(id, outs))).toEqual([]);
  });

  it("takes data too where state and files say so", async () => {
    const datatype = "_id: <<@ system @>>-x\ntype: dataset\nname: <<@ system @>>-x\non_delete: delete\n";
    const stage = await tenantStage({ "connectors/crm/templates/datatype.yaml": datatype });
    const { id, outs } = await make(stage.start(), declared({ deleteData: true }));
    await stage.start().delete(id, outs);
    expect(await other(stage).listDatasets(never)).toEqual([]);
  });

  it("that failed in part says what is left, and goes on when it is repeated", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    stage.intercept(async (request, pass) =>
      request.method === "DELETE" && request.url.includes("/source/")
        ? new Response(JSON.stringify({ error: "not now" }), { status: 409 })
        : pass(request),
    );
    expect((await errorOf(stage.start().delete(id, outs))).message).toContain(connection);
    stage.intercept((request, pass) => pass(request));
    await stage.start().delete(id, outs);
    expect(await other(stage).listConnections(never)).toEqual([]);
  });
});
