import { environmentIn } from "../expand/references.ts";
import { placeAt } from "../parse/place.ts";
import { sourceOf } from "../parse/source.ts";
import type { Folder } from "../read/folder.ts";
import { compileHandlebars } from "./compile.ts";
import type { HandlebarsTemplate } from "./template.ts";

/** Takes a Handlebars template apart; undefined, and reported, where it cannot be. Loads Handlebars' parser. */
export const readHandlebars = async (
  file: string,
  content: string,
  { declared, dialect, collect }: Pick<Folder, "declared" | "dialect" | "collect">,
): Promise<HandlebarsTemplate | undefined> => {
  const { default: handlebars } = await import("handlebars");
  const text = content.startsWith("\ufeff") ? content.slice(1) : content;
  const { nodes, uses, problems } = compileHandlebars(text, (source) => handlebars.parse(source));
  const source = sourceOf(file, text, []);
  for (const { code, start, end, message, hint } of problems) {
    collect.error(code, placeAt(source, start, end), message, hint);
  }
  if (problems.length > 0) return undefined;
  let prefix = "value";
  while (text.includes(prefix)) prefix += "_";
  const environment = new Set(environmentIn(text));
  return { source, nodes, uses, environment, prefix, declared, dialect: dialect ?? "own", compiled: new Map() };
};
