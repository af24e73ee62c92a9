import { environmentIn } from "../expand/references.ts";
import type { Context, Rendered } from "../language/rendering.ts";
import { Unrendered } from "../language/rendering.ts";
import type { LanguageTemplate } from "../language/template.ts";
import { placeAt } from "../parse/place.ts";
import type { FileProblem } from "../parse/source.ts";
import { sourceOf } from "../parse/source.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import type { Folder } from "../read/folder.ts";
import { assemble } from "./assemble.ts";
import { nodesOf } from "./blocks.ts";
import type { Parse } from "./expression.ts";
import type { Piece, Run } from "./items.ts";
import { variablesOf } from "./names.ts";
import type { Node } from "./nodes.ts";
import { runNodes } from "./run.ts";
import { splitTemplate } from "./split.ts";

const valueHint = "outside of quotes {{@ … @}} gives one whole JSON value; within quotes it is a part of the text";

const rendered = (
  nodes: readonly Node[],
  given: ReadonlySet<string>,
  dialect: Dialect,
  prefix: string,
  context: Context,
): Rendered => {
  const run: Run = { context, dialect, given, variables: new Map(), steps: 0, depth: 0 };
  try {
    const pieces: Piece[] = [];
    runNodes(run, { own: new Map(), outer: undefined }, nodes, pieces);
    return assemble(run, pieces, prefix);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const place = { start: 0, end: 1 };
    throw new Unrendered("file-too-large", place, "the template makes more than can be held", "make less of it");
  }
};

const compiled = (
  text: string,
  dialect: Dialect,
  parse: Parse,
): { readonly nodes: readonly Node[]; readonly problem: FileProblem | undefined } => {
  const { parts, problem } = splitTemplate(text, dialect);
  // What comes first is said first.
  const made = nodesOf(parts, parse);
  return { nodes: made.nodes, problem: problem ?? made.problem };
};

/** Takes a JSON template with blocks apart; undefined, and reported, where it cannot be. Loads the library's parser. */
export const readJinja = async (
  file: string,
  content: string,
  { declared, dialect = "own", collect }: Pick<Folder, "declared" | "dialect" | "collect">,
): Promise<LanguageTemplate | undefined> => {
  const { parse } = await import("@huggingface/jinja");
  const text = content.startsWith("\ufeff") ? content.slice(1) : content;
  const source = sourceOf(file, text, []);
  const { nodes, problem } = compiled(text, dialect, parse);
  if (problem !== undefined) {
    const { code, start, end, message, hint } = problem;
    collect.error(code, placeAt(source, start, end), message, hint);
    return undefined;
  }
  const { uses, given } = variablesOf(nodes);
  let prefix = "value";
  while (text.includes(prefix)) prefix += "_";
  return {
    source,
    uses,
    render: (mark, context) => rendered(nodes, given, dialect, mark, context),
    valueHint,
    environment: new Set(environmentIn(text)),
    prefix,
    declared,
    dialect,
    compiled: new Map(),
  };
};
