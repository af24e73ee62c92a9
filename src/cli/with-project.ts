import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import type { Project, Selection } from "../deploy/index.ts";
import type { FlagValues } from "./flag.ts";
import { nameAndValue, usage } from "./flag.ts";
import { readSet } from "./read-set.ts";
import type { Session } from "./session.ts";
import type { project, selection } from "./shared-flags.ts";
import { shellText } from "./shell-text.ts";

/** The process's variables, with those of `--env-file` where they are not set. */
export const environmentOf = async (
  file: string | undefined,
  session: Pick<Session, "io">,
): Promise<NodeJS.ProcessEnv> => {
  if (file === undefined) return session.io.env;
  try {
    return { ...parseEnv(await readFile(file, "utf8")), ...session.io.env };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw usage(`cannot read --env-file ${JSON.stringify(file)} (${code})`, "look at the path");
  }
};

/** The flags that open the same project the same way in this folder, as a shell takes them; each after a space. */
export const projectWords = (flags: FlagValues<typeof project>): string =>
  [
    ...(flags.project === "." ? [] : ["-p", flags.project]),
    ...(flags.environment === undefined ? [] : ["-e", flags.environment]),
    ...(flags.envFile === undefined ? [] : [`--env-file=${flags.envFile}`]),
    ...flags.set.flatMap((text) => ["--set", text]),
  ]
    .map((word) => ` ${shellText(word)}`)
    .join("");

/** Opens the project that the flags name, hands it on, and closes it. */
export const withProject = async <Result>(
  flags: FlagValues<typeof project>,
  session: Session,
  use: (project: Project) => Promise<Result>,
): Promise<Result> => {
  const env = await environmentOf(flags.envFile, session);
  const set = await readSet(flags.set);
  const { openProject } = await import("../deploy/index.ts");
  await using opened = await openProject(flags.project, {
    ...(flags.environment === undefined ? {} : { environment: flags.environment }),
    env,
    set,
    report: session.report,
  });
  return await use(opened);
};

export const selectionOf = (flags: Partial<FlagValues<typeof selection>>): Selection => {
  const { tenant = [], selector = [], wave } = flags;
  return {
    ...(tenant.length === 0 ? {} : { tenants: tenant }),
    ...(selector.length === 0
      ? {}
      : { labels: Object.fromEntries(selector.map((text) => nameAndValue("--selector", text))) }),
    ...(wave === undefined ? {} : { wave }),
  };
};
