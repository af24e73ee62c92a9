import { equal } from "../canonical.ts";
import type { Json } from "../contract/index.ts";
import { isObject, segments } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { ExpandedFile, ExpansionFiles, SesamFile } from "../manifest/index.ts";
import type { Written } from "./sesam-index.ts";
import { digestOf, readIndex, writeIndex } from "./sesam-index.ts";
import { sesamText } from "./sesam-text.ts";

const listed = (paths: readonly string[]): string =>
  `${paths.slice(0, 5).join(", ")}${paths.length > 5 ? ` and ${paths.length - 5} more` : ""}`;

const has = (written: Written | undefined, text: string | undefined): boolean =>
  written !== undefined && text !== undefined && written.digests.includes(digestOf(text));

/** As it was written, in whatever layout. */
const isAsWritten = (
  { content, text }: Extract<ExpandedFile, { content: unknown }>,
  written: Written | undefined,
): boolean => has(written, text) || has(written, sesamText(content));

/** An edit of an expansion that the connector's files do not give any more could undo what was changed in them. */
const isStale = (now: ExpandedFile | undefined, expanded: SesamFile | undefined, written: Written): boolean => {
  if (now !== undefined && "content" in now && expanded !== undefined && equal(now.content, expanded.content))
    return false;
  return !has(written, expanded && sesamText(expanded.content));
};

/** A new component with what the expansion adds to it by itself. */
const withAdded = (edited: Json, { content, from }: SesamFile): Json => {
  if (!isObject(edited) || !isObject(content)) return edited;
  const missing = (from?.generated ?? []).flatMap((path) => {
    const [key = ""] = segments(path);
    const value = content[key];
    return value === undefined || Object.hasOwn(edited, key) ? [] : [[key, value] as const];
  });
  return { ...edited, ...Object.fromEntries(missing) };
};

/**
 * What was edited since the expansion was written, where its folder says what that was: what nobody touched counts as what
 * the connector's files give now, though they were changed since. Throws `usage` where the same component was changed on
 * both sides, and where the expansion was interrupted; not where only a run of collapse that was killed changed the files.
 */
export const editedSince = (
  folder: string,
  files: ExpansionFiles,
  expansion: readonly SesamFile[],
  isOurChange: boolean,
): ExpansionFiles => {
  const index = readIndex(folder);
  if (index === undefined) return files;
  if (index.isOpen) {
    throw new DeployerError(
      "usage",
      `the expansion in ${JSON.stringify(folder)} was interrupted: some of it may be missing`,
      {
        hint: "expand again; with --force where it refuses because of edits, which are lost then",
      },
    );
  }
  const byPath = new Map(expansion.map((file) => [file.path, file]));
  const edited = new Map<string, ExpandedFile>();
  const stale: string[] = [];
  for (const path of new Set([...byPath.keys(), ...files.keys()])) {
    const [now, expanded, written] = [files.get(path), byPath.get(path), index.files.get(path)];
    const isUntouched = now === undefined ? written === undefined : "content" in now && isAsWritten(now, written);
    if (isUntouched) {
      if (expanded !== undefined) edited.set(path, { content: expanded.content });
      continue;
    }
    if (written !== undefined && !isOurChange && isStale(now, expanded, written)) stale.push(path);
    // Collapsed by a run that was killed before it noted so.
    const isNew = written === undefined && expanded !== undefined && now !== undefined && "content" in now;
    if (now !== undefined) edited.set(path, isNew ? { ...now, content: withAdded(now.content, expanded) } : now);
  }
  if (stale.length === 0) return edited;
  const message = `edited in the expansion, and changed in the connector's files since it was written: ${listed(stale)}`;
  throw new DeployerError("usage", message, {
    hint: "expand into another folder with --out, and carry the edits over by hand; nothing was written",
  });
};

/** Notes in the folder of an expansion that the connector's files give what was edited there. */
export const noteCollapsed = (folder: string, files: ExpansionFiles, expansion: readonly SesamFile[]): void => {
  const index = readIndex(folder);
  if (index === undefined) return;
  const noted = new Map(index.files);
  const given = new Set<string>();
  for (const one of expansion) {
    const { path, content } = one;
    given.add(path);
    const now = files.get(path);
    if (now === undefined || !("content" in now) || now.text === undefined) continue;
    const isGiven =
      equal(now.content, content) || (!index.files.has(path) && equal(withAdded(now.content, one), content));
    if (!isGiven) continue;
    noted.set(path, { digests: [...new Set([digestOf(now.text), digestOf(sesamText(content))])] });
  }
  for (const path of index.files.keys()) if (!given.has(path) && !files.has(path)) noted.delete(path);
  writeIndex(folder, { isOpen: false, files: noted });
};
