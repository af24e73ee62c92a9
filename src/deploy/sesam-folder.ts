import type { Dirent } from "node:fs";
import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { equal } from "../canonical.ts";
import { DeployerError } from "../errors.ts";
import type { SesamFile } from "../manifest/index.ts";
import type { ExpansionFolder } from "./expansion-folder.ts";
import type { SesamIndex, Written } from "./sesam-index.ts";
import { digestOf, isOwnPath, readIndex, writeIndex } from "./sesam-index.ts";
import { sesamText } from "./sesam-text.ts";

/** What writing one expansion did. */
export type SesamFolder = Omit<ExpansionFolder, "type" | "schemaVersion">;

const parts = ["pipes", "systems"] as const;

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

const refuse = (message: string, hint: string): DeployerError => new DeployerError("usage", message, { hint });

const listed = (paths: readonly string[]): string => {
  const more = paths.length > 5 ? ` and ${paths.length - 5} more` : "";
  return `${[...paths].sort().slice(0, 5).join(", ")}${more}`;
};

const entriesOf = (folder: string): readonly Dirent[] => {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw refuse(
      `cannot use the folder ${JSON.stringify(folder)} (${codeOf(error)})`,
      "name a folder that is empty or new",
    );
  }
};

/** What is in the folder now: paths of what an expansion may hold, and names of what it may not. */
type Present = { readonly own: ReadonlySet<string>; readonly strange: readonly string[] };

const look = (folder: string): Present => {
  const own = new Set<string>();
  const strange: string[] = [];
  const take = (entry: Dirent, path: string): void => {
    if (entry.isFile() && isOwnPath(path)) own.add(path);
    else if (!entry.name.startsWith(".")) strange.push(path);
  };
  for (const entry of entriesOf(folder)) {
    if (entry.isDirectory() && parts.some((part) => part === entry.name)) {
      for (const inner of entriesOf(join(folder, entry.name))) take(inner, `${entry.name}/${inner.name}`);
    } else take(entry, entry.name);
  }
  return { own, strange };
};

const textOf = (folder: string, path: string): string => readFileSync(join(folder, path), "utf8");

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

type Wanted = ReadonlyMap<string, { readonly text: string; readonly digest: string; readonly file: SesamFile }>;

type Work = {
  readonly added: string[];
  readonly changed: string[];
  readonly removed: string[];
  readonly edited: string[];
  /** Digests of what is to be changed or removed, as it is now: a run that is killed leaves some of it. */
  readonly found: Map<string, string>;
  /** What stays as it is, as the index will have it. */
  readonly kept: Map<string, Written>;
};

/** Whether the content of a file is what an earlier run wrote, or began to write. */
const isOurs = (text: string, written: Written | undefined, isOpen: boolean): boolean =>
  written !== undefined && (written.digests.includes(digestOf(text)) || (isOpen && parsed(text) === undefined));

const sortOut = (folder: string, wanted: Wanted, present: Present, index: SesamIndex, isLoose: boolean): Work => {
  const work: Work = { added: [], changed: [], removed: [], edited: [], found: new Map(), kept: new Map() };
  for (const [path, { digest, file }] of wanted) {
    if (!present.own.has(path)) {
      work.added.push(path);
      continue;
    }
    const written = index.files.get(path);
    const isSame = written?.digests.length === 1 && written.digests[0] === digest;
    const { size, mtimeMs } = lstatSync(join(folder, path));
    if (isSame && written.size === size && written.mtime === mtimeMs) {
      work.kept.set(path, written);
      continue;
    }
    const text = textOf(folder, path);
    const found = digestOf(text);
    work.found.set(path, found);
    if (found === digest) work.kept.set(path, { digests: [digest], size, mtime: mtimeMs });
    else if (isLoose || isOurs(text, written, index.isOpen) || equal(parsed(text), file.content))
      work.changed.push(path);
    else work.edited.push(path);
  }
  for (const path of present.own) {
    if (wanted.has(path)) continue;
    const written = index.files.get(path);
    const text = textOf(folder, path);
    work.found.set(path, digestOf(text));
    if (isLoose || isOurs(text, written, index.isOpen)) work.removed.push(path);
    // The environment of another profile is in nobody's way.
    else if (path.includes("/") || written !== undefined) work.edited.push(path);
  }
  return work;
};

const writeFile = (path: string, text: string): Omit<Written, "digests"> => {
  const descriptor = openSync(path, "w");
  try {
    writeFileSync(descriptor, text);
    const { size, mtimeMs } = fstatSync(descriptor);
    return { size, mtime: mtimeMs };
  } finally {
    closeSync(descriptor);
  }
};

/** Writes what `sortOut` found; before and after it the index says so. */
const carryOut = (folder: string, wanted: Wanted, index: SesamIndex, work: Work): void => {
  const { added, changed, removed, found, kept } = work;
  const now = new Map(kept);
  if (added.length + changed.length + removed.length > 0) {
    mkdirSync(folder, { recursive: true });
    const between = new Map([...index.files, ...kept]);
    for (const path of [...added, ...changed, ...removed]) {
      between.set(path, {
        digests: [found.get(path), wanted.get(path)?.digest].filter((digest) => digest !== undefined),
      });
    }
    writeIndex(folder, { isOpen: true, files: between });
    for (const part of parts) mkdirSync(join(folder, part), { recursive: true });
    for (const path of [...added, ...changed]) {
      const { text, digest } = wanted.get(path) ?? { text: "", digest: "" };
      now.set(path, { digests: [digest], ...writeFile(join(folder, path), text) });
    }
    for (const path of removed) unlinkSync(join(folder, path));
  } else if (!index.isOpen && isSameIndex(index.files, now)) return;
  writeIndex(folder, { isOpen: false, files: now });
};

const isSameIndex = (before: SesamIndex["files"], now: SesamIndex["files"]): boolean =>
  before.size === now.size && [...now].every(([path, written]) => before.get(path) === written);

/**
 * Looks what writing an expansion in Sesam's form into a folder takes, and gives what does it: it also takes away what an
 * earlier expansion left there and no component gives any more. Throws `usage` where the folder holds what no expansion
 * wrote, or a file was edited since it was written; with `force` edited files count as written. A run that was killed is
 * mended by the next one.
 */
export const prepareSesamFolder = (
  folder: string,
  files: readonly SesamFile[],
  { force = false }: { readonly force?: boolean } = {},
): (() => SesamFolder) => {
  const wanted: Wanted = new Map(
    files.map((file) => {
      const text = sesamText(file.content);
      return [file.path, { text, digest: digestOf(text), file }];
    }),
  );
  const present = look(folder);
  const index = readIndex(folder);
  const blocked = present.strange.filter((path) => wanted.has(path) || parts.some((part) => part === path));
  if (blocked.length > 0 || (index === undefined && present.strange.length > 0)) {
    const what = listed(blocked.length > 0 ? blocked : present.strange);
    const message = `${JSON.stringify(folder)} holds what no expansion wrote: ${what}`;
    throw refuse(message, "name a folder that is empty or new; nothing was written");
  }
  const before = index ?? { isOpen: false, files: new Map() };
  const work = sortOut(folder, wanted, present, before, force);
  if (work.edited.length > 0 && index === undefined) {
    // Sesam's client keeps no index: edits, downloads and old expansions of it look the same.
    const message = `${JSON.stringify(folder)} was not written by expand, and is not what it would write: ${listed(work.edited)}`;
    throw refuse(
      message,
      "collapse first if it was edited or downloaded, or --force if it is only old; nothing was written",
    );
  }
  if (work.edited.length > 0) {
    const message = `edited since they were written to ${JSON.stringify(folder)}: ${listed(work.edited)}`;
    throw refuse(message, "collapse first, or --force to give the edits up; nothing was written");
  }
  return () => {
    try {
      carryOut(folder, wanted, before, work);
    } catch (cause) {
      throw refuse(`cannot write into ${JSON.stringify(folder)} (${codeOf(cause)})`, "look at its rights and the disk");
    }
    const { added, changed, removed, kept } = work;
    return { folder, added: added.sort(), changed: changed.sort(), removed: removed.sort(), unchanged: kept.size };
  };
};

/** Writes an expansion in Sesam's form into a folder; throws before anything is written, or not at all. */
export const writeSesamFolder = (
  folder: string,
  files: readonly SesamFile[],
  options: { readonly force?: boolean } = {},
): SesamFolder => prepareSesamFolder(folder, files, options)();
