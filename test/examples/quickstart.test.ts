import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { at } from "../../src/contract/index.ts";
import { type OpenOptions, openProject } from "../../src/deploy/index.ts";

const quickstart = fileURLToPath(new URL("../../examples/quickstart", import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "quickstart-"));
  const filter = (path: string) => !path.endsWith(".connector-deployer");
  await cp(quickstart, folder, { recursive: true, filter });
});
afterEach(() => rm(folder, { recursive: true }));

const expand = async (options: OpenOptions = {}) => {
  await using project = await openProject(folder, { env: {}, ...options });
  return project.expand();
};

describe("the quickstart", () => {
  it("is valid in every environment, with nothing but what that environment names", async () => {
    const environments = [
      {},
      { environment: "stage" },
      { environment: "demo", env: { SAMPLE_SEARCH_URL: "http://h" } },
    ];
    for (const options of environments) {
      await using project = await openProject(folder, { env: {}, ...options });
      expect(await project.validate()).toMatchObject({ tenants: 4, resources: 26, diagnostics: [] });
    }
  });

  it("expands to the same bytes every time", async () => {
    expect(JSON.stringify(await expand())).toBe(JSON.stringify(await expand()));
  });

  it.each<[level: string, options: OpenOptions, _id: string, path: string, value: unknown]>([
    ["the manifest's default", {}, "acme-t001-crm", "/config/timeout_secs", 30],
    ["a datatype's parameters", {}, "acme-t003-crm-deal-import", "/last_modified", "closed"],
    ["the project", {}, "acme-t001-crm-deal-import", "/query/size", 200],
    ["the environment", { environment: "stage" }, "acme-t001-crm-deal-import", "/query/size", 20],
    ["the tenant", { environment: "stage" }, "acme-t002-crm-contact-import", "/query/size", 50],
    ["the tenant, for a datatype", {}, "acme-t001-crm-contact-import", "/last_modified", "created"],
    ["--set", { set: { page_size: 10 } }, "acme-t002-crm-contact-import", "/query/size", 10],
  ])("takes a value from %s", async (_level, options, _id, path, value) => {
    const { components } = await expand(options);
    const properties: Properties = components.find((component) => component._id === _id)?.properties ?? {};
    expect(at(properties, path)).toEqual(value);
  });
});
