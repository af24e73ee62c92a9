import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DeployerError } from "../errors.ts";

export const folder = ".connector-deployer";

/** The project's own folder for what is not in git: made with mode 0700 and a .gitignore of its own. */
export const stateFolder = async (dir: string): Promise<string> => {
  const path = join(dir, folder);
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await writeFile(join(path, ".gitignore"), "*\n", { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } catch (cause) {
    throw new DeployerError("ledger-unavailable", `the folder ${folder} cannot be made in the project`, {
      hint: "make the project folder writable, or set ledger: to a place that is",
      cause,
    });
  }
  return path;
};
