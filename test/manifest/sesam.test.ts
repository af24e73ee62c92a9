import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { Diagnostic } from "../../src/diagnostic.ts";
import type { SesamOptions } from "../../src/manifest/index.ts";
import { readSesamConnector } from "../../src/manifest/index.ts";

/** A fixture's `expected.json`; an expansion with errors has no files. */
type Expected = {
  readonly options?: SesamOptions;
  /** `severity code file:line:column` of each. */
  readonly diagnostics?: readonly string[];
  readonly files?: { readonly [path: string]: Json };
};

const folder = join(import.meta.dirname, "../fixtures/sesam");

const line = ({ severity, code, location }: Diagnostic): string =>
  `${severity} ${code} ${location === undefined ? "nowhere" : `${location.file}:${location.line}:${location.column}`}`;

const expand = async (situation: string, options: SesamOptions = {}) => {
  const connector = await readSesamConnector(join(folder, situation), options);
  const { files, diagnostics } = connector.expand();
  return { connector, files, diagnostics: [...new Set([...connector.diagnostics, ...diagnostics])] };
};

describe("a folder with a Sesam connector", () => {
  for (const situation of readdirSync(folder)) {
    test(situation.replaceAll("-", " "), async () => {
      const text = readFileSync(join(folder, situation, "expected.json"), "utf8");
      const expected = JSON.parse(text) as Expected;
      const { files, diagnostics } = await expand(situation, expected.options);
      expect(diagnostics.map(line)).toEqual(expected.diagnostics ?? []);
      if (expected.files !== undefined) {
        expect(Object.fromEntries(files.map(({ path, content }) => [path, content]))).toEqual(expected.files);
        expect(files.map(({ path }) => path)).toEqual(files.map(({ path }) => path).toSorted());
      }
    });
  }

  test("has no folder, no manifest, or a profile that no file can have", async () => {
    await expect(readSesamConnector(join(folder, "nowhere"))).rejects.toMatchObject({ code: "no-project" });
    const { diagnostics } = await expand("../manifest");
    expect(diagnostics.map(line)).toEqual(["error file-not-found nowhere"]);
    for (const profile of ["", "../x", "a/b", "x\u0000"]) {
      await expect(expand("only-a-system", { profile })).rejects.toMatchObject({ code: "usage" });
    }
  });

  test("says where each of its values came from", async () => {
    const { connector, files } = await expand("a-development-expansion");
    const spotted = (datatype: string | undefined, name: string): string | undefined => {
      const scope = connector.template(datatype)?.scope;
      const spot = scope?.values[scope.variables.indexOf(name)]?.spot?.();
      return spot?.source.text.slice(spot.start, spot.end);
    };
    expect(spotted("deal", "order_by")).toBe('"created"');
    expect(spotted("deal", "page")).toBe("50");
    expect(spotted("deal", "parent")).toBe('"company"');
    for (const name of ["system", "datatype"]) expect(spotted("deal", name)).toBeUndefined();
    for (const name of ["base_url", "token_url"]) expect(spotted(undefined, name)).toBeUndefined();
    const from = (path: string) => files.find((file) => file.path === path)?.from;
    expect(from("pipes/xxxxxx-deal-collect.conf.json")).toMatchObject({ datatype: "deal", generated: [] });
    expect(from("systems/xxxxxx.conf.json")).toMatchObject({ datatype: undefined, rendered: false });
    for (const path of ["pipes/xxxxxx-deal-transform.conf.json", "node-metadata.conf.json", "test-env.json"]) {
      expect(from(path)).toBeUndefined();
    }
  });

  test("says what the expansion added", async () => {
    const { files } = await expand("webhooks");
    const generated = Object.fromEntries(files.map(({ path, from }) => [path, from?.generated]));
    expect(generated).toMatchObject({
      "pipes/xxxxxx-contact-event.conf.json": ["/permissions"],
      "pipes/xxxxxx-contact-other.conf.json": [],
      "pipes/xxxxxx-deal-event.conf.json": ["/comment", "/permissions"],
      "pipes/xxxxxx-deal-other.conf.json": ["/comment"],
    });
  });

  test("reads texts that count in place of what its files hold", async () => {
    const template = JSON.stringify({ _id: "{{@ datatype @}}", type: "pipe" });
    const dir = join(folder, "webhooks");
    const overlay = new Map([
      ["templates/contact.json", template],
      ["test-env.json", '{"a": 1}'],
    ]);
    const { files } = (await readSesamConnector(dir, { overlay })).expand();
    expect(files.find(({ path }) => path === "pipes/contact.conf.json")?.content).toEqual({
      _id: "contact",
      type: "pipe",
    });
    expect(files.at(-1)).toEqual({ path: "test-env.json", content: { a: 1 } });
  });

  test("expands to new values every time", async () => {
    const { connector, files } = await expand("webhooks");
    const again = connector.expand();
    expect(again.files.map(({ content }) => content)).toEqual(files.map(({ content }) => content));
    for (const [index, file] of files.entries()) {
      if (file.from !== undefined) expect(again.files[index]?.content).not.toBe(file.content);
    }
  });
});
