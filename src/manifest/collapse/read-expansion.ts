import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import { hasErrors } from "../../diagnostic.ts";
import { parseSource, readText } from "../parse/source.ts";
import { jsonOf } from "../parse/tree.ts";

/** What a file of an expansion holds, or why it cannot be read; its text where it comes from a file. */
export type ExpandedFile = { readonly content: Json; readonly text?: string } | { readonly problem: string };

/** Files of an expansion as they are on disk, by path within its folder. */
export type ExpansionFiles = ReadonlyMap<string, ExpandedFile>;

const ending = ".conf.json";

const problemOf = (diagnostic: Diagnostic | undefined): string => {
  if (diagnostic === undefined) return "it holds nothing";
  const { message, location } = diagnostic;
  const place = location === undefined || location.line === 1 ? "" : `line ${location.line}: `;
  return `${place}${message}`;
};

const readOne = (path: string, name: string): ExpandedFile => {
  const text = readText(path, name);
  if (typeof text !== "string") return { problem: text.message };
  const { trees, diagnostics } = parseSource(name, text);
  const [tree] = trees;
  if (tree === undefined || hasErrors(diagnostics)) {
    return { problem: problemOf(diagnostics.find(({ severity }) => severity === "error")) };
  }
  return { content: jsonOf(tree), text };
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

const isComponent = (content: Json): boolean => isObject(content) && typeof content["_id"] === "string";

/** Reads `pipes/`, `systems/`, the node's metadata and `PROFILE-env.json` of an expansion; empty where there is nothing. */
export const readExpansion = (folder: string, profile: string): ExpansionFiles => {
  const files = new Map<string, ExpandedFile>();
  for (const kind of ["pipes", "systems"]) {
    for (const name of namesIn(join(folder, kind))) {
      const path = `${kind}/${name}`;
      if (!name.endsWith(".json")) continue;
      const file = readOne(join(folder, kind, name), path);
      if (!name.endsWith(ending)) files.set(path, { problem: `its name does not end in ${ending}` });
      else if ("problem" in file || isComponent(file.content)) files.set(path, file);
      else files.set(path, { problem: 'it is no mapping with an "_id"' });
    }
  }
  const others = new Set(namesIn(folder));
  for (const name of ["node-metadata.conf.json", `${profile}-env.json`]) {
    if (others.has(name)) files.set(name, readOne(join(folder, name), name));
  }
  return files;
};
