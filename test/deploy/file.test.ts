import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ApplyReport } from "../../src/deploy/index.ts";
import { openProject } from "../../src/deploy/index.ts";
import { serve } from "../../src/service/index.ts";
import { signedClient } from "../support/signed.ts";
import { credentials, env, project as projectFile, projectFolder, write } from "./project-folder.ts";

const dataset = "acme-t001-crm-regions";

const template = (path: string, more = ""): string => `
- { _id: "<<@ system @>>-regions", type: dataset, on_delete: delete }
- { _id: "<<@ system @>>-regions-file", type: file, dataset: "<<@ system @>>-regions", path: ${path}, on_delete: delete${more} }
`;

const three = "code,name,zip\nno,Norway,0010\nse,Sweden,0020\ndk,Denmark,\n";
const two = 'code,name,zip\nfi,Finland,0030\n"is","Ice, land",0040\n';

/** The real service behind a port, and a project with one file. */
const stage = async (path: string, content: string, more = "") => {
  const server = await serve({ credentials, runImports: false });
  const dir = await projectFolder({
    "connector-deployer.yaml": projectFile,
    "connectors/crm/manifest.yaml": "system-template: templates/system.yaml\n",
    "connectors/crm/templates/system.yaml": template(path, more),
    "tenants/t001.yaml": "id: t001\nconnectors: { crm: {} }\n",
    "tenants/t002.yaml": "id: t002\nstate: absent\nconnectors: {}\n",
    [path]: content,
  });
  onTestFinished(() => server.close());
  const client = signedClient({ ...credentials, url: server.url });
  const apply = async (options?: Parameters<Awaited<ReturnType<typeof openProject>>["plan"]>[0]) => {
    await using project = await openProject(dir, { env: { ...env, INFINO_ENDPOINT: server.url } });
    const report = await project.apply(await project.plan(options));
    return { report, again: (await project.plan(options)).changes };
  };
  return {
    dir,
    apply,
    set: (text: string) => write(dir, { [path]: text }),
    count: async () =>
      ((await client("GET", `/${dataset}/metadata`)).body as { readonly docs_count?: number } | undefined)?.docs_count,
    rows: async (columns: string) => {
      const { body } = await client("POST", "/sql", { query: `SELECT ${columns} FROM "${dataset}" ORDER BY 1` });
      return (body as { rows: unknown }).rows;
    },
  };
};

const outcomes = ({ results }: ApplyReport): readonly string[] =>
  results.map(({ kind, op, outcome }) => `${op} ${kind} ${outcome}`);

describe("a file on the local service", () => {
  it("fills its dataset, is replaced when it changes, and goes", async () => {
    const { apply, count, dir, rows, set } = await stage("data/regions.csv", three);
    const first = await apply();
    expect({ outcomes: outcomes(first.report), again: first.again }).toEqual({
      outcomes: ["insert dataset done", "insert file done"],
      again: [],
    });
    expect(await count()).toBe(3);
    await set(two);
    const second = await apply();
    expect({ outcomes: outcomes(second.report), again: second.again }).toEqual({
      outcomes: ["update file done"],
      again: [],
    });
    expect(await rows("code, name, zip")).toEqual([
      ["fi", "Finland", "0030"],
      ["is", "Ice, land", "0040"],
    ]);
    await write(dir, { "tenants/t001.yaml": "id: t001\nstate: absent\nconnectors: { crm: {} }\n" });
    const last = await apply({ deleteData: true });
    expect(outcomes(last.report)).toEqual(["delete file done", "delete dataset done"]);
    expect(await count()).toBe(undefined);
  });

  it.each([
    ["csv", three, two, 5],
    ["jsonl", '{"a":1}\n{"a":"x"}\n', '{"b":[1]}\n', 3],
    ["json", '[{"a":1}]', '[{"a":{"b":1}},{"c":null}]', 3],
  ])("of format %s is appended once for each content, in the background", async (format, one, other, all) => {
    const { apply, count, set } = await stage(
      `data/regions.${format}`,
      one,
      ", mode: append, async_mode: true, batch_size: 2",
    );
    await apply();
    await set(other);
    const { report, again } = await apply();
    expect({ outcomes: outcomes(report), again }).toEqual({ outcomes: ["update file done"], again: [] });
    expect(await count()).toBe(all);
    expect(outcomes((await apply()).report)).toEqual([]);
    expect(await count()).toBe(all);
  });

  it("goes without its dataset", async () => {
    const { apply, count, dir } = await stage("data/regions.csv", three);
    await apply();
    await write(dir, { "connectors/crm/templates/system.yaml": template("x").split("\n").slice(0, 2).join("\n") });
    await rm(join(dir, "data/regions.csv"));
    const { report } = await apply({ prune: true, deleteData: true, maxDeletes: 1 });
    expect(outcomes(report)).toEqual(["delete file done"]);
    expect(await count()).toBe(0);
  });
});
