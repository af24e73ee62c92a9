import type { Path } from "../../contract/index.ts";
import { segments } from "../../contract/index.ts";
import type { Diagnostic, Location } from "../../diagnostic.ts";
import type { Collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import type { Spot } from "../expand/scope.ts";
import type { LanguageTemplate } from "../language/template.ts";
import type { Source } from "../parse/source.ts";
import { findIn } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import { insideOf } from "./jail.ts";

/** A project folder while it is read. */
export type Folder = {
  /** Absolute, without symbolic links. */
  readonly root: string;
  /** Texts that count in place of what the files hold, by path: how a change would read before it is written. */
  readonly overlay?: ReadonlyMap<string, string>;
  readonly collect: Collector;
  /** Names of the project's secrets. */
  readonly declared: ReadonlySet<string>;
  /** How templates are read; default: our own way. Sesam's takes what its client takes: a key twice, unknown keys. */
  readonly dialect?: Dialect;
  /** Templates by path: datatypes and connectors may share one. */
  readonly templates: Map<string, Promise<Template | LanguageTemplate | undefined>>;
};

/** The place of a value in one of several files, the last first; the start of the first where there is none. */
export const spotIn = (sources: readonly Source[], path: Path): Spot | undefined => {
  for (const source of sources.toReversed()) {
    const [tree] = source.trees();
    const found = tree && findIn(tree, segments(path));
    if (found !== undefined) return { source, start: found.tree.start, end: found.tree.end };
  }
  const [first] = sources;
  return first && { source: first, start: 0, end: 1 };
};

/** What to say of a path that leaves the project folder. */
export const outsideProject = (path: string, location: Location | undefined): Diagnostic => ({
  code: "path-outside-project",
  severity: "error",
  message: `"${path}" leaves the project folder`,
  hint: "keep everything inside it; symbolic links count as what they point to",
  ...(location !== undefined && { location }),
});

/** A path below a folder of the project, relative to the project; reported where it leaves it. */
export const jailed = (
  { root, collect }: Pick<Folder, "root" | "collect">,
  from: string,
  path: string,
  location: Location | undefined,
): string | undefined => {
  const file = insideOf(root, from, path);
  if (file === undefined) collect.add(outsideProject(path, location));
  return file;
};
