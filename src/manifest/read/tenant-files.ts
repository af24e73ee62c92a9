import type { BigIntStats } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import picomatch from "picomatch";
import type { TenantFile } from "../types.ts";
import { insideOf } from "./jail.ts";

const batchSize = 64;

const signatureOf = ({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string => `${size}-${mtimeNs}-${ctimeNs}-${ino}`;

const walk = async (root: string, folder: string, depth: number, found: string[]): Promise<void> => {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) found.push(path);
    else if (depth > 0) await walk(root, path, depth - 1, found);
  }
};

const matches = async (root: string, glob: string): Promise<readonly string[]> => {
  const { base, glob: pattern } = picomatch.scan(glob);
  if (pattern === "") return [glob];
  if (insideOf(root, "", base) === undefined) return [];
  const found: string[] = [];
  const depth = pattern.includes("**") ? 100 : pattern.split("/").length - 1;
  await walk(root, base === "." ? "" : base.replace(/\/+$/, ""), depth, found);
  const fits = picomatch(glob.replace(/^\.\//, ""));
  return found.filter((path) => fits(path));
};

const look = async (root: string, file: string): Promise<BigIntStats | undefined> => {
  try {
    const stats = await lstat(join(root, file), { bigint: true });
    if (!stats.isSymbolicLink()) return stats.isFile() ? stats : undefined;
    if (insideOf(root, "", file) === undefined) return stats;
    const target = await stat(join(root, file), { bigint: true });
    return target.isFile() ? target : undefined;
  } catch {
    return undefined;
  }
};

const tenantFile = async (root: string, file: string): Promise<TenantFile | undefined> => {
  const stats = await look(root, file);
  if (stats === undefined) return undefined;
  return { file, signature: signatureOf(stats), changedAt: Math.max(Number(stats.ctimeMs), Number(stats.mtimeMs)) };
};

/** True where no file fits the glob. */
export const matchesNothing = async (root: string, glob: string): Promise<boolean> => {
  for (const file of await matches(root, glob)) if ((await look(root, file)) !== undefined) return false;
  return true;
};

/** The tenant files that the globs name, sorted, with what tells whether they changed. No content is read. */
export const listTenantFiles = async (root: string, globs: readonly string[]): Promise<readonly TenantFile[]> => {
  const lists = await Promise.all(globs.map((glob) => matches(root, glob)));
  const files = [...new Set(lists.flat())].sort();
  const list: TenantFile[] = [];
  for (let from = 0; from < files.length; from += batchSize) {
    const batch = await Promise.all(files.slice(from, from + batchSize).map((file) => tenantFile(root, file)));
    list.push(...batch.filter((one) => one !== undefined));
  }
  return list;
};
