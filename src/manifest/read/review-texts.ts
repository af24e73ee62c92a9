import type { Collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import type { Declarations } from "../expand/variables.ts";
import { declaredParameters, sharedValue } from "../expand/variables.ts";
import { isLanguage } from "../language/template.ts";
import { placeAt } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";
import type { Tree } from "../parse/tree.ts";
import type { Chunk, Dialect } from "../parse/variable-marks.ts";
import { parseVariables } from "../parse/variable-marks.ts";
import type { Reviewed, ReviewedUse } from "./review.ts";

export type Reviewing = {
  readonly connector: string;
  readonly declarations: Declarations;
  readonly uses: readonly ReviewedUse[];
  readonly system: Reviewed["system"];
  readonly collect: Collector;
};

/** A template of the connector, with every datatype that uses it. */
type Shared = { readonly template: Template; readonly datatypes: readonly (string | undefined)[] };

/** A value that a text may be, with the variable that holds it wherever the template is used. */
type Known = { readonly name: string; readonly text: string; readonly from: string };

/** Shorter texts are the same by chance, like `contact` or `updated`. */
const shortestTelling = 12;

const isUrl = (text: string): boolean => /^https?:\/\/[^/\s]/i.test(text);

/** Values that are the same for all datatypes that use a template: others could not be put in by a variable. */
const knownValues = ({ declarations }: Reviewing, { datatypes }: Shared): readonly Known[] => {
  return declaredParameters(declarations, datatypes[0]).flatMap((name): Known[] => {
    const values = datatypes.map((datatype) => sharedValue(declarations, datatype, name));
    const [first] = values;
    const text = first?.make === undefined && typeof first?.json === "string" ? first.json : undefined;
    if (first === undefined || text === undefined || values.some((value) => value?.json !== text)) return [];
    return isUrl(text) || text.length >= shortestTelling ? [{ name, text, from: first.from }] : [];
  });
};

/** The address that `base_url` stands for, also where the manifest does not declare it. */
const baseUrl = ({ declarations }: Reviewing, { datatypes }: Shared): string | undefined => {
  const values = datatypes.map((datatype) => sharedValue(declarations, datatype, "base_url"));
  const [first] = values;
  if (first === undefined || first.make !== undefined || typeof first.json !== "string" || !isUrl(first.json)) {
    return undefined;
  }
  return values.some((value) => value?.json !== first.json) ? undefined : first.json.replace(/\/+$/, "");
};

/** A variable as a file of its kind writes it: YAML would read one in braces as a mapping. */
const mark = (name: string, { file }: Source): string =>
  file.endsWith(".json") ? `{{@ ${name} @}}` : `<<@ ${name} @>>`;

const textOf = (chunks: readonly Chunk[]): string | undefined => {
  const [only, more] = chunks;
  return only?.type === "text" && more === undefined ? only.text : undefined;
};

const beginsWith = (text: string, url: string): boolean =>
  text.startsWith(url) && /^(?:$|[/?#:])/.test(text.slice(url.length));

const reviewScalars = (reviewing: Reviewing, shared: Shared): void => {
  const { collect, declarations } = reviewing;
  const { source, components } = shared.template;
  const known = knownValues(reviewing, shared);
  const base = baseUrl(reviewing, shared);
  if (known.length === 0 && base === undefined) return;
  const isDeclared = shared.datatypes.every((datatype) =>
    declaredParameters(declarations, datatype).includes("base_url"),
  );
  const look = (value: string, { start, end }: Tree, dialect: Dialect): void => {
    const chunks = parseVariables(value, dialect);
    const [head] = chunks;
    if (base !== undefined && head?.type === "text" && beginsWith(head.text, base)) {
      const message = "this address is base_url, or begins with it, and stands here by itself";
      const declare = isDeclared ? "" : ", and base_url: {} into additional_parameters of the manifest";
      collect.warning(
        "hard-coded-url",
        placeAt(source, start, end),
        message,
        `write ${mark("base_url", source)} for it${declare}`,
      );
      return;
    }
    const text = textOf(chunks);
    const same = text === undefined ? undefined : known.find((one) => one.text === text);
    if (same === undefined) return;
    const message = `this text is the value of the variable "${same.name}" (${same.from})`;
    collect.warning(
      "hard-coded-value",
      placeAt(source, start, end),
      message,
      `write ${mark(same.name, source)} if it is meant`,
    );
  };
  const visit = (tree: Tree, dialect: Dialect): void => {
    if (tree.type === "list") for (const item of tree.items) visit(item, dialect);
    else if (tree.type === "map") for (const { value } of tree.members) visit(value, dialect);
    else if (typeof tree.value === "string") look(tree.value, tree, dialect);
  };
  for (const { tree, dialect } of components) visit(tree, dialect);
};

/** A name that stands for itself in a text of other names. */
const holdsName = (text: string, name: string): boolean => {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const around = `${text[at - 1] ?? " "}${text[at + name.length] ?? " "}`;
    if (!/[\p{L}\p{N}]/u.test(around)) return true;
  }
  return false;
};

const idIn = (
  tree: Tree,
  source: Source,
): { readonly value: string; readonly place: () => ReturnType<typeof placeAt> } | undefined => {
  const found = tree.type === "map" ? tree.members.find(({ key }) => key === "_id")?.value : undefined;
  if (found?.type !== "scalar" || typeof found.value !== "string") return undefined;
  return { value: found.value, place: () => placeAt(source, found.start, found.end) };
};

const nameBegins = (text: string, name: string): boolean =>
  text.startsWith(name) && !/[\p{L}\p{N}]/u.test(text[name.length] ?? " ");

/** True for what begins with the name of a system of this connector: VENDOR-TENANT-CONNECTOR, or the last part alone. */
const isSystemName = ({ connector, system }: Reviewing, text: string): boolean => {
  if (nameBegins(text, connector)) return true;
  if ("placeholder" in system) return nameBegins(text, system.placeholder);
  return nameBegins(text, system.vendor) && holdsName(text.slice(system.vendor.length), connector);
};

const reviewIds = (reviewing: Reviewing, { template, datatypes }: Shared): void => {
  const { collect } = reviewing;
  const { source, components } = template;
  for (const { tree, dialect } of components) {
    const id = idIn(tree, source);
    if (id === undefined) continue;
    const chunks = parseVariables(id.value, dialect);
    const variables = new Set(chunks.flatMap((chunk) => (chunk.type === "variable" ? [chunk.name] : [])));
    const [head] = chunks;
    const start = head?.type === "text" ? head.text : "";
    if (isSystemName(reviewing, start) && !variables.has("system")) {
      const message = `the _id "${id.value}" begins with a system's name, which is another one in each tenant`;
      collect.warning("hard-coded-name", id.place, message, `write ${mark("system", source)} for it`);
    }
    if (variables.has("datatype")) continue;
    const literal = chunks.map((chunk) => (chunk.type === "text" ? chunk.text : " ")).join("");
    const name = datatypes.find((datatype) => datatype !== undefined && holdsName(literal, datatype));
    if (name === undefined) continue;
    const message = `the _id "${id.value}" holds the datatype's name, which the template is told`;
    collect.warning("hard-coded-name", id.place, message, `write ${mark("datatype", source)} for it`);
  }
};

/** What stands in templates though a variable holds it. */
export const reviewTexts = (reviewing: Reviewing): void => {
  const byTemplate = Map.groupBy(reviewing.uses, ({ template }) => template);
  for (const [template, uses] of byTemplate) {
    if (isLanguage(template)) continue;
    const shared = { template, datatypes: uses.map(({ datatype }) => datatype) };
    reviewScalars(reviewing, shared);
    reviewIds(reviewing, shared);
  }
};
