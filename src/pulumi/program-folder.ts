import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const names = ["Pulumi.yaml", "Pulumi.yml", "Pulumi.json"];

/** The folder of the nearest `Pulumi.yaml` at or above a folder. */
export const nearestProgram = (dir: string): string | undefined => {
  if (names.some((name) => existsSync(join(dir, name)))) return dir;
  const above = dirname(dir);
  return above === dir ? undefined : nearestProgram(above);
};

/**
 * What the relative paths of a Pulumi program and its state start at: the folder of the nearest `Pulumi.yaml` at or above
 * the working folder, which `main` may have moved, or else the working folder. It is the same in the program, in the
 * providers and in the command line, and no state holds it.
 */
export const programFolder = (cwd: string): string => nearestProgram(resolve(cwd)) ?? resolve(cwd);

/** A path of a program as its state holds it: relative to the program's folder, with slashes. */
export const statePath = (folder: string, path: string): string =>
  relative(folder, resolve(folder, path)).replaceAll("\\", "/") || ".";
