import { realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";

/** Relative to the folder, with forward slashes; undefined where the path leaves it. */
const below = (root: string, path: string): string | undefined => {
  const inside = relative(root, path);
  return inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)
    ? undefined
    : inside.replaceAll(sep, "/");
};

/** The deepest part of a path that exists, without symbolic links, and the rest as written. */
export const realPath = (path: string): string => {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = resolve(path, "..");
    return parent === path ? path : join(realPath(parent), relative(parent, path));
  }
};

/**
 * A path as the files write it, relative to `root` with forward slashes, or undefined where it leaves `root`: by `..`, by
 * being absolute elsewhere, or through a symbolic link. `root` is a real path. The file need not exist.
 */
export const insideOf = (root: string, from: string, path: string): string | undefined => {
  if (path.includes("\0")) return undefined;
  const wanted = resolve(root, from, path);
  const inside = below(root, wanted);
  return inside === undefined || below(root, realPath(wanted)) === undefined ? undefined : inside;
};

const keptFiles = /(^|\/)(\.connector-deployer|\.git)(\/|$)|(^|\/)\.env[^/]*$|\.env$/;

/** Whether this tool, or the person who runs it, keeps there what no tenant may read and no target may get. */
export const isKept = (path: string): boolean => keptFiles.test(path.replaceAll("\\", "/"));
