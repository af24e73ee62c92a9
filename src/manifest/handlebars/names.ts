import type { Collector } from "../collect.ts";
import type { Binding, Declarations } from "../expand/variables.ts";
import { bind, plainValue } from "../expand/variables.ts";
import { placeAt } from "../parse/place.ts";
import { parseVariables } from "../parse/variable-marks.ts";
import type { Node } from "./nodes.ts";
import type { HandlebarsTemplate } from "./template.ts";

/** How a name of a Handlebars template gets its value: variables, and `datatypes`, of which a text can hold none. */
export const bindingOf = (declarations: Declarations, datatype: string | undefined): ((name: string) => Binding) => {
  const known = new Map<string, Binding>();
  const names = Object.keys(declarations.manifest.datatypes);
  return (name) => {
    let binding = known.get(name) ?? bind(declarations, datatype, name);
    if (name === "datatypes" && !("resolve" in binding)) {
      binding = {
        resolve: ({ datatypes }) => {
          const on = names.filter((one) => !Object.hasOwn(datatypes, one) || datatypes[one] !== false);
          return plainValue(on, "datatypes of the manifest that the tenant has on");
        },
      };
    }
    known.set(name, binding);
    return binding;
  };
};

const textsOf = (nodes: readonly Node[]): Extract<Node, { type: "text" }>[] =>
  nodes.flatMap((node) => {
    if (node.type === "text") return [node];
    return node.type === "emit" ? [] : [...textsOf(node.body), ...textsOf(node.otherwise)];
  });

/** Comments of YAML, blanked: what stands in them is not looked at. */
const withoutComments = (text: string): string =>
  text.replaceAll(/(^|\s)#[^\n]*/g, (comment: string, before: string) => before.padEnd(comment.length, " "));

type Used = { readonly name: string; readonly start: number; readonly end: number };

/** Variables between `<<@` and `@>>` in the template's text, as far as they can be told before it is rendered. */
const marked = ({ source, nodes, dialect }: HandlebarsTemplate): Used[] =>
  textsOf(nodes).flatMap(({ text, start }) => {
    const plain = source.file.endsWith(".json.hbs") ? text : withoutComments(text);
    return parseVariables(plain, dialect).flatMap((chunk) =>
      chunk.type === "variable" ? [{ name: chunk.name, start: start + chunk.start, end: start + chunk.end }] : [],
    );
  });

/** Reports names that nothing gives a value, without any tenant; true where there are none. */
export const checkNames = (
  collect: Collector,
  template: HandlebarsTemplate,
  datatype: string | undefined,
  binding: (name: string) => Binding,
): boolean => {
  let isBound = true;
  for (const { name, start, end } of [...template.uses, ...marked(template)]) {
    // Templates that datatypes share ask for it: only where it is really used it has to be there.
    if (name === "parent" && datatype !== undefined) continue;
    const bound = binding(name);
    if ("resolve" in bound) continue;
    isBound = false;
    collect.error(bound.code, placeAt(template.source, start, end), bound.message, bound.hint);
  }
  return isBound;
};
