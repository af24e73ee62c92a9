import { describe, expect, it } from "vitest";
import { handedOver, kindOf, programOf, stackExport, stage, takenBack } from "./hand-over-bench.ts";
import { env } from "./project-folder.ts";

describe("from the ledger to Pulumi and back", () => {
  it("differs at no step", async () => {
    const { project, provider, requests } = await stage();
    const before = await project.plan();
    const deployed = requests.length;
    expect(before.changes).toEqual([]);
    const { report, resources, text } = await handedOver(project);
    expect(report.left).toEqual([]);
    expect(resources.map(({ name }) => name).sort()).toEqual([
      "acme-t001-crm",
      "acme-t001-crm-contact",
      "acme-t001-crm-contact-collect",
    ]);
    expect(text).not.toContain(env.CRM_KEY);
    expect(text).not.toContain(env.INFINO_SECRET_KEY);

    // What the provider's own class would give, checked and compared with what the file says is there.
    const program = await programOf(project, resources);
    for (const entry of resources) {
      const { check, diff } = provider(kindOf(entry));
      const checked = await check(entry.inputs, program.get(entry.name) ?? {});
      expect(checked.failures).toEqual([]);
      const found = await diff(entry.id, entry.outputs, checked.inputs ?? {});
      expect(found, entry.name).toMatchObject({ changes: false, replaces: [] });
      // Nothing but the secret, which no file holds, is not as the program gives it.
      const { config, ...rest } = checked.inputs ?? {};
      const { api_key: _, ...shown } = (config ?? {}) as { api_key?: string };
      const { __provider, ...recorded } = entry.inputs;
      expect(recorded, entry.name).toEqual({ ...rest, ...(config === undefined ? {} : { config: shown }) });
    }

    const refused = await project.plan();
    expect(refused.refusals).toMatchObject([{ guard: "handed-over", tenant: "t001" }]);
    const state = stackExport(resources, program);
    const back = await takenBack(project, state);
    expect(back.left).toEqual([]);
    expect(back.items.map(({ fields, adopted }) => ({ fields, adopted }))).toEqual(
      resources.map(() => ({ fields: [], adopted: false })),
    );
    const after = await project.plan();
    expect(after.changes).toEqual([]);
    expect(after.refusals).toEqual([]);
    expect(requests.slice(deployed).every((method) => method === "GET")).toBe(true);
  });
});
