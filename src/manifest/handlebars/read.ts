import { environmentIn } from "../expand/references.ts";
import type { LanguageTemplate, NameUse } from "../language/template.ts";
import { placeAt } from "../parse/place.ts";
import { sourceOf } from "../parse/source.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import { parseVariables } from "../parse/variable-marks.ts";
import type { Folder } from "../read/folder.ts";
import { compileHandlebars } from "./compile.ts";
import type { Node } from "./nodes.ts";
import { render } from "./render.ts";

const valueHint =
  "every {{x}} gives a JSON literal, a text in its quotes: let it stand alone, or write <<@ name @>> or {{concat a b}}";

const textsOf = (nodes: readonly Node[]): Extract<Node, { type: "text" }>[] =>
  nodes.flatMap((node) => {
    if (node.type === "text") return [node];
    return node.type === "emit" ? [] : [...textsOf(node.body), ...textsOf(node.otherwise)];
  });

/** Comments of YAML, blanked: what stands in them is not looked at. */
const withoutComments = (text: string): string =>
  text.replaceAll(/(^|\s)#[^\n]*/g, (comment: string, before: string) => before.padEnd(comment.length, " "));

/** Variables between `<<@` and `@>>` in the template's text, as far as they can be told before it is rendered. */
const marked = (nodes: readonly Node[], file: string, dialect: Dialect): NameUse[] =>
  textsOf(nodes).flatMap(({ text, start }) => {
    const plain = file.endsWith(".json.hbs") ? text : withoutComments(text);
    return parseVariables(plain, dialect).flatMap((chunk) =>
      chunk.type === "variable" ? [{ name: chunk.name, start: start + chunk.start, end: start + chunk.end }] : [],
    );
  });

/** Takes a Handlebars template apart; undefined, and reported, where it cannot be. Loads Handlebars' parser. */
export const readHandlebars = async (
  file: string,
  content: string,
  { declared, dialect = "own", collect }: Pick<Folder, "declared" | "dialect" | "collect">,
): Promise<LanguageTemplate | undefined> => {
  const { default: handlebars } = await import("handlebars");
  const text = content.startsWith("\ufeff") ? content.slice(1) : content;
  const { nodes, uses, problems } = compileHandlebars(text, (source) => handlebars.parse(source));
  const source = sourceOf(file, text, []);
  for (const { code, start, end, message, hint } of problems) {
    collect.error(code, placeAt(source, start, end), message, hint);
  }
  if (problems.length > 0) return undefined;
  let prefix = "value";
  while (text.includes(prefix)) prefix += "_";
  return {
    source,
    uses: [...uses, ...marked(nodes, file, dialect)],
    render: (mark, context) => render(nodes, mark, context),
    valueHint,
    environment: new Set(environmentIn(text)),
    prefix,
    declared,
    dialect,
    compiled: new Map(),
  };
};
