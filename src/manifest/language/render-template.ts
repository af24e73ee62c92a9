import type { Collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import type { Scope, Value } from "../expand/scope.ts";
import { placeWithin, timesBefore } from "../expand/scope.ts";
import type { Binding, Given } from "../expand/variables.ts";
import { plainValue } from "../expand/variables.ts";
import { placeAt } from "../parse/place.ts";
import type { Rendered } from "./rendering.ts";
import { Reported, Unrendered } from "./rendering.ts";
import type { LanguageTemplate } from "./template.ts";
import { templateFrom } from "./template.ts";

/** Of a key: the text itself, not what stands between the quotes of its literal. */
const asKey = (value: Value): Value => ({
  ...plainValue(value.json, value.from),
  ...(value.make === undefined ? {} : { pieces: value.pieces, make: value.make, text: undefined }),
  ...(value.written === undefined ? {} : { written: value.written }),
});

/**
 * A template in a template language with one tenant's values: rendered, parsed, compiled, and what its variables stand for. Undefined,
 * and reported, where a name has no value or what comes out is no template. `missing` reports a variable without a value.
 */
export const renderTemplate = (
  language: LanguageTemplate,
  bind: (name: string) => Binding,
  given: Given,
  scope: Scope,
  missing: (name: string) => void,
  collect: Collector,
): { readonly template: Template; readonly scope: Scope } | undefined => {
  const { source, prefix } = language;
  let isWhole = true;
  const valueFor = (name: string, optional: boolean, place: () => ReturnType<typeof placeAt>): Value | undefined => {
    const binding = bind(name);
    const value = "resolve" in binding ? binding.resolve(given) : undefined;
    if (value !== undefined || optional) return value;
    isWhole = false;
    if ("resolve" in binding) missing(name);
    else collect.error(binding.code, place, binding.message, binding.hint);
    return undefined;
  };
  let rendered: Rendered;
  try {
    rendered = language.render(prefix, {
      source,
      scope,
      variable: ({ start, end, written }, name, optional) => {
        const value = valueFor(name, optional, () => placeAt(source, start, end));
        return value && { ...value, written };
      },
    });
  } catch (error) {
    if (error instanceof Reported) return undefined;
    if (!(error instanceof Unrendered)) throw error;
    collect.error(error.code, placeAt(source, error.start, error.end), error.message, error.hint);
    return undefined;
  }
  const template = isWhole ? templateFrom(language, rendered, collect) : undefined;
  if (template === undefined) return undefined;
  const values = template.variables.map((name): Value => {
    const [, slot, key] = name.startsWith(`${prefix}.`) ? (/\.(\d+)(\.key)?$/.exec(name) ?? []) : [];
    const own = slot === undefined ? undefined : rendered.slots[Number(slot)];
    if (own !== undefined) return key === undefined ? own : asKey(own);
    const use = template.uses.find((one) => one.name === name);
    const place = () => {
      const mark = use?.text.slice(use.start).match(/^.*?@>>/s)?.[0] ?? "";
      return use === undefined
        ? placeAt(source, 0, 1)
        : placeWithin(use.spot, mark, timesBefore(use.text, mark, use.start));
    };
    return valueFor(name, false, place) ?? plainValue(null, "");
  });
  return isWhole ? { template, scope: { ...scope, variables: template.variables, values } } : undefined;
};
