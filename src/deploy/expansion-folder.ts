import { createHash, randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Component } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { componentText } from "./component-text.ts";

/** What writing components into a folder did; paths are relative to it, with forward slashes. */
export type ExpansionFolder = {
  readonly type: "expansion-folder";
  readonly schemaVersion: 1;
  readonly folder: string;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly unchanged: number;
};

const indexName = ".connector-deployer-expansion.json";

/** What we write: three names, none of which begins with a dot. */
const ownPath = /^[^/\\.][^/\\]*\/[^/\\.][^/\\]*\/[^/\\.][^/\\]*$/;

/** Digests of what we wrote, by path; two where a run was interrupted between them. */
type Index = { readonly [path: string]: readonly string[] };

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const refuse = (message: string, hint: string): DeployerError => new DeployerError("usage", message, { hint });

/** Names that a file system treats in a way of its own, whatever stands behind their first dot. */
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const longestName = 150;

/** A name that every file system takes, and that no other text gives. */
const safeName = (text: string): string => {
  const plain = text
    .replaceAll(/[^A-Za-z0-9._-]/gu, (character) => encodeURIComponent(character.toWellFormed()).replaceAll("*", "%2A"))
    .replaceAll(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\.|\.$/g, "%2E");
  const isShort = plain.length <= longestName && !reserved.test(plain);
  return isShort ? plain : `${plain.slice(0, longestName)}~${digestOf(text).slice(0, 12)}`;
};

/** Files by path. Names that differ in nothing but case get a digest each: some file systems cannot tell them apart. */
const filesOf = (components: readonly Component[], format: "yaml" | "json"): ReadonlyMap<string, string> => {
  const named = components.map((component) => {
    const { tenant, type, _id } = component;
    return { path: [tenant, type, _id].map(safeName).join("/"), component };
  });
  const times = new Map<string, number>();
  for (const { path } of named) times.set(path.toLowerCase(), (times.get(path.toLowerCase()) ?? 0) + 1);
  return new Map(
    named.map(({ path, component }) => {
      const isAlone = times.get(path.toLowerCase()) === 1;
      const own = isAlone ? path : `${path}~${digestOf(component._id).slice(0, 12)}`;
      return [`${own}.${format}`, componentText(component, format)] as const;
    }),
  );
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "");

const readIndex = async (folder: string): Promise<Index | undefined> => {
  let text: string;
  try {
    text = await readFile(join(folder, indexName), "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
  const index = JSON.parse(text) as { readonly type?: unknown; readonly files?: Index };
  if (index.type !== "expansion-index" || index.files === undefined) throw new Error(`${indexName} is not ours`);
  return Object.fromEntries(Object.entries(index.files).filter(([path]) => ownPath.test(path)));
};

const writeWhole = async (path: string, text: string): Promise<void> => {
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeFile(draft, text, { flag: "wx" });
  await rename(draft, path);
};

const writeIndex = (folder: string, files: Index): Promise<void> => {
  const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify({ type: "expansion-index", schemaVersion: 1, files: sorted }, null, 2);
  return writeWhole(join(folder, indexName), `${text}\n`);
};

/** The digest of a file; `foreign` where something else than a file stands there. */
const found = async (path: string): Promise<string | undefined> => {
  try {
    return (await lstat(path)).isFile() ? digestOf(await readFile(path, "utf8")) : "foreign";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    if (codeOf(error) === "ENOTDIR") return "foreign";
    throw error;
  }
};

const isForeignFolder = async (path: string): Promise<boolean> => {
  const kind = await lstat(path).catch(() => undefined);
  return kind !== undefined && !kind.isDirectory();
};

const openFolder = async (folder: string): Promise<Index> => {
  try {
    await mkdir(folder, { recursive: true });
    const index = await readIndex(folder);
    if (index !== undefined) return index;
    if ((await readdir(folder)).length === 0) return {};
  } catch (cause) {
    const why = codeOf(cause) || (cause instanceof Error ? cause.message : String(cause));
    throw refuse(`cannot use the folder ${JSON.stringify(folder)} (${why})`, "name a folder that is empty or new");
  }
  const message = `${JSON.stringify(folder)} holds files that were not written by expand --out`;
  throw refuse(message, "name a folder that is empty or new; nothing was written");
};

const pathsIn = (paths: readonly string[]): string => {
  const more = paths.length > 5 ? ` and ${paths.length - 5} more` : "";
  return `${paths.slice(0, 5).join(", ")}${more}`;
};

type Work = { added: string[]; changed: string[]; removed: string[]; unchanged: number };

/** What has to be done; refused before anything is done where it would touch what we did not write. */
const compare = async (
  folder: string,
  index: Index,
  files: ReadonlyMap<string, string>,
  isStale: (path: string) => boolean,
): Promise<Work> => {
  const work: Work = { added: [], changed: [], removed: [], unchanged: 0 };
  const foreign: string[] = [];
  for (const path of new Set([...files.keys(), ...Object.keys(index).filter(isStale)])) {
    const own = Object.hasOwn(index, path) ? (index[path] ?? []) : [];
    const text = files.get(path);
    const parts = path.split("/");
    const isBlocked = await Promise.all(
      parts.slice(0, -1).map((_, depth) => isForeignFolder(join(folder, ...parts.slice(0, depth + 1)))),
    );
    const there = isBlocked.includes(true) ? "foreign" : await found(join(folder, path));
    const wanted = text === undefined ? undefined : digestOf(text);
    if (there === wanted) work.unchanged += wanted === undefined ? 0 : 1;
    else if (there === undefined) work.added.push(path);
    else if (!own.includes(there)) foreign.push(path);
    else if (wanted === undefined) work.removed.push(path);
    else work.changed.push(path);
  }
  if (foreign.length > 0) {
    const message = `not written by expand --out, or edited since: ${pathsIn(foreign.sort())}`;
    throw refuse(message, `move them out of ${JSON.stringify(folder)}; nothing was written`);
  }
  return work;
};

/** Folders that removing files left empty. */
const removeEmpty = async (folder: string, removed: readonly string[]): Promise<void> => {
  const folders = new Set(removed.flatMap((path) => [dirname(path), dirname(dirname(path))]));
  for (const path of [...folders].sort((a, b) => b.length - a.length)) {
    if (path !== ".") await rmdir(join(folder, path)).catch(() => undefined);
  }
};

/**
 * Writes each component into a file of its own, `TENANT/KIND/_ID.yaml`, and takes away what an earlier call wrote and no
 * component gives any more: of the tenants that have components here or, where `isWhole`, of all. Throws `usage`, before
 * anything is written, where the folder or a file in it is not our own earlier output.
 */
export const writeExpansion = async (
  folder: string,
  components: readonly Component[],
  { format, isWhole }: { readonly format: "yaml" | "json"; readonly isWhole: boolean },
): Promise<ExpansionFolder> => {
  const index = await openFolder(folder);
  const files = filesOf(components, format);
  const tenants = new Set(components.map(({ tenant }) => safeName(tenant)));
  const isStale = (path: string): boolean => !files.has(path) && (isWhole || tenants.has(path.split("/")[0] ?? ""));
  const { added, changed, removed, unchanged } = await compare(folder, index, files, isStale);
  const kept = Object.entries(index).filter(([path]) => !isStale(path));
  const now = { ...Object.fromEntries(kept), ...mapped(files, (text) => [digestOf(text)]) };
  const between = { ...index, ...mapped(files, (text, path) => [...(index[path] ?? []), digestOf(text)]) };
  try {
    await writeIndex(folder, between);
    for (const path of [...added, ...changed]) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeWhole(join(folder, path), files.get(path) ?? "");
    }
    for (const path of removed) await rm(join(folder, path), { force: true });
    await removeEmpty(folder, removed);
    await writeIndex(folder, now);
  } catch (cause) {
    throw refuse(`cannot write into ${JSON.stringify(folder)} (${codeOf(cause)})`, "look at its rights and the disk");
  }
  return {
    type: "expansion-folder",
    schemaVersion: 1,
    folder,
    added: added.sort(),
    changed: changed.sort(),
    removed: removed.sort(),
    unchanged,
  };
};

const mapped = (files: ReadonlyMap<string, string>, value: (text: string, path: string) => readonly string[]): Index =>
  Object.fromEntries([...files].map(([path, text]) => [path, value(text, path)]));
