import { join } from "node:path";
import type { Json } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import { hasErrors } from "../../diagnostic.ts";
import { placeAt } from "../parse/place.ts";
import { quickYaml } from "../parse/quick-yaml.ts";
import type { Source } from "../parse/source.ts";
import { parseSource, readText, sourceOf } from "../parse/source.ts";
import { jsonOf } from "../parse/tree.ts";
import type { Folder } from "./folder.ts";
import { jailed } from "./folder.ts";

export type DocumentFile = { readonly source: Source; readonly content: Json };

/**
 * Reads a file of one document; an empty one is null. What is wrong is collected, at `namedAt` where it leaves the
 * folder. Without `keep` places are computed when they are asked for: of tenant files hardly any ever is.
 */
export const readDocument = async (
  folder: Pick<Folder, "root" | "collect" | "overlay" | "dialect">,
  path: string,
  { namedAt, keep = true }: { namedAt?: Location | undefined; keep?: boolean } = {},
): Promise<DocumentFile | undefined> => {
  const { root, collect, overlay, dialect } = folder;
  const file = jailed(folder, "", path, namedAt ?? { file: path, line: 1, column: 1 });
  if (file === undefined) return undefined;
  const text = overlay?.get(file) ?? readText(join(root, file), file);
  if (typeof text !== "string") {
    collect.add(text);
    return undefined;
  }
  const quick = keep || file.endsWith(".json") ? undefined : quickYaml(text);
  if (quick !== undefined) return { source: sourceOf(file, text), content: quick };
  const { source, trees, diagnostics } = parseSource(file, text, { keep, dialect });
  collect.add(...diagnostics);
  if (hasErrors(diagnostics)) return undefined;
  const [tree, second] = trees;
  if (second !== undefined) {
    const place = placeAt(source, second.start, second.start + 1);
    collect.error("yaml-syntax", place, "a second document begins here", "this file holds exactly one");
    return undefined;
  }
  return { source, content: tree === undefined ? null : jsonOf(tree) };
};
