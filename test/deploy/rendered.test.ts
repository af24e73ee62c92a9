import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatPlan, parsePlan, writeExpansion } from "../../src/deploy/index.ts";
import { renderPlan } from "../../src/render/index.ts";
import { datatype, manifest, opened, projectFolder, startedService, system } from "./project-folder.ts";

const pipes = {
  "connectors/crm/templates/system.yaml": `${system}---
_id: <<@ system @>>-node
type: system:rest
operations: { contact-list: { method: GET } }
`,
  "connectors/crm/templates/datatype.yaml": `${datatype}- _id: <<@ system @>>-<<@ datatype @>>-share
  type: pipe
  source: { type: rest, system: <<@ system @>>-node, operation: <<@ datatype @>>-list }
`,
};

const rendered = ["t001", "t002"].flatMap((tenant) => [
  { tenant, type: "pipe", _id: `acme-${tenant}-crm-contact-share` },
  { tenant, type: "system:rest", _id: `acme-${tenant}-crm-node` },
]);

describe("pipes and systems beside what an Infino target takes", () => {
  it("are in the plan, and are never a change, deployed, drifted or looked at", async () => {
    const service = await startedService();
    const project = await opened(await projectFolder(pipes), service);
    const plan = await project.plan();
    expect(plan.rendered).toEqual(rendered);
    expect(plan.summary.insert).toBe(6);
    expect(parsePlan(formatPlan(plan))).toEqual(plan);
    const report = await project.apply(parsePlan(formatPlan(plan)));
    expect(report.results.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => "done"));
    const second = await project.plan({ prune: true });
    expect(second.changes.filter(({ op }) => op !== "noop")).toEqual([]);
    expect(second.prunable).toEqual([]);
    expect(second.rendered).toEqual(rendered);
    expect((await project.drift()).items).toEqual([]);
    expect((await project.status()).items).toHaveLength(6);
    expect((await project.desired("t001")).resources.map(({ kind }) => kind).sort()).toEqual([
      "connection",
      "dataset",
      "import-job",
    ]);
  });

  it("are counted, and listed with every detail", async () => {
    const project = await opened(await projectFolder(pipes), await startedService());
    const plan = await project.plan({ tenants: ["t001"] });
    const text = renderPlan(plan, { format: "text", colour: false, detail: false });
    expect(text).toContain("1 pipe and 1 system (t001): rendered, not deployed here");
    expect(text).not.toContain("crm-contact-share");
    expect(renderPlan(plan, { format: "text", colour: false, detail: true })).toContain(
      "pipe acme-t001-crm-contact-share",
    );
    expect(renderPlan(plan, { format: "markdown", colour: false, detail: false })).toContain("crm-contact-share");
    expect(await project.validate()).toMatchObject({ resources: 6, rendered: 4, diagnostics: [] });
  });

  it("leave the plan file of a project without them as it was", async () => {
    const project = await opened(await projectFolder(), await startedService());
    expect(await project.plan()).not.toHaveProperty("rendered");
  });

  it("need no target where there is nothing else", async () => {
    const dir = await projectFolder({
      ...pipes,
      "connectors/crm/templates/system.yaml": "_id: <<@ system @>>-node\ntype: system:rest\n",
      "connectors/crm/templates/datatype.yaml":
        "_id: <<@ system @>>-<<@ datatype @>>-collect\ntype: pipe\nsource: { type: rest, system: <<@ system @>>-node, operation: x }\n",
    });
    const service = await startedService();
    let requests = 0;
    const project = await opened(dir, service, {
      fetch: (request) => {
        requests += 1;
        return service.fetch(request);
      },
    });
    const plan = await project.plan();
    expect([plan.changes, plan.refusals, plan.rendered?.length, requests]).toEqual([[], [], 4, 0]);
  });

  it("say at their place in the template what is wrong with them", async () => {
    const dir = await projectFolder({
      ...pipes,
      "connectors/crm/templates/datatype.yaml": `${datatype}- _id: <<@ system @>>-<<@ datatype @>>-share
  type: pipe
  source: { type: rest, system: <<@ system @>>-nod, operation: <<@ datatype @>>-list }
- _id: <<@ system @>>-x
  type: pipe
`,
    });
    const project = await opened(dir, await startedService());
    const { diagnostics } = await project.validate({ tenants: ["t001"] });
    const found = diagnostics.map(
      ({ severity, code, location }) => `${severity} ${code} ${location?.line}:${location?.column}`,
    );
    expect(found).toEqual([
      "error missing-field 14:3",
      "warning dangling-reference 13:33",
      "warning invalid-tenant-not-selected 14:3",
    ]);
  });

  it("keep references of the node as they are written, whatever is declared", async () => {
    const dir = await projectFolder({
      "connectors/crm/templates/system.yaml": `${system}---
_id: <<@ system @>>-node
type: system:rest
oauth2: { token: $SECRET(of_the_node), key: $SECRET(crm_api_key), at: "https://$ENV(host)/<<@ timeout @>>" }
dataset: <<@ crm_webhook_dataset @>>
`,
      "connectors/crm/manifest.yaml": manifest.replace("timeout:", "crm_webhook_dataset: {}, timeout:"),
    });
    const project = await opened(dir, await startedService());
    expect((await project.validate()).diagnostics).toEqual([]);
    const { components } = await project.expand({ tenants: ["t001"] });
    expect(components.find(({ type }) => type === "system:rest")?.properties).toEqual({
      oauth2: { token: "$SECRET(of_the_node)", key: "$SECRET(crm_api_key)", at: "https://$ENV(host)/30" },
      dataset: "$ENV(crm_webhook_dataset)",
    });
    const connection = components.find(({ type }) => type === "connection")?.properties["config"];
    expect(connection).toMatchObject({ api_key: { $secret: "$SECRET(crm_api_key)" } });
  });

  it("are written by expand --out", async () => {
    const dir = await projectFolder(pipes);
    const project = await opened(dir, await startedService());
    const { components } = await project.expand({ tenants: ["t001"] });
    const folder = join(dir, "out");
    await writeExpansion(folder, components, { format: "json", isWhole: false });
    expect((await readdir(join(folder, "t001"))).sort()).toEqual([
      "connection",
      "dataset",
      "import-job",
      "pipe",
      "system%3Arest",
    ]);
    const pipe = await readFile(join(folder, "t001/pipe/acme-t001-crm-contact-share.json"), "utf8");
    expect(JSON.parse(pipe)).toMatchObject({ type: "pipe", source: { type: "rest" } });
  });
});
