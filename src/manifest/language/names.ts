import type { Collector } from "../collect.ts";
import type { Binding, Declarations } from "../expand/variables.ts";
import { bind, plainValue } from "../expand/variables.ts";
import { placeAt } from "../parse/place.ts";
import type { LanguageTemplate, NameUse } from "./template.ts";

/** How a name of a template in a template language gets its value: variables, and `datatypes`, of which a text can hold none. */
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

/** Reports names that nothing gives a value, without any tenant; true where there are none. */
export const checkNames = (
  collect: Collector,
  template: LanguageTemplate,
  binding: (name: string) => Binding,
): boolean => {
  let isBound = true;
  const isNeeded = ({ name, asked, isCondition }: NameUse): boolean => {
    if (asked !== true) return true;
    const bound = binding(name);
    return isCondition === true && "code" in bound && bound.isElsewhere !== true;
  };
  const needed = template.uses.filter(isNeeded);
  const uses = needed.flatMap((use) =>
    use.otherwise === undefined || "resolve" in binding(use.name) ? [use] : use.otherwise,
  );
  for (const { name, start, end } of uses) {
    const bound = binding(name);
    // Templates that datatypes share ask for it: only where it is really used it has to be there.
    if ("resolve" in bound || bound.isElsewhere === true) continue;
    isBound = false;
    collect.error(bound.code, placeAt(template.source, start, end), bound.message, bound.hint);
  }
  return isBound;
};
