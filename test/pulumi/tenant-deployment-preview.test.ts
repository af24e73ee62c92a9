import { describe, expect, it } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { createPreviewer } from "../../src/pulumi/whole-tenant/preview.ts";
import { tenant } from "../deploy/project-folder.ts";
import { compare, declared, errorOf, make, type TenantStage, tenantStage } from "../support/pulumi/tenant-stage.ts";

const previewer = (stage: TenantStage) =>
  createPreviewer({
    env: stage.env,
    dir: stage.folder,
    clock: Date.now,
    sleep: async () => undefined,
    fetch: (request) => {
      stage.requests.push(`${request.method} ${new URL(request.url).pathname}`);
      return stage.service.fetch(request);
    },
  });

const many = Array.from({ length: 12 }, (_, index) => `m${index}`);
const files = Object.fromEntries(many.map((id) => [`tenants/${id}.yaml`, tenant(id)]));

describe("the previews of many tenants", () => {
  it("share what is read of the target", async () => {
    const stage = await tenantStage(files);
    const show = previewer(stage);
    await show(declared());
    const alone = stage.requests.length;
    stage.requests.length = 0;
    const notes = await Promise.all(many.map((id) => show(declared({ tenant: id }))));
    expect(notes.map(([note]) => note?.text.split("\n")[0])).toEqual(many.map((id) => `tenant ${id}: 3 to add`));
    expect(stage.requests.length).toBeLessThanOrEqual(2 * alone);
    expect(stage.requests.every((request) => request.startsWith("GET"))).toBe(true);
  });

  it("are each their own: what is wrong with one is said of that one", async () => {
    const stage = await tenantStage({ ...files, "tenants/m3.yaml": "id: m3\nconnectors: { crm: { x: 1 } }\n" });
    const show = previewer(stage);
    const notes = await Promise.all(many.map((id) => show(declared({ tenant: id }))));
    expect(notes[3]).toEqual([{ severity: "error", text: expect.stringContaining("tenants/m3.yaml:2:22") }]);
    for (const [index, own] of notes.entries()) {
      if (index !== 3) expect(own.filter(({ severity }) => severity === "info")).toHaveLength(1);
    }
  });

  it("are not judged by a budget that all of them share", async () => {
    const stage = await tenantStage({ "tenants/t003.yaml": tenant("t003") });
    // The first one is planned alone, the others together.
    const ask = ["t001", "t002", "t003"].map((id) => declared({ tenant: id, prune: true, maxDeletes: 1 }));
    for (const given of ask) await make(stage.start(), given);
    await stage.write({
      "connectors/crm/manifest.yaml":
        "auth: api_key\nadditional_parameters: { base_url: {}, timeout: { default: 30 } }\nsystem-template: templates/system.yaml\ndatatypes: {}\n",
    });
    const show = previewer(stage);
    const notes = await Promise.all(ask.map((given) => show(given)));
    for (const own of notes) {
      expect(own[0]?.text).toContain("1 to delete");
      expect(own.filter(({ text }) => text.startsWith("refused"))).toEqual([]);
    }
  });
});

describe("a preview", () => {
  it("says nothing where nothing is to be done", async () => {
    const stage = await tenantStage();
    await make(stage.start());
    expect(await previewer(stage)(declared())).toEqual([]);
  });

  it("warns of secrets without a value, which an up refuses before it writes anything", async () => {
    const stage = await tenantStage();
    const { id, outs } = await make(stage.start());
    delete stage.env["CRM_KEY"];
    const warning = { severity: "warning", text: expect.stringContaining("no value: $SECRET(crm_api_key)") };
    expect(await previewer(stage)(declared())).toContainEqual(warning);
    const provider = stage.start();
    const { inputs } = await compare(provider, id, outs);
    const sent = await stage.writesOf(async () => {
      expect(await errorOf(provider.update(id, outs, inputs))).toMatchObject({
        code: "missing-secret",
        message: expect.stringContaining("$SECRET(crm_api_key)"),
      });
    });
    expect(sent).toEqual([]);
    const accepting = declared({ acceptUnresolved: true });
    expect(await previewer(stage)(accepting)).toEqual([]);
    const accepted = await compare(stage.start(), id, outs, accepting);
    expect(await stage.start().update(id, outs, accepted.inputs)).toMatchObject({ outs: { pending: false } });
  });

  it("names what prune would delete, what is refused, and how to go on", async () => {
    const stage = await tenantStage();
    await make(stage.start());
    await stage.write({ "tenants/t001.yaml": "id: t001\nconnectors: { crm: { datatypes: { contact: false } } }\n" });
    const show = previewer(stage);
    expect(await show(declared())).toEqual([
      { severity: "info", text: expect.stringMatching(/nothing to do\n {2}- import-job\/.* with prune: true/) },
    ]);
    const refused = await show(declared({ prune: true, maxDeletes: 0 }));
    expect(refused[0]).toMatchObject({ severity: "info", text: expect.stringContaining("1 to delete") });
    expect(refused[1]).toEqual({
      severity: "warning",
      text: expect.stringMatching(/^refused \(tenant-delete-budget\): .*maxDeletes: 1/),
    });
  });

  it("shows no value, secret or not", async () => {
    const stage = await tenantStage();
    const given: Properties = declared({ set: { base_url: "http://127.0.0.1:9/planted-in-set" } });
    await make(stage.start());
    const notes = await previewer(stage)(given);
    expect(notes[0]?.text).toContain("config.base_url");
    expect(JSON.stringify(notes)).not.toContain("planted");
  });
});
