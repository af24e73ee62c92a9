import type { Collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import type { Scope, Value } from "../expand/scope.ts";
import type { Binding, Given } from "../expand/variables.ts";
import { checkNames } from "../language/names.ts";
import { renderTemplate } from "../language/render-template.ts";
import type { LanguageTemplate } from "../language/template.ts";
import type { FilledTemplate } from "./assemble-files.ts";
import { templateName } from "./generated.ts";

/** A scope in which nothing but variables counts: references are plain text. */
const scopeOf = (collect: Collector, variables: readonly string[], values: readonly Value[]): Scope => ({
  variables,
  values,
  environment: new Map(),
  secretDeclared: () => true,
  secretNames: () => [],
  report: collect.error,
  deferred: false,
});

const filled = (template: Template, scope: Scope, datatype: string | undefined, rendered: boolean): FilledTemplate => {
  const name = templateName(template.source.file);
  const shared = datatype === undefined || name === datatype ? undefined : name;
  return { datatype, components: template.components, rendered, scope, shared };
};

/** A template with values for its variables, by their slots. */
export const fillTemplate = (
  collect: Collector,
  datatype: string | undefined,
  template: Template,
  values: readonly Value[],
): FilledTemplate => filled(template, scopeOf(collect, template.variables, values), datatype, false);

/** A template in a template language, rendered; undefined, and reported, where it cannot be. */
export const fillLanguage = (
  collect: Collector,
  datatype: string | undefined,
  template: LanguageTemplate,
  binding: (name: string) => Binding,
  given: Given,
): FilledTemplate | undefined => {
  if (!checkNames(collect, template, binding)) return undefined;
  // In an expansion in Sesam's form every declared name has a value, if only a placeholder.
  const missing = (): void => undefined;
  const made = renderTemplate(template, binding, given, scopeOf(collect, [], []), missing, collect);
  return made && filled(made.template, made.scope, datatype, true);
};
