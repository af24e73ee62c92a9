import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Location } from "../../diagnostic.ts";
import { hasErrors } from "../../diagnostic.ts";
import type { Template } from "../expand/compile-template.ts";
import { compileTemplate } from "../expand/compile-template.ts";
import { placeWithin } from "../expand/scope.ts";
import { hasBlocks } from "../jinja/has-blocks.ts";
import type { LanguageTemplate } from "../language/template.ts";
import { placeAt } from "../parse/place.ts";
import { parseSource, readText } from "../parse/source.ts";
import type { Folder } from "./folder.ts";
import { jailed } from "./folder.ts";

const readBlocks = async (folder: Folder, file: string, text: string): Promise<LanguageTemplate | undefined> => {
  const { readJinja } = await import("../jinja/read.ts");
  return readJinja(file, text, folder);
};

const readTemplate = async (folder: Folder, file: string): Promise<Template | LanguageTemplate | undefined> => {
  const text = folder.overlay?.get(file) ?? readText(join(folder.root, file), file);
  if (typeof text !== "string") {
    folder.collect.add(text);
    return undefined;
  }
  if (file.endsWith(".hbs")) {
    const { readHandlebars } = await import("../handlebars/read.ts");
    return readHandlebars(file, text, folder);
  }
  const isJson = file.endsWith(".json");
  if (isJson && hasBlocks(text)) return readBlocks(folder, file, text);
  const { source, trees, diagnostics } = parseSource(file, text, { dialect: folder.dialect });
  if (isJson && diagnostics.some(({ code }) => code === "unquoted-variable")) return readBlocks(folder, file, text);
  folder.collect.add(...diagnostics);
  if (hasErrors(diagnostics)) return undefined;
  const template = compileTemplate(source, trees, folder.declared, folder.dialect);
  for (const { code, spot, part, message, hint } of template.problems) {
    const place = part === undefined ? placeAt(source, spot.start, spot.end) : placeWithin(spot, part);
    folder.collect.error(code, place, message, hint);
  }
  if (trees.every((tree) => tree.type === "list" && tree.items.length === 0)) {
    const place = { file, line: 1, column: 1 };
    const hint = "write a mapping with _id and type, or take the template out of the manifest";
    folder.collect.warning("no-components", place, "the template gives no component", hint);
  }
  return template;
};

/** The template that a manifest names, read and compiled once for all who name it. */
export const templateOf = async (
  folder: Folder,
  connectorFolder: string,
  path: string,
  namedAt: Location | undefined,
): Promise<Template | LanguageTemplate | undefined> => {
  const { root, collect, templates } = folder;
  const file = jailed(folder, connectorFolder, path, namedAt);
  if (file === undefined) return undefined;
  if (!/\.(ya?ml|json)(\.hbs)?$/.test(file)) {
    const hint = "a template ends in .yaml, .yml or .json, with .hbs behind it for Handlebars";
    collect.error("invalid-value", namedAt, `"${path}" is not a template`, hint);
    return undefined;
  }
  if (folder.overlay?.has(file) !== true && !existsSync(join(root, file))) {
    collect.error("file-not-found", namedAt, `there is no template ${file}`, "paths are relative to the manifest");
    return undefined;
  }
  const known = templates.get(file) ?? readTemplate(folder, file);
  templates.set(file, known);
  return known;
};
