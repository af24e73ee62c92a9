import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startStage } from "./stage.ts";
import type { Run } from "./support.ts";

const documentOf = ({ stdout }: Run) => JSON.parse(stdout);

describe("pull", () => {
  test("shows a live edit and writes it, and the next plan is empty", async () => {
    await using stage = await startStage();
    expect((await stage.run("apply", "--yes")).exit).toBe(0);
    const items = documentOf(await stage.run("status", "--detail", "-o", "json")).items as readonly Record<
      string,
      string
    >[];
    const id = items.find(({ _id }) => _id === "acme-t002-crm")?.["id"] ?? "";
    expect((await stage.run("pull")).exit).toBe(3);
    const nothing = await stage.run("pull", "--yes");
    expect([nothing.exit, nothing.stdout]).toEqual([0, expect.stringMatching(/^nothing to pull/)]);

    const edited = { timeout_secs: 45, accept_invalid_certs: true };
    expect((await stage.client("PATCH", `/source/${id}`, { config: edited })).status).toBeLessThan(300);
    const listed = await stage.run("pull", "--yes", "-o", "json");
    expect(listed.exit).toBe(5);
    expect(documentOf(listed)).toMatchObject({ type: "pull-report", schemaVersion: 1, written: false });
    const shown = await stage.run("pull", "--dry-run", "--partial");
    expect(shown.exit).toBe(5);
    expect(shown.stdout).toContain("+++ b/tenants/t002.yaml");
    expect(shown.stdout).toMatch(/the tenant's file, since t001 uses the default in additional_parameters as it is/);
    expect(await readFile(join(stage.dir, "tenants/t002.yaml"), "utf8")).not.toContain("45");

    expect((await stage.client("PATCH", `/source/${id}`, { config: { accept_invalid_certs: null } })).status).toBe(200);
    const pulled = await stage.run("pull", "connection/*", "--yes");
    expect(pulled.exit).toBe(0);
    expect(pulled.stderr).toContain("config.timeout_secs 30 → 45");
    expect(pulled.stdout).toBe("~ tenants/t002.yaml\n\npulled 1 live edit in 1 file\n");
    const planned = await stage.run("plan", "--exit-code");
    expect([planned.exit, planned.stderr]).toEqual([0, ""]);
    expect((await stage.run("apply", "--yes", "-o", "json")).exit).toBe(0);
    expect(documentOf(await stage.run("drift", "-o", "json"))).toMatchObject({ items: [] });
    expect(documentOf(await stage.run("history", "-o", "json")).runs).toMatchObject([
      { command: "apply" },
      { command: "pull" },
      { command: "apply" },
    ]);
  }, 120_000);
});
