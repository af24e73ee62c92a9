import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { createTenantProvider } from "../../src/pulumi/whole-tenant/create-tenant-provider.ts";
import { inArguments } from "../../src/pulumi/whole-tenant/wording.ts";
import { env, manifest, project as projectFile } from "../deploy/project-folder.ts";
import { compare, declared, errorOf, make, type TenantStage, tenantStage } from "../support/pulumi/tenant-stage.ts";

const connection = "connection/acme-t001-crm";
const job = "import-job/acme-t001-crm-contact-collect";

/** Refuses what is sent to such a path. */
const refuse = (stage: TenantStage, method: string, path: RegExp): void =>
  stage.intercept(async (request, pass) =>
    request.method === method && path.test(new URL(request.url).pathname)
      ? new Response(JSON.stringify({ error: "planted refusal" }), { status: 400 })
      : pass(request),
  );

const failuresOf = async (stage: TenantStage, given: Properties) => {
  const { failures = [] } = await stage.start().check({}, given);
  expect(JSON.stringify(failures)).not.toContain(stage.folder);
  return failures;
};

describe("arguments that are wrong", () => {
  it.each<[string, Properties, string, RegExp]>([
    ["an unknown argument", declared({ prun: true }), "prun", /did you mean "prune"/],
    ["no project", { tenant: "t001" }, "project", /required/],
    ["no tenant", { project: "deploy" }, "tenant", /required/],
    ["a wrong choice", declared({ prune: "yes" }), "prune", /true or false/],
    ["a wrong budget", declared({ maxDeletes: "many" }), "maxDeletes", /10%/],
    ["globs that are none", declared({ adopt: "connection/*" }), "adopt", /list/],
    ["values that are none", declared({ set: ["a"] }), "set", /mapping/],
    ["a folder without a project", declared({ project: "elsewhere" }), "project", /elsewhere/],
    ["a tenant that is not there", declared({ tenant: "t01" }), "tenant", /t001/],
    ["a variable that nobody declares", declared({ set: { timeot: 1 } }), "project", /timeot/],
  ])("are named by their property: %s", async (_, given, property, reason) => {
    const failures = await failuresOf(await tenantStage(), given);
    expect(failures).toMatchObject([{ property }]);
    expect(failures[0]?.reason).toMatch(reason);
  });

  it("are those that stand for something: null is no value", async () => {
    const stage = await tenantStage();
    const { inputs, failures } = await stage.start().check({}, { ...declared(), prune: null, set: null } as Properties);
    expect(failures).toEqual([]);
    expect(Object.keys(inputs ?? {}).sort()).toEqual(["desired", "environment", "project", "tenant"]);
  });

  it("include files, each problem with its place", async () => {
    const stage = await tenantStage({
      "tenants/t001.yaml": "id: t001\nconnectors: { crm: { parameter_valus: {}, datatyps: {} } }\n",
    });
    const places = async () => (await failuresOf(stage, declared())).map(({ reason }) => reason.split(" ")[0]);
    expect(await places()).toEqual(["tenants/t001.yaml:2:22", "tenants/t001.yaml:2:43"]);
    await stage.write({ "connectors/crm/manifest.yaml": manifest.replace("base_url: {}, ", "") });
    expect(await places()).toEqual(["connectors/crm/templates/system.yaml:6:21"]);
  });

  it("do not include another tenant's files", async () => {
    const stage = await tenantStage({ "tenants/t002.yaml": "id: t002\nconnectors: { crn: {} }\n" });
    expect(await failuresOf(stage, declared())).toEqual([]);
    await make(stage.start());
  });
});

describe("a deployment that is done in part", () => {
  it("is recorded with what is there, says what is left, and goes on with the next update", async () => {
    const stage = await tenantStage();
    refuse(stage, "PUT", /^\/import\//);
    const provider = stage.start();
    const { inputs = {} } = await provider.check({}, declared());
    const error = await errorOf(provider.create({ ...inputs, __provider: "the pointer" }));
    expect(error).toMatchObject({ id: "default/t001", reasons: [expect.stringContaining(job)] });
    // A refresh and a delete find the provider by it.
    const properties = error["properties"] as Properties;
    expect(properties["__provider"]).toBe("the pointer");
    expect(properties).toMatchObject({ pending: true, problems: { [job]: expect.stringMatching(/^failed: /) } });
    expect(Object.keys(properties["resources"] as Properties)).toContain(connection);
    expect(error.message).toContain(job);

    stage.intercept((request, pass) => pass(request));
    const next = stage.start();
    const { changes } = await compare(next, "default/t001", properties);
    expect(changes).toBe(true);
    const { outs = {} } = await next.update("default/t001", properties, inputs);
    expect(outs).toMatchObject({ pending: false, problems: {} });
    expect(await compare(stage.start(), "default/t001", outs)).toMatchObject({ changes: false });
  });

  it("is recorded in an update too", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    stage.env["CRM_KEY"] = "another-crm-key-value";
    refuse(stage, "PATCH", /./);
    const provider = stage.start();
    const { inputs } = await compare(provider, id, outs);
    const error = await errorOf(provider.update(id, outs, inputs));
    expect(error).toMatchObject({ id, properties: { pending: true } });
    expect(JSON.stringify([error.message, error["properties"], error["reasons"]])).not.toMatch(/crm-key-value/);
  });

  it("that wrote nothing is not recorded", async () => {
    const stage = await tenantStage();
    await make(stage.start(), declared());
    await rm(join(stage.folder, "deploy/.connector-deployer"), { recursive: true });
    const provider = stage.start();
    const { inputs = {} } = await provider.check({}, declared());
    const writes = await stage.writesOf(async () => {
      const error = await errorOf(provider.create(inputs));
      expect(error).toMatchObject({ code: "blocked" });
      expect(error).not.toHaveProperty("id");
    });
    expect(writes).toEqual([]);
  });
});

describe("another run on the same tenant", () => {
  it("refuses, says who it is, and writes nothing", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    const ledger = await openLedger(join(stage.folder, "deploy/.connector-deployer/ledger.db"), {
      environment: "default",
    });
    onTestFinished(() => ledger[Symbol.asyncDispose]());
    const lease = await ledger.lease("t001", localHolder("another-run"));
    stage.env["CRM_KEY"] = "another-crm-key-value";
    const provider = stage.start();
    const { inputs } = await compare(provider, id, outs);
    const writes = await stage.writesOf(async () => {
      expect((await errorOf(provider.update(id, outs, inputs))).message).toMatch(/another run/);
      expect((await errorOf(provider.delete(id, outs))).message).toMatch(/another run/);
    });
    expect(writes).toEqual([]);
    await lease[Symbol.asyncDispose]();
    await provider.update(id, outs, inputs);
  });

  it("is what is told where it deployed the tenant while this one planned, and not that what it made is a stranger's", async () => {
    const stage = await tenantStage();
    let first: Promise<unknown> | undefined;
    stage.intercept(async (request, pass) => {
      if (first === undefined) {
        first = make(stage.start());
        await first;
      }
      return pass(request);
    });
    const { message } = await errorOf(make(stage.start()));
    expect(message).toMatch(/another run/);
    expect(message).not.toMatch(/adopt/);
    expect(await stage.writesOf(() => make(stage.start()))).toEqual([]);
  });

  it("is told at once while it is at work, without waiting for what it has begun", async () => {
    const stage = await tenantStage({
      "connector-deployer.yaml": projectFile.replace("settle: 5ms", "settle: 5ms\n    request_timeout: 30s"),
    });
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    stage.intercept(async (request, pass) => {
      if (request.method === "POST" && request.url.includes("/source/")) {
        reach();
        await released;
      }
      return pass(request);
    });
    const first = make(stage.start());
    await reached;
    const { message } = await errorOf(make(stage.start()));
    expect(message).toMatch(/another run/);
    expect(message).not.toMatch(/adopt/);
    release();
    await first;
    expect(await stage.writesOf(() => make(stage.start()))).toEqual([]);
  });
});

describe("a target that cannot be used", () => {
  it("is told, also by a refresh, which calls nothing gone", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    stage.env["INFINO_SECRET_KEY"] = "planted-wrong-secret";
    const error = await errorOf(stage.start().read(id, outs));
    expect(error.message).not.toContain("planted-wrong-secret");
    expect(error).toHaveProperty("code");
    Reflect.deleteProperty(stage.env, "INFINO_SECRET_KEY");
    expect((await errorOf(stage.start().read(id, outs))).message).toContain("INFINO_SECRET_KEY");
  });

  it("needs no credentials to be compared", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    Reflect.deleteProperty(stage.env, "INFINO_SECRET_KEY");
    Reflect.deleteProperty(stage.env, "INFINO_ACCESS_KEY");
    expect(await compare(stage.start(), id, outs)).toMatchObject({ changes: false });
  });
});

describe("a process that should end", () => {
  it("starts nothing new, records what is done, and ends then", async () => {
    const stage = await tenantStage();
    const listeners = new Map<string, () => void>();
    const ended: string[] = [];
    const provider = stage.start({
      once: (name, listener) => listeners.set(name, listener),
      off: (name) => listeners.delete(name),
      end: (name) => ended.push(name),
    });
    stage.intercept(async (request, pass) => {
      if (request.method === "POST") listeners.get("SIGTERM")?.();
      return pass(request);
    });
    const { inputs = {} } = await provider.check({}, declared());
    expect(listeners.size).toBe(0);
    const error = await errorOf(provider.create(inputs));
    expect(error).toMatchObject({ id: "default/t001", properties: { pending: true } });
    expect(ended).toEqual(["SIGTERM"]);
    expect(listeners.size).toBe(0);
    // The interrupted run is finished by the next update.
    const next = stage.start();
    const { outs } = await next.update("default/t001", error["properties"] as Properties, inputs);
    expect(outs).toMatchObject({ pending: false });
  });
});

describe("everything that is returned or said", () => {
  it("holds no undefined, no secret and no folder of this machine", async () => {
    const stage = await tenantStage();
    const provider = stage.start();
    const answers: unknown[] = [];
    const made = await make(provider);
    answers.push(made, await provider.read(made.id, made.outs));
    answers.push(await compare(provider, made.id, made.outs, declared({ prune: true })));
    answers.push(await provider.check({}, declared({ project: join(stage.folder, "deploy") })));
    answers.push(await provider.check({}, declared({ project: join(stage.folder, "nowhere") })));
    for (const answer of answers) {
      expect(JSON.parse(JSON.stringify(answer))).toStrictEqual(answer);
      const text = JSON.stringify(answer);
      expect(text).not.toContain(stage.folder);
      for (const secret of [env.CRM_KEY, env.INFINO_SECRET_KEY]) expect(text).not.toContain(secret);
    }
  });

  it("is the same wherever the program lies", async () => {
    const one = await tenantStage();
    const { inputs } = await make(one.start(), declared({ project: join(one.folder, "deploy") }));
    expect(inputs["project"]).toBe("deploy");
    const moved = createTenantProvider(
      { env, dir: join(one.folder, "deploy"), clock: Date.now, sleep: async () => undefined },
      { idle: 0 },
    );
    const { inputs: here = {} } = await moved.check({}, { ...declared(), project: "." });
    expect(here["desired"]).toBe(inputs["desired"]);
  });
});

describe("a hint of the library", () => {
  it.each([
    ["run again with --max-deletes 3", "run again with maxDeletes: 3"],
    ["make them anew with --recreate-missing", "make them anew with recreateMissing: true"],
    ["run again with --adopt connection/a", 'run again with adopt: ["connection/a"]'],
    ["connector-deployer adopt --match name", "connector-deployer adopt --match name"],
  ])("names arguments in place of flags: %s", (hint, words) => {
    expect(inArguments(hint)).toBe(words);
  });
});
