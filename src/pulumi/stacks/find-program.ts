import { resolve } from "node:path";
import { DeployerError } from "../../errors.ts";
import { nearestProgram } from "../program-folder.ts";

/**
 * The folder of the Pulumi.yaml that stacks run in: the nearest one at or above the named folder, else at or above the
 * working folder, else at or above the project's folder. Throws `usage` where there is none.
 */
export const findProgram = (named: string | undefined, cwd: string, project: string): string => {
  const places = named === undefined ? [cwd, project] : [resolve(cwd, named)];
  const found = places.map(nearestProgram).find((dir) => dir !== undefined);
  if (found !== undefined) return found;
  throw new DeployerError(
    "usage",
    `there is no Pulumi.yaml at or above ${places.map((dir) => JSON.stringify(dir)).join(" or ")}`,
    {
      hint: "name the folder of your Pulumi program with --cwd; docs/pulumi.md shows how to make one",
    },
  );
};
