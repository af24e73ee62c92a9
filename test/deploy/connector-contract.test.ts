import { describe, expect, it } from "vitest";
import type { Entity, Json, Plan } from "../../src/contract/index.ts";
import type { EntityReport, Project } from "../../src/deploy/index.ts";
import { signedClient } from "../support/signed.ts";
import { credentials, env, opened, projectFolder, startedService, write } from "./project-folder.ts";

/** A deployed project; `t001` and `t002` own three things each. */
const deployed = async () => {
  const service = await startedService();
  const dir = await projectFolder();
  const project = await opened(dir, service);
  await project.apply(await project.plan());
  const client = signedClient(credentials, (request) => service.fetch(request));
  return { service, dir, project, client };
};

const lines = (...entities: readonly object[]): string => entities.map((entity) => JSON.stringify(entity)).join("\n");

const find = ({ entities }: EntityReport, text: string): Entity => {
  const found = entities.find((entity) => JSON.stringify(entity).includes(text));
  if (found === undefined) throw new Error(`no entity with ${text}`);
  return found;
};

/** The connection of t001 as it is collected. */
const collected = async (project: Project): Promise<Entity> => {
  const side = await project.entities("collect", { tenants: ["t001"] });
  return find(side, "infino-connection:");
};

const config = (entity: Entity): { readonly [key: string]: Json } =>
  entity["config"] as { readonly [key: string]: Json };

const opsOf = (plan: Plan): readonly string[] =>
  plan.changes.map(({ op, kind, entity }) => `${op} ${kind}/${entity._id}`);

const wrongOf = async (plan: Promise<Plan>): Promise<readonly string[]> => {
  const error = await plan.then(
    () => undefined,
    (thrown: unknown) => thrown as { code: string; details?: { diagnostics?: { code: string; location: object }[] } },
  );
  expect(error?.code).toBe("invalid-files");
  return (error?.details?.diagnostics ?? []).map(
    ({ code, location }) => `${code} ${JSON.stringify(Object.values(location))}`,
  );
};

/** What one field of t001's connection would become. */
const withTimeout = (entity: Entity, timeout: number): Entity => ({
  ...entity,
  config: { ...config(entity), timeout_secs: timeout },
});

/** The same with what was collected as its basis. */
const edited = (entity: Entity, timeout: number): Entity => {
  const based = Object.fromEntries(Object.entries(entity).filter(([key]) => !/^[$_]/.test(key)));
  return { ...withTimeout(entity, timeout), _deleted: false, $based_on: based };
};

describe("the sides of the contract", () => {
  it("hold what the files ask for, what is live and what was sent, joined as the contract says, and no secret", async () => {
    const { project, client } = await deployed();
    await client("POST", "/source/elasticsearch", {
      config: { name: "of-nobody", base_url: "http://127.0.0.1:9", api_key: "foreign-planted-key" },
    });
    const [transform, collect, share, all] = await Promise.all([
      project.entities("transform"),
      project.entities("collect"),
      project.entities("share"),
      project.entities("collect", { all: true }),
    ]);
    expect(transform.entities.map(({ _id }) => _id)).toContain("acme-connection:acme-t001-crm");
    expect([transform, collect, share].map(({ entities }) => entities.length)).toEqual([6, 6, 6]);
    expect(all.entities).toHaveLength(7);
    expect(find(all, "of-nobody")).not.toHaveProperty("$origin");
    for (const shared of share.entities) {
      const live = find(collect, `:${String(shared["$generated_id"])}"`);
      expect(live["$origin"]).toBe(shared["$origin"]);
    }
    const connection = find(collect, "infino-connection:");
    expect(connection["$last-modified"]).toMatch(/^~t\d{4}-\d\d-\d\dT.*Z$/);
    const text = JSON.stringify([transform, collect, share, all]);
    expect(text).not.toContain(env.CRM_KEY);
    expect(text).not.toContain("foreign-planted-key");
    expect(text).not.toContain("fingerprint");
    expect(find(transform, "acme-connection:acme-t001-crm")).toMatchObject({
      config: { api_key: { $secret: "$SECRET(crm_api_key)" } },
    });
  });

  it("of what is desired gives the plan that the files give", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(), service);
    const desired = lines(...(await project.entities("transform")).entities);
    const [fromFiles, fromEntities] = [await project.plan(), await project.planEntities(desired)];
    expect(fromEntities.changes).toEqual(fromFiles.changes);
    expect(fromEntities.summary).toEqual(fromFiles.summary);
    expect((await project.apply(fromEntities)).summary).toMatchObject({ insert: 6, failed: 0 });
    expect((await project.plan()).changes).toEqual([]);
    expect((await project.planEntities(desired)).summary).toMatchObject({ insert: 0, update: 0, noop: 6 });
  });

  it("of what is live, given back as it is, changes nothing", async () => {
    const { project } = await deployed();
    const { entities } = await project.entities("collect");
    const based = entities.map((entity) => edited(entity, Number(config(entity)?.["timeout_secs"] ?? 30)));
    const same = based.map((entity) => (entity._id.startsWith("infino-connection:") ? entity : withoutConfig(entity)));
    const plan = await project.planEntities(lines(...same));
    expect(plan.changes.filter(({ op }) => op !== "noop")).toEqual([]);
    expect(plan.summary).toMatchObject({ noop: 6, tenants: 2 });
  });
});

const withoutConfig = (entity: Entity): Entity => {
  const { config: _, ...rest } = entity;
  return rest as Entity;
};

describe("the examples of the contract", () => {
  it("an insert makes what has no live id, with or without a $based_on", async () => {
    const { project } = await deployed();
    const insert = (_id: string, more: object = {}) => ({
      _id: `acme-dataset:${_id}`,
      _deleted: false,
      $ids: [`~:acme-dataset:${_id}`, "~:bar-person:1"],
      $tenant: "t001",
      name: _id,
      ...more,
    });
    const plan = await project.planEntities(lines(insert("fresh"), insert("other", { $based_on: {} })));
    expect(opsOf(plan)).toEqual(["insert dataset/fresh", "insert dataset/other"]);
    expect(await project.apply(plan)).toMatchObject({ summary: { insert: 2, conflict: 0, failed: 0 } });
    expect(find(await project.entities("collect", { tenants: ["t001"] }), '"fresh"')).toMatchObject({
      _id: "infino-dataset:fresh",
      $origin: "~:acme-dataset:fresh",
    });
  });

  it("an update writes what differs from $based_on, and nothing else", async () => {
    const { project } = await deployed();
    const plan = await project.planEntities(lines(edited(await collected(project), 60)));
    expect(plan.changes).toMatchObject([
      {
        op: "update",
        entity: { _id: "acme-t001-crm", $based_on: { config: { timeout_secs: 30 } } },
        fields: [{ path: "/config/timeout_secs", from: 30, to: 60, class: "files" }],
      },
    ]);
    expect(plan.tenants).toMatchObject({ t001: { from: "entities" } });
    expect(plan.changes[0]?.fields).toHaveLength(1);
    expect(await project.apply(plan)).toMatchObject({ summary: { update: 1, conflict: 0 } });
    expect(config(await collected(project))["timeout_secs"]).toBe(60);
  });

  it("an update of something older than what is live is a conflict, and what is live stays", async () => {
    const { project, client } = await deployed();
    const entity = await collected(project);
    await client("PATCH", `/source/${entity._id.split(":")[1]}`, { config: { timeout_secs: 45 } });
    const plan = await project.planEntities(lines(edited(entity, 60)));
    expect(await project.apply(plan)).toMatchObject({ summary: { update: 0, conflict: 1 } });
    expect(config(await collected(project))["timeout_secs"]).toBe(45);
    const { $based_on: _, ...unconditional } = edited(entity, 60);
    expect(await project.apply(await project.planEntities(lines(unconditional)))).toMatchObject({
      summary: { update: 1, conflict: 0 },
    });
  });

  it("a delete takes that one away, and what is not named stays", async () => {
    const { project } = await deployed();
    const job = find(await project.entities("collect", { tenants: ["t001"] }), "infino-import-job:");
    const plan = await project.planEntities(lines({ _id: job._id, _deleted: true, $tenant: "t001" }));
    expect(opsOf(plan)).toEqual(["delete import-job/acme-t001-crm-contact-collect"]);
    expect(plan.prunable).toEqual([]);
    expect(await project.apply(plan)).toMatchObject({ summary: { delete: 1 } });
    expect((await project.status()).items).toHaveLength(5);
  });

  it("deletes count in the delete budget", async () => {
    const { project } = await deployed();
    const { entities } = await project.entities("collect", { tenants: ["t001"] });
    const all = lines(...entities.map(({ _id }) => ({ _id, _deleted: true, $tenant: "t001" })));
    const refused = await project.planEntities(all);
    expect(refused.refusals.map(({ guard }) => guard)).toContain("tenant-delete-budget");
    const plan = await project.planEntities(all, { maxDeletes: 3, deleteData: true });
    expect(plan.refusals).toEqual([]);
    expect(plan.summary).toMatchObject({ delete: 2, retained: 1 });
  });

  it("a delete of what something else needs is refused", async () => {
    const { project } = await deployed();
    const wrong = project.planEntities(
      lines({ _id: "acme-connection:acme-t001-crm", _deleted: true, $tenant: "t001" }),
    );
    expect(await wrongOf(wrong)).toEqual(['dangling-reference ["entities",1,1]']);
  });

  it("what no entity names is left alone, though it drifted", async () => {
    const { project, client } = await deployed();
    const live = await collected(project);
    await client("PATCH", `/source/${live._id.split(":")[1]}`, { config: { timeout_secs: 45 } });
    const job = find(await project.entities("transform", { tenants: ["t001"] }), "acme-import-job:");
    const plan = await project.planEntities(lines({ ...job, schedule: "0 5 * * *" }));
    expect(opsOf(plan)).toEqual([`replace import-job/${job._id.split(":")[1]}`]);
    expect(plan.summary).toMatchObject({ replace: 1, update: 0, noop: 0 });
    expect(await project.apply(plan)).toMatchObject({ summary: { replace: 1, failed: 0 } });
    expect(config(await collected(project))["timeout_secs"]).toBe(45);
  });

  it("what refers to something that is replaced is replaced with it", async () => {
    const { project } = await deployed();
    const connection = find(await project.entities("transform"), "acme-connection:acme-t001-crm");
    const { api_key: password, ...rest } = config(connection);
    const other = { ...connection, auth: "basic_auth", config: { ...rest, username: "u", password } };
    const plan = await project.planEntities(lines(other), { maxDeletes: 2 });
    expect(opsOf(plan).toSorted()).toEqual([
      "replace connection/acme-t001-crm",
      "replace import-job/acme-t001-crm-contact-collect",
    ]);
    expect(await project.apply(plan)).toMatchObject({ summary: { replace: 2, failed: 0, skipped: 0 } });
  });

  it("$replaced renames what is ours, and what refers to it follows", async () => {
    const { project } = await deployed();
    const live = await collected(project);
    const desired = find(await project.entities("transform"), "acme-connection:acme-t001-crm");
    const old = { _id: "acme-connection:acme-t001-crm", _deleted: true, $replaced: true, $tenant: "t001" };
    const heir = { ...desired, _id: "acme-connection:crm", $ids: ["~:acme-connection:crm", `~:${old._id}`] };
    const plan = await project.planEntities(lines(old, heir));
    expect(opsOf(plan)).toContain("rename connection/crm");
    expect(plan.summary).toMatchObject({ insert: 0, delete: 0, replace: 0, rename: 1 });
    expect(await project.apply(plan)).toMatchObject({ summary: { rename: 1, failed: 0, conflict: 0 } });
    expect(await collected(project)).toMatchObject({ _id: live._id, $origin: "~:acme-connection:crm" });
  });
});

describe("entities that cannot be planned", () => {
  it("are named by their lines", async () => {
    const { project } = await deployed();
    const live = await collected(project);
    const named = (_id: string, more: object = {}) => ({ _id, $ids: [`~:${_id}`], $tenant: "t001", ...more });
    const text = lines(
      named("infino-connection:unknown"),
      named("acme-connection:x", { source: "nosuch", auth: "none", config: {} }),
      live,
      named("acme-connection:acme-t001-crm", { _deleted: true }),
      named("acme-dataset:gone", { _deleted: true, $replaced: true }),
      named("acme-dataset:UPPER", { name: "UPPER" }),
    );
    expect(await wrongOf(project.planEntities(text, { file: "d.jsonl" }))).toEqual([
      'invalid-value ["d.jsonl",1,1]',
      'unknown-connector-type ["d.jsonl",2,1]',
      'duplicate-id ["d.jsonl",4,1]',
      'invalid-value ["d.jsonl",5,1]',
      'invalid-dataset-name ["d.jsonl",6,1]',
    ]);
    expect(await wrongOf(project.planEntities(lines({ ...named("acme-dataset:x"), $tenant: "nobody" })))).toHaveLength(
      1,
    );
  });

  it("are those of a tenant that leaves, and none at all", async () => {
    const { project, dir, service } = await deployed();
    const entity = edited(await collected(project), 60);
    await write(dir, { "tenants/t001.yaml": "id: t001\nstate: absent\nconnectors: { crm: {} }\n" });
    const later = await opened(dir, service);
    expect(await wrongOf(later.planEntities(lines(entity)))).toEqual(['invalid-value ["entities",1,1]']);
    await expect(project.planEntities("\n\n")).rejects.toMatchObject({ code: "usage" });
  });

  it("are those of a rename that nothing explains", async () => {
    const { project } = await deployed();
    const old = { _id: "acme-dataset:acme-t001-crm-contact", _deleted: true, $replaced: true, $tenant: "t001" };
    const heir = (_id: string, ...more: readonly string[]) => ({
      _id: `acme-dataset:${_id}`,
      $ids: [`~:acme-dataset:${_id}`, ...more],
      $tenant: "t001",
      name: _id,
    });
    const of = `~:${old._id}`;
    expect(await wrongOf(project.planEntities(lines(old)))).toContain('invalid-value ["entities",1,1]');
    expect(await wrongOf(project.planEntities(lines(old, heir("a", of), heir("b", of))))).toContain(
      'invalid-value ["entities",1,1]',
    );
  });
});

describe("a plan of entities", () => {
  it("is applied as long as nothing moved, whatever the files say by then", async () => {
    const { project, dir, service } = await deployed();
    const plan = await project.planEntities(lines(edited(await collected(project), 60)));
    await write(dir, { "tenants/t001.yaml": "id: t001\nlabels: { a: b }\nconnectors: { crm: {} }\n" });
    const later = await opened(dir, service);
    expect(await later.apply(plan)).toMatchObject({ summary: { update: 1 } });
  });

  it("says the same whenever it is made", async () => {
    const { project } = await deployed();
    const text = lines(edited(await collected(project), 60));
    expect((await project.planEntities(text)).digest).toBe((await project.planEntities(`\n${text}\n`)).digest);
  });
});
