import type { Project } from "../../deploy/index.ts";
import type { Io } from "../session.ts";

export type Names = Awaited<ReturnType<Project["names"]>>;

/** Milliseconds that names are looked for. */
const budget = 100;

/** Names in the project that the words given so far are about; none where there is no project. */
export const liveNames = async (
  given: ReadonlyMap<string, string>,
  what: readonly (keyof Names)[],
  typed: string,
  io: Io,
): Promise<Names> => {
  const { readFile } = await import("node:fs/promises");
  const { parseEnv } = await import("node:util");
  const { openProject } = await import("../../deploy/index.ts");
  const file = given.get("envFile");
  const environment = given.get("environment");
  const env = file === undefined ? io.env : { ...parseEnv(await readFile(file, "utf8")), ...io.env };
  await using project = await openProject(given.get("project") ?? ".", {
    env,
    ...(environment === undefined ? {} : { environment }),
  });
  return await project.names(what, { typed, budget });
};
