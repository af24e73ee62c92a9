import { readFile } from "node:fs/promises";
import { parseEnv } from "node:util";
import type { Json } from "../contract/index.ts";
import type { Project, Selection } from "../deploy/index.ts";
import type { FlagValues } from "./flag.ts";
import { usage } from "./flag.ts";
import type { Session } from "./session.ts";
import type { project, selection } from "./shared-flags.ts";

const pair = (flag: string, text: string): readonly [string, string] => {
  const index = text.indexOf("=");
  if (index < 1) throw usage(`${flag} is ${JSON.stringify(text)}`, `write it as ${flag} name=value`);
  return [text.slice(0, index), text.slice(index + 1)];
};

/** A text as YAML reads a scalar: `5` is a number, `"5"` and `v5` are texts. */
const scalar = (name: string, text: string, parse: typeof import("yaml").parseDocument): Json => {
  const document = parse(text, { schema: "core" });
  const isCut = document.comment !== null || document.commentBefore !== null || Boolean(document.contents?.comment);
  const value: unknown = document.errors.length > 0 || isCut ? {} : document.toJS();
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && (!Number.isInteger(value) || Number.isSafeInteger(value))) return value;
  const why = typeof value === "number" ? "has more digits than a number can hold" : "is not a YAML scalar";
  throw usage(`--set ${name}: ${JSON.stringify(text)} ${why}`, `quote it to make it a text: --set '${name}="…"'`);
};

const readSet = async (texts: readonly string[]): Promise<{ readonly [key: string]: Json }> => {
  if (texts.length === 0) return {};
  const { parseDocument } = await import("yaml");
  return Object.fromEntries(
    texts.map((text) => {
      const [name, value] = pair("--set", text);
      return [name, scalar(name, value, parseDocument)];
    }),
  );
};

/** The process's variables, with those of `--env-file` where they are not set. */
export const environmentOf = async (file: string | undefined, session: Session): Promise<NodeJS.ProcessEnv> => {
  if (file === undefined) return session.io.env;
  try {
    return { ...parseEnv(await readFile(file, "utf8")), ...session.io.env };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw usage(`cannot read --env-file ${JSON.stringify(file)} (${code})`, "look at the path");
  }
};

// Apart, because tsc leaves the extension of an import() alone in a function that has `await using`.
const loadDeploy = () => import("../deploy/index.ts");

/** Opens the project that the flags name, hands it on, and closes it. */
export const withProject = async <Result>(
  flags: FlagValues<typeof project>,
  session: Session,
  use: (project: Project) => Promise<Result>,
): Promise<Result> => {
  const env = await environmentOf(flags.envFile, session);
  const set = await readSet(flags.set);
  const { openProject } = await loadDeploy();
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
    ...(selector.length === 0 ? {} : { labels: Object.fromEntries(selector.map((text) => pair("--selector", text))) }),
    ...(wave === undefined ? {} : { wave }),
  };
};
