import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { CollapseOptions, CollapseReport } from "../../src/deploy/index.ts";
import { collapseConnector } from "../../src/deploy/index.ts";
import { writeSesamFolder } from "../../src/deploy/sesam-folder.ts";
import { readSesamConnector } from "../../src/manifest/index.ts";
import { filesOf, sesamConnectors } from "../support/sesam-connectors.ts";

const manifest = `{
  "additional_parameters": { "page_size": {} },
  "system-template": "templates/system.json",
  "use_webhook_secret": true,
  "datatypes": {
    "contact": { "template": "templates/contact.json", "parameters": { "order_by": "updated", "limit": 10 } },
    "contact-note": { "template": "templates/contact-note.json" },
    "deal": { "template": "templates/shared.json" },
    "order": { "template": "templates/shared.json" }
  }
}
`;

const contact = `[
  {
    "_id": "{{@ system @}}-{{@ datatype @}}-collect",
    "type": "pipe",
    "source": {"type": "rest", "system": "{{@ system @}}", "payload": ["{{@ order_by @}}", "caf\\u00e9"]},
    "page": "{{@ page_size @}}",
    "api_key": "hunter22",
    "order": 1.0
  },
  {
    "_id": "{{@ system @}}-{{@ datatype @}}-event",
    "type": "pipe",
    "source": {"type": "http_endpoint"},
    "limits": ["{{@ limit @}}", "{{@ order_by @}}"]
  }
]
`;

const connector: { readonly [path: string]: string } = {
  "manifest.json": manifest,
  "templates/system.json": '{\n  "_id": "{{@ system @}}",\n  "type": "system:rest"\n}\n',
  "templates/contact.json": contact,
  "templates/contact-note.json": '{"_id": "{{@ system @}}-{{@ datatype @}}-collect", "type": "pipe", "source": {}}\n',
  "templates/shared.json":
    '{\n  "_id": "{{@ system @}}-{{@ datatype @}}-collect",\n  "type": "pipe",\n  "source": {},\n  "n": 1\n}\n',
};

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const write = async (dir: string, files: { readonly [path: string]: string }): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
};

const textsIn = async (dir: string): Promise<{ readonly [path: string]: string }> => {
  const paths = (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.parentPath.includes(".expanded"))
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = await Promise.all(
    paths.map(async (path) => [path.slice(dir.length + 1), await readFile(path, "utf8")]),
  );
  return Object.fromEntries(texts);
};

type Work = {
  readonly dir: string;
  readonly expanded: string;
  readonly expand: () => Promise<void>;
  /** Changes one file of the expansion, which is written with its keys in another order and another layout. */
  readonly edit: (path: string, change: (content: { [key: string]: Json }) => void) => Promise<void>;
  readonly collapse: (options?: CollapseOptions) => Promise<CollapseReport>;
};

const reordered = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reordered(member)]),
  );
};

const workIn = async (files = connector, { isIndexed = true } = {}): Promise<Work> => {
  const dir = await mkdtemp(join(tmpdir(), "connector-deployer-collapse-"));
  folders.push(dir);
  await write(dir, files);
  const expanded = join(dir, ".expanded");
  const expand = async (): Promise<void> => {
    const { files: made, diagnostics } = (await readSesamConnector(dir)).expand();
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    writeSesamFolder(expanded, made, { force: true });
    if (!isIndexed) await rm(join(expanded, ".connector-deployer-expansion.json"));
  };
  await expand();
  return {
    dir,
    expanded,
    expand,
    edit: async (path, change) => {
      const content = JSON.parse((await readFile(join(expanded, path), "utf8")).replace(/^\ufeff/, "")) as {
        [key: string]: Json;
      };
      change(content);
      await writeFile(join(expanded, path), `\ufeff${JSON.stringify(reordered(content), null, "\t")}\r\n`);
    },
    collapse: (options) => collapseConnector(dir, options),
  };
};

const reasons = ({ unplaced }: CollapseReport): readonly string[] =>
  unplaced.map(({ name, path, reason }) => `${name}${path} ${reason}`);

const collect = "pipes/xxxxxx-contact-collect.conf.json";
const event = "pipes/xxxxxx-contact-event.conf.json";
const deal = "pipes/xxxxxx-deal-collect.conf.json";
const order = "pipes/xxxxxx-order-collect.conf.json";

describe("an expansion that nobody edited", () => {
  test.each([true, false])("gives nothing to do, however it is laid out (with our index: %s)", async (isIndexed) => {
    const { dir, edit, collapse } = await workIn(connector, { isIndexed });
    for (const path of [collect, event, deal, "node-metadata.conf.json", "test-env.json"])
      await edit(path, () => undefined);
    expect(await collapse()).toMatchObject({ files: [], placed: [], unplaced: [], written: false });
    expect(await textsIn(dir)).toEqual(connector);
  });

  test("of any connector gives nothing to do, and leaves its bytes", async () => {
    await fc.assert(
      fc.asyncProperty(sesamConnectors, async (generated) => {
        const files = filesOf(generated);
        fc.pre(!files["templates/system.json"]?.includes("{{@ datatype @}}"));
        const { dir, collapse } = await workIn(files, { isIndexed: false });
        expect(await collapse()).toMatchObject({ files: [], placed: [], unplaced: [] });
        expect(await textsIn(dir)).toEqual(files);
      }),
      { numRuns: 25 },
    );
  });
});

describe("an edit", () => {
  test("of a literal changes its place in the template, and no other byte", async () => {
    const { dir, edit, collapse } = await workIn();
    await edit(collect, (pipe) => {
      (pipe["source"] as { [key: string]: Json })["payload"] = ["updated", "café au lait"];
      pipe["order"] = 2;
    });
    const report = await collapse();
    expect(report).toMatchObject({ unplaced: [], written: true, files: [{ file: "templates/contact.json" }] });
    expect(await textsIn(dir)).toEqual({
      ...connector,
      "templates/contact.json": contact.replace("caf\\u00e9", "caf\\u00e9 au lait").replace("1.0", "2"),
    });
  });

  test("of all uses of a variable changes its value in the manifest", async () => {
    const { dir, edit, collapse } = await workIn();
    await edit(collect, (pipe) => {
      (pipe["source"] as { [key: string]: Json })["payload"] = ["created", "café"];
    });
    expect(reasons(await collapse())).toEqual([`${collect}/source/payload/0 uses-disagree`]);
    expect(await textsIn(dir)).toEqual(connector);
    await edit(event, (pipe) => {
      pipe["limits"] = ["10", "created"];
    });
    const report = await collapse();
    expect(report.placed.map(({ path, into }) => `${path} ${into}`)).toEqual([
      "/source/payload/0 manifest",
      "/limits/1 manifest",
    ]);
    expect(await textsIn(dir)).toEqual({ ...connector, "manifest.json": manifest.replace("updated", "created") });
  });

  test("of a template that datatypes share counts when all have it", async () => {
    const { dir, edit, collapse } = await workIn();
    const change = (pipe: { [key: string]: Json }): void => {
      pipe["n"] = 2;
    };
    await edit(deal, change);
    expect(reasons(await collapse())).toEqual([`${deal}/n template-shared`]);
    await edit(order, change);
    expect(await collapse()).toMatchObject({ unplaced: [], written: true });
    expect((await textsIn(dir))["templates/shared.json"]).toBe(connector["templates/shared.json"]?.replace("1", "2"));
  });

  test("of what the expansion makes by itself has no place", async () => {
    const { edit, collapse, expanded } = await workIn();
    await edit("pipes/xxxxxx-contact-transform.conf.json", (pipe) => {
      pipe["source"] = { type: "dataset", dataset: "other", supports_signalling: false };
    });
    await edit("node-metadata.conf.json", (node) => {
      node["extra"] = true;
    });
    await edit(event, (pipe) => {
      pipe["permissions"] = [];
    });
    await edit(deal, (pipe) => {
      pipe["comment"] = "mine";
    });
    await rm(join(expanded, "pipes/xxxxxx-order-transform.conf.json"));
    expect(reasons(await collapse())).toEqual(
      [
        "node-metadata.conf.json/extra generated",
        `${event}/permissions generated`,
        "pipes/xxxxxx-contact-transform.conf.json/source/dataset generated",
        `${deal}/comment generated`,
        "pipes/xxxxxx-order-transform.conf.json generated",
      ].toSorted(),
    );
  });

  test("of what a template language left as it stands changes the template; of what it made, the manifest or nothing", async () => {
    const text = `{"_id": "{{@ system @}}-{{@ datatype @}}-collect", "type": "pipe", "source": {{@ source @}},
 {{% if limit > 5 %}}"a": "caf\\u00e9",{{% endif %}} "n": {{@ limit @}}, "m": [{{% for i in list %}}{{@ i + 1 @}}{{% endfor %}}]}
`;
    const files = {
      "manifest.json":
        '{"datatypes": {"x": {"template": "x.json", "parameters": {"limit": 10, "source": {"type": "embedded"}, "list": [1]}}}}',
      "x.json": text,
    };
    const { dir, edit, collapse } = await workIn(files);
    await edit("pipes/xxxxxx-x-collect.conf.json", (pipe) => {
      pipe["a"] = "café au lait";
      pipe["n"] = 20;
    });
    expect(await collapse()).toMatchObject({ unplaced: [], written: true });
    const after = {
      "manifest.json": files["manifest.json"].replace("10", "20"),
      "x.json": text.replace("\\u00e9", "\\u00e9 au lait"),
    };
    expect(await textsIn(dir)).toEqual(after);
    await edit("pipes/xxxxxx-x-collect.conf.json", (pipe) => {
      pipe["m"] = [7];
    });
    expect(reasons(await collapse())).toEqual(["pipes/xxxxxx-x-collect.conf.json/m/0 template-logic"]);
    expect(await textsIn(dir)).toEqual(after);
  });

  test("is told with both sides, unless it may be a secret", async () => {
    const { edit, collapse } = await workIn();
    await edit(collect, (pipe) => {
      pipe["api_key"] = "hunter23";
      pipe["order"] = 3;
    });
    const report = await collapse({ dryRun: true });
    expect(report.placed).toMatchObject([{ path: "/api_key" }, { path: "/order", from: 1, to: 3 }]);
    expect(JSON.stringify(report)).not.toContain("hunter2");
    expect(report.files[0]?.after).toContain("(hidden, changed)");
  });

  test("can be made again after it was collapsed, without expanding in between", async () => {
    const { dir, edit, collapse } = await workIn();
    for (const number of [2, 3]) {
      await edit(collect, (pipe) => {
        pipe["order"] = number;
      });
      expect(await collapse()).toMatchObject({ written: true, unplaced: [] });
      expect(await collapse()).toMatchObject({ files: [], placed: [], unplaced: [] });
    }
    expect((await textsIn(dir))["templates/contact.json"]).toBe(contact.replace("1.0", "3"));
  });
});

describe("a component", () => {
  const pipe = (_id: string): string => JSON.stringify({ _id, type: "pipe", source: { dataset: `${_id}-x` } });

  test("that is new goes to the template of the longest datatype in its _id", async () => {
    const { dir, expanded, collapse } = await workIn();
    await write(expanded, {
      "pipes/xxxxxx-contact-note-share.conf.json": pipe("xxxxxx-contact-note-share"),
      "systems/xxxxxx-other.conf.json": '{"_id": "xxxxxx-other", "type": "system:sql"}',
    });
    expect(await collapse()).toMatchObject({ unplaced: [], written: true });
    const texts = await textsIn(dir);
    expect(JSON.parse(texts["templates/contact-note.json"] ?? "")).toHaveLength(2);
    expect(texts["templates/contact-note.json"]).toContain('"_id": "{{@ system @}}-contact-note-share"');
    expect(JSON.parse(texts["templates/system.json"] ?? "")).toHaveLength(2);
  });

  test("that is new in all datatypes of a template needs none of what the expansion adds, and is expanded again", async () => {
    const { dir, expanded, collapse } = await workIn();
    const made = ["deal", "order"].map((datatype) => [
      `pipes/xxxxxx-${datatype}-count.conf.json`,
      pipe(`xxxxxx-${datatype}-count`),
    ]);
    await write(expanded, Object.fromEntries(made));
    expect(await collapse()).toMatchObject({ unplaced: [], written: true, placed: [{}, {}] });
    expect((await textsIn(dir))["templates/shared.json"]).not.toContain("comment");
    const { files } = (await readSesamConnector(dir)).expand();
    expect(writeSesamFolder(expanded, files)).toMatchObject({ added: [], removed: [] });
    expect(await readFile(join(expanded, "pipes/xxxxxx-order-count.conf.json"), "utf8")).toContain('"comment"');
  });

  test("that is new and belongs to no datatype has no place", async () => {
    const { expanded, collapse } = await workIn();
    await write(expanded, {
      "pipes/xxxxxx-invoice-collect.conf.json": pipe("xxxxxx-invoice-collect"),
      "pipes/contact-collect.conf.json": pipe("contact-collect"),
    });
    expect(reasons(await collapse())).toEqual([
      "pipes/contact-collect.conf.json no-template",
      "pipes/xxxxxx-invoice-collect.conf.json no-template",
    ]);
  });

  test("that was taken out is taken out of its template", async () => {
    const { dir, expanded, collapse } = await workIn();
    await rm(join(expanded, event));
    expect(await collapse()).toMatchObject({ unplaced: [], written: true });
    expect((await textsIn(dir))["templates/contact.json"]).toBe(
      `${contact.slice(0, contact.indexOf(',\n  {\n    "_id"'))}\n]\n`,
    );
  });

  test("keeps its template when its file or its _id has another name", async () => {
    const { dir, expanded, edit, collapse } = await workIn();
    await rename(join(expanded, collect), join(expanded, "pipes/anything.conf.json"));
    expect(await collapse()).toMatchObject({ files: [], placed: [], unplaced: [] });
    await rename(join(expanded, "pipes/anything.conf.json"), join(expanded, collect));
    const renamed = "pipes/xxxxxx-contact-webhook-event.conf.json";
    await rename(join(expanded, event), join(expanded, renamed));
    await edit(renamed, (content) => {
      content["_id"] = "xxxxxx-contact-webhook-event";
    });
    expect(await collapse()).toMatchObject({ unplaced: [], written: true });
    expect((await textsIn(dir))["templates/contact.json"]).toBe(contact.replace("}}-event", "}}-webhook-event"));
  });

  test("that cannot be read is listed, and never taken for one that was taken out", async () => {
    const { dir, expanded, edit, collapse } = await workIn();
    await write(expanded, {
      [collect]: '{"_id": ',
      [event]: '{"_id": "xxxxxx-contact-event", "type": "pipe", "type": "pipe"}',
      [deal]: '{"type": "pipe"}',
      "pipes/extra.json": "{}",
    });
    await edit("systems/xxxxxx.conf.json", (system) => {
      system["url"] = "https://a.example";
    });
    const report = await collapse({ partial: true });
    expect(reasons(report)).toEqual(
      [collect, event, deal, "pipes/extra.json"].sort().map((name) => `${name} unreadable`),
    );
    expect(report.placed).toMatchObject([{ name: "systems/xxxxxx.conf.json", path: "/url" }]);
    expect((await textsIn(dir))["templates/contact.json"]).toBe(contact);
  });
});

describe("values of an environment", () => {
  test("go into the connector's own file, with its layout, and are not shown", async () => {
    const { dir, edit, collapse } = await workIn({
      ...connector,
      "test-env.json": '{"page_size": 10,\n "token": "abc"}',
    });
    await edit("test-env.json", (values) => {
      values["page_size"] = 20;
      values["token"] = "s3cr3t-value";
    });
    const report = await collapse();
    expect(report.files).toEqual([{ file: "test-env.json", created: false }]);
    expect(report.placed.map(({ path, into }) => `${path} ${into}`)).toEqual(["/page_size profile", "/token profile"]);
    expect(JSON.stringify(report)).not.toContain("s3cr3t");
    expect((await textsIn(dir))["test-env.json"]).toBe('{"page_size": 20,\n "token": "s3cr3t-value"}');
  });

  test("are put into a new file where the connector has none", async () => {
    const { dir, edit, collapse } = await workIn();
    await edit("test-env.json", (values) => {
      values["page_size"] = "20";
    });
    expect((await collapse()).files).toEqual([{ file: "test-env.json", created: true }]);
    expect(JSON.parse((await textsIn(dir))["test-env.json"] ?? "")).toEqual({ "node-env": "test", page_size: "20" });
    expect(await collapse()).toMatchObject({ files: [], placed: [], unplaced: [] });
  });
});

describe("nothing is written", () => {
  test("where one edit has no place, unless the rest is asked for", async () => {
    const { dir, edit, collapse } = await workIn();
    await edit(collect, (pipe) => {
      pipe["order"] = 2;
      pipe["page"] = "25";
    });
    expect(await collapse()).toMatchObject({
      written: false,
      placed: [{ path: "/order" }],
      unplaced: [{ path: "/page", reason: "placeholder" }],
    });
    expect(await textsIn(dir)).toEqual(connector);
    expect(await collapse({ partial: true })).toMatchObject({ written: true, unplaced: [{ path: "/page" }] });
    expect((await textsIn(dir))["templates/contact.json"]).toBe(contact.replace("1.0", "2"));
  });

  test("where there is no expansion", async () => {
    const { dir, expanded, collapse } = await workIn();
    await expect(collapse({ expanded: join(dir, "nowhere") })).rejects.toMatchObject({ code: "usage" });
    await rm(join(expanded, "pipes"), { recursive: true });
    await rm(join(expanded, "systems"), { recursive: true });
    await expect(collapse()).rejects.toMatchObject({ code: "usage" });
    await expect(collapseConnector(join(dir, "nobody"))).rejects.toMatchObject({ code: "no-project" });
    expect(await textsIn(dir)).toEqual(connector);
  });

  test("where the connector's files are not valid", async () => {
    const { dir, edit, collapse } = await workIn();
    await edit(collect, (pipe) => {
      pipe["order"] = 2;
    });
    await write(dir, { "templates/shared.json": '{"_id": "{{@ sistem @}}", "type": "pipe"}' });
    await expect(collapse()).rejects.toMatchObject({ code: "invalid-files" });
  });

  test("where a file changes between reading and writing", async () => {
    const { dir, edit, collapse } = await workIn();
    await edit(collect, (pipe) => {
      pipe["order"] = 2;
    });
    await edit("test-env.json", (values) => {
      values["page_size"] = "20";
    });
    const now = contact.replace("hunter22", "hunter24");
    const confirm = (): Promise<void> => write(dir, { "templates/contact.json": now });
    await expect(collapse({ confirm })).rejects.toMatchObject({ code: "usage" });
    expect(await textsIn(dir)).toEqual({ ...connector, "templates/contact.json": now });
  });

  test("where an edit would undo what was changed in the connector's files since", async () => {
    const { dir, edit, collapse } = await workIn();
    await write(dir, { "templates/contact.json": contact.replace("1.0", "7") });
    expect(await collapse()).toMatchObject({ files: [], placed: [], unplaced: [] });
    await edit(event, (pipe) => {
      pipe["more"] = 1;
    });
    expect(await collapse({ dryRun: true })).toMatchObject({ placed: [{ name: event, path: "/more" }], unplaced: [] });
    await edit(collect, (pipe) => {
      pipe["more"] = 1;
    });
    await expect(collapse()).rejects.toMatchObject({ code: "usage" });
  });

  test("of an expansion that was interrupted", async () => {
    const { expanded, collapse } = await workIn();
    const index = join(expanded, ".connector-deployer-expansion.json");
    await writeFile(index, (await readFile(index, "utf8")).replace('"isOpen":false', '"isOpen":true'));
    await rm(join(expanded, collect));
    await expect(collapse()).rejects.toMatchObject({ code: "usage" });
  });

  test("into a folder elsewhere that .expanded leads to", async () => {
    const { dir, expanded, edit, collapse } = await workIn();
    const elsewhere = await mkdtemp(join(tmpdir(), "connector-deployer-elsewhere-"));
    folders.push(elsewhere);
    await edit(collect, (pipe) => {
      pipe["order"] = 2;
    });
    await rename(expanded, join(elsewhere, "expanded"));
    await symlink(join(elsewhere, "expanded"), expanded);
    await expect(collapse()).rejects.toMatchObject({ code: "usage" });
    expect(await textsIn(dir)).toEqual(connector);
    expect(await collapse({ expanded: join(elsewhere, "expanded") })).toMatchObject({ unplaced: [], written: true });
  });
});

describe("two runs", () => {
  const edits = async ({ edit, expanded }: Work): Promise<void> => {
    await edit(collect, (pipe) => {
      pipe["order"] = 2;
      pipe["source"] = { type: "rest", system: "xxxxxx", payload: ["created", "café"] };
    });
    await edit(event, (pipe) => {
      pipe["limits"] = ["10", "created"];
    });
    for (const datatype of ["deal", "order"]) {
      await edit(`pipes/xxxxxx-${datatype}-collect.conf.json`, (pipe) => {
        pipe["n"] = 2;
      });
      const _id = `xxxxxx-${datatype}-more`;
      await write(expanded, { [`pipes/${_id}.conf.json`]: JSON.stringify({ _id, type: "pipe", source: {} }) });
    }
    await edit("test-env.json", (values) => {
      values["page_size"] = "20";
    });
  };

  test("at once write the same", async () => {
    const work = await workIn();
    await edits(work);
    const confirm = async (): Promise<void> => void (await work.collapse());
    expect(await work.collapse({ confirm })).toMatchObject({ unplaced: [], written: true });
    expect(await work.collapse()).toMatchObject({ files: [], placed: [], unplaced: [] });
  });

  test("of which the first is killed write all of it, whatever it came to", { timeout: 60_000 }, async () => {
    const whole = await workIn();
    await edits(whole);
    await whole.collapse();
    const wanted = await textsIn(whole.dir);
    const run = promisify(execFile);
    const preload = new URL("../support/kill-at-rename.ts", import.meta.url).href;
    const door = new URL("../../src/deploy/index.ts", import.meta.url).href;
    // The first is the note of what is to be written, the last the note that it was.
    for (const at of [2, 3, 4]) {
      const work = await workIn();
      await edits(work);
      const call = `const { collapseConnector } = await import(${JSON.stringify(door)}); await collapseConnector(${JSON.stringify(work.dir)});`;
      const env = { ...process.env, KILL_AT: String(at) };
      const killed = run(process.execPath, ["--import", preload, "--input-type=module", "-e", call], { env });
      await expect(killed).rejects.toMatchObject({ signal: "SIGKILL" });
      const between = await textsIn(work.dir);
      for (const [path, text] of Object.entries(wanted)) expect([connector[path], text]).toContain(between[path]);
      await work.collapse();
      expect(await textsIn(work.dir)).toEqual(wanted);
      expect(await work.collapse()).toMatchObject({ files: [], placed: [], unplaced: [] });
    }
  });
});
