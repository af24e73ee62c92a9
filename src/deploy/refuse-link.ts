import { join, resolve } from "node:path";
import { DeployerError } from "../errors.ts";
import { insideOf, realPath } from "../manifest/index.ts";

const name = ".expanded";

/** Throws `usage` where the folder of an expansion that nobody named leads out of `dir`; `flag` is the one that names it. */
export const refuseLink = (dir: string, flag: string): void => {
  const root = resolve(dir);
  if (insideOf(realPath(root), "", name) !== undefined) return;
  throw new DeployerError(
    "usage",
    `the folder ${JSON.stringify(join(dir, name))} is a symbolic link that leads out of ${JSON.stringify(dir)}`,
    { hint: `name the folder itself: ${flag} ${JSON.stringify(realPath(join(root, name)))}` },
  );
};
