import { readdir } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { openProject } from "../../src/deploy/index.ts";
import { project, projectFolder, tenant } from "./project-folder.ts";

const folder = () =>
  projectFolder({
    "connector-deployer.yaml": `${project}waves: [canary, rest]\n`,
    "tenants/a.yaml": tenant("a", "labels: { wave: canary, region: eu }\n"),
    "tenants/b.yaml": tenant("b", "state: absent\n"),
    "tenants/broken.yaml": "id: [\n",
  });

const choose = async (...args: Parameters<Awaited<ReturnType<typeof openProject>>["chooseTenants"]>) => {
  await using opened = await openProject(await folder(), { env: {} });
  const { tenants, broken, gone } = await opened.chooseTenants(...args);
  return {
    tenants: tenants.map(({ id, state, wave }) => ({ id, state, wave })),
    broken: broken.map(({ id, diagnostics }) => `${id} ${diagnostics.map(({ code }) => code).join()}`),
    gone,
  };
};

const a = { id: "a", state: "present", wave: "canary" };
const b = { id: "b", state: "absent", wave: "rest" };

describe("tenants chosen by their files", () => {
  it("come with state and wave, and those that are not meant may be broken", async () => {
    expect(await choose({ tenants: ["a", "b"] })).toEqual({ tenants: [a, b], broken: [], gone: [] });
    expect(await choose({ tenants: ["*", "!broken"], wave: "canary" })).toMatchObject({ tenants: [a] });
    expect(await choose({ tenants: ["?"], labels: { region: "eu" } })).toMatchObject({ tenants: [a] });
  });

  it("are told apart from those that are meant and broken", async () => {
    expect(await choose({ tenants: ["a", "b*"] })).toEqual({
      tenants: [a, b],
      broken: [expect.stringMatching(/^broken [a-z-]+/)],
      gone: [],
    });
    expect(await choose()).toMatchObject({ broken: [expect.any(String)] });
    expect(await choose({ tenants: ["br*"] })).toMatchObject({ tenants: [], broken: [expect.any(String)] });
  });

  it("may have no file any more where they are named, but not where a wildcard or a label would find them", async () => {
    expect(await choose({ tenants: ["a", "left"] }, ["left", "dev", "a"])).toEqual({
      tenants: [a],
      broken: [],
      gone: ["left"],
    });
    expect(await choose({ tenants: ["?", "!b"] }, ["c", "d"])).toMatchObject({ gone: [] });
    await expect(choose({ tenants: ["left"], wave: "canary" }, ["left"])).rejects.toMatchObject({ code: "usage" });
  });

  it.each([
    ["a glob", { tenants: ["zz"] }],
    ["a wave", { tenants: ["a"], wave: "nope" }],
    ["a label", { tenants: ["a"], labels: { region: "us" } }],
  ])("are refused where nobody answers to %s", async (_, selection) => {
    await expect(choose(selection)).rejects.toMatchObject({ code: "usage" });
  });

  it("leave nothing behind in the folder", async () => {
    const dir = await folder();
    const before = await readdir(dir);
    await using opened = await openProject(dir, { env: {} });
    await opened.chooseTenants({ tenants: ["a"] });
    expect(await readdir(dir)).toEqual(before);
  });
});
