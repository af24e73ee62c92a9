import { readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { joinPath } from "../../contract/index.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import { collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import type { Declarations } from "../expand/variables.ts";
import type { LanguageTemplate, NameUse } from "../language/template.ts";
import { isLanguage } from "../language/template.ts";
import { placeAt } from "../parse/place.ts";
import type { Reviewing } from "./review-texts.ts";
import { reviewTexts } from "./review-texts.ts";
import { locateIn } from "./validate.ts";

/** A template, and the datatype that uses it. */
export type ReviewedUse = { readonly datatype: string | undefined; readonly template: Template | LanguageTemplate };

/** A connector as a reviewer looks at it. */
export type Reviewed = {
  readonly declarations: Declarations;
  readonly uses: readonly ReviewedUse[];
  /** The vendor, with which names of systems begin; or what stands for all of such a name. */
  readonly system: { readonly vendor: string } | { readonly placeholder: string };
};

const namesOf = (uses: readonly NameUse[]): readonly string[] =>
  uses.flatMap(({ name, otherwise }) => [name, ...namesOf(otherwise ?? [])]);

/** Names that a text takes by a mark or by a reference of the same name, as Sesam's parameters may be taken. */
const namedIn = (text: string): readonly string[] =>
  [...text.matchAll(/(?:<<@|\{\{@|\$(?:ENV|SECRET)\()\s*([A-Za-z0-9_][A-Za-z0-9_.-]*)/g)].map(([, name = ""]) => name);

const usedBy = ({ template }: ReviewedUse): readonly string[] => [
  ...(isLanguage(template) ? namesOf(template.uses) : template.variables),
  ...namedIn(template.source.text),
];

const reviewParameters = ({
  connector,
  declarations: { manifest, manifestSpot, ...given },
  uses,
  collect,
}: Reviewing) => {
  const locate = locateIn(manifestSpot("").source);
  const inManifest = namedIn(manifestSpot("").source.text);
  const all = new Set([...inManifest, ...uses.flatMap(usedBy)]);
  for (const name of Object.keys(manifest.additional_parameters)) {
    if (all.has(name)) continue;
    const place = locate(joinPath("/additional_parameters", name), "key");
    const hint = "take it out of additional_parameters, or use it";
    collect.warning("unused-parameter", place, `no template uses the parameter "${name}"`, hint);
  }
  for (const [datatype, { parameters }] of Object.entries(manifest.datatypes)) {
    const own = uses.filter((use) => use.datatype === datatype);
    if (own.length === 0) continue;
    const used = new Set([...inManifest, ...own.flatMap(usedBy)]);
    for (const name of Object.keys(parameters)) {
      if (used.has(name)) continue;
      const place = locate(joinPath(`${joinPath("/datatypes", datatype)}/parameters`, name), "key");
      const message = `the template of ${datatype} does not use its parameter "${name}"`;
      collect.warning("unused-parameter", place, message, "take it out of parameters, or use it");
    }
  }
  for (const name of Object.keys(given.parameter_values)) {
    if (all.has(name)) continue;
    const { source, start, end } = given.projectSpot(joinPath("/parameter_values", name));
    const message = `a value is given for the parameter "${name}", which no template of ${connector} uses`;
    collect.warning("unused-parameter", placeAt(source, start, end), message, "take the value out");
  }
};

const isTemplate = (name: string): boolean => /\.(ya?ml|json)(\.hbs)?$/.test(name) && !name.startsWith(".");

/** Files below a folder of templates; what cannot be read is for others to complain about. */
const filesBelow = (root: string, folder: string): readonly string[] => {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && isTemplate(entry.name))
      .map(({ parentPath, name }) =>
        join(parentPath, name)
          .slice(root.length + 1)
          .replaceAll("\\", "/"),
      )
      .sort();
  } catch {
    return [];
  }
};

const reviewTemplates = (root: string, { declarations, collect }: Reviewing, named: ReadonlySet<string>): void => {
  const manifest = declarations.manifestSpot("").source.file;
  for (const file of filesBelow(root, posix.join(posix.dirname(manifest), "templates"))) {
    if (named.has(file)) continue;
    const hint = "name it in the manifest, or delete it";
    collect.warning("unused-template", { file, line: 1, column: 1 }, `${manifest} does not name this template`, hint);
  }
};

/**
 * What a reviewer would want to be told of connectors: what is declared and not used, and what stands in templates though
 * a variable holds it. Only warnings; templates of template languages are looked at for names alone.
 */
export const review = (root: string, connectors: readonly Reviewed[]): readonly Diagnostic[] => {
  const collect = collector();
  const named = new Set(connectors.flatMap(({ uses }) => uses.map(({ template }) => template.source.file)));
  for (const { declarations, uses, system } of connectors) {
    const reviewing: Reviewing = { connector: declarations.connector, declarations, uses, system, collect };
    reviewParameters(reviewing);
    reviewTemplates(root, reviewing, named);
    reviewTexts(reviewing);
  }
  return collect.diagnostics;
};
