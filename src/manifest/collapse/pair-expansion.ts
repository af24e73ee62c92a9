import { equal } from "../../canonical.ts";
import type { Json, Path } from "../../contract/index.ts";
import { isObject, joinPath } from "../../contract/index.ts";
import type { Instance, NewComponent, UnplacedEdit } from "../placing/types.ts";
import type { SesamConnector, SesamFile } from "../sesam/types.ts";
import type { ExpandedFile, ExpansionFiles } from "./read-expansion.ts";

/** An expansion beside what it was edited to. */
export type PairedExpansion = {
  readonly instances: readonly Instance[];
  readonly added: readonly NewComponent[];
  /** Edits that nothing in the connector's files could hold. */
  readonly unplaced: readonly UnplacedEdit[];
  /** The values of the environment, where they were edited. */
  readonly profile: { readonly path: string; readonly from: Json; readonly to: Json } | undefined;
};

const idOf = (content: Json): string | undefined => {
  const id = isObject(content) ? content["_id"] : undefined;
  return typeof id === "string" ? id : undefined;
};

const withoutId = (content: Json): Json => (isObject(content) ? { ...content, _id: "" } : content);

const kindOf = (path: string): string => path.slice(0, path.indexOf("/"));

/** Which file each component of the expansion is in now: the one of its name, else one with its `_id`, else one that differs in nothing else. */
const pairFiles = (components: readonly SesamFile[], files: ExpansionFiles): ReadonlyMap<SesamFile, string> => {
  const pairs = new Map<SesamFile, string>();
  const free = new Map<string, Json>();
  for (const [path, file] of files) if (path.includes("/") && "content" in file) free.set(path, file.content);
  const missing: SesamFile[] = [];
  for (const component of components) {
    if (files.has(component.path)) {
      pairs.set(component, component.path);
      free.delete(component.path);
    } else missing.push(component);
  }
  const take = (component: SesamFile, fits: (content: Json, path: string) => boolean): boolean => {
    const found = [...free].filter(([path, content]) => fits(content, path));
    const [path] = found[0] ?? [];
    if (path === undefined || found.length > 1) return false;
    pairs.set(component, path);
    free.delete(path);
    return true;
  };
  const renamed = missing.filter(
    (component) => !take(component, (content) => idOf(content) === idOf(component.content)),
  );
  for (const component of renamed) {
    const { content, path, from } = component;
    const twins = renamed.filter((other) => equal(withoutId(other.content), withoutId(content)));
    const isLike = (other: Json, at: string): boolean =>
      kindOf(at) === kindOf(path) && equal(withoutId(other), withoutId(content));
    if (from !== undefined && twins.length === 1) take(component, isLike);
  }
  return pairs;
};

/** The datatype whose pipes have such an `_id`: the one with the longest name. */
const datatypeOf = (connector: SesamConnector, system: string, id: string): string | undefined =>
  connector.datatypes
    .filter((datatype) => id === `${system}-${datatype}` || id.startsWith(`${system}-${datatype}-`))
    .sort((a, b) => b.length - a.length)[0];

const newComponent = (
  connector: SesamConnector,
  system: string,
  place: Pick<Instance, "tenant" | "connector">,
  name: string,
  edited: Json,
): NewComponent => {
  const type = isObject(edited) ? edited["type"] : undefined;
  const isSystem = typeof type === "string" && type.startsWith("system:");
  const datatype = isSystem ? undefined : datatypeOf(connector, system, idOf(edited) ?? "");
  const found = isSystem || datatype !== undefined ? connector.template(datatype) : undefined;
  if (found === undefined) return { ...place, name, datatype, edited };
  const { source, rendered, scope } = found;
  return { ...place, name, datatype, template: { source, rendered }, scope, edited };
};

type Difference = Pick<UnplacedEdit, "path" | "from" | "to">;

const differencesOf = (from: Json | undefined, to: Json | undefined, path: Path): readonly Difference[] => {
  if (from !== undefined && to !== undefined) {
    if (equal(from, to)) return [];
    if (isObject(from) && isObject(to)) {
      const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
      const member = (one: { readonly [key: string]: Json }, key: string) =>
        Object.hasOwn(one, key) ? one[key] : undefined;
      return [...keys].flatMap((key) => differencesOf(member(from, key), member(to, key), joinPath(path, key)));
    }
  }
  return [{ path, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
};

/** Edits of a file that no template holds. */
const generated = (name: string, from: Json, to: Json | undefined): readonly UnplacedEdit[] =>
  differencesOf(from, to, "").map((difference) => ({
    name,
    ...difference,
    reason: "generated",
    message: "the expansion makes this file by itself, and will make it so again; nothing in the connector holds it",
  }));

const unreadable = (name: string, problem: string): UnplacedEdit => ({
  name,
  path: "",
  reason: "unreadable",
  message: `${problem}; mend it, then collapse again`,
});

/** Finds what was edited in an expansion. Pure. */
export const pairExpansion = (
  connector: SesamConnector,
  expansion: readonly SesamFile[],
  files: ExpansionFiles,
  { profile, system, name }: { readonly profile: string; readonly system: string; readonly name: string },
): PairedExpansion => {
  const place = { tenant: "", connector: name };
  const env = `${profile}-env.json`;
  const pairs = pairFiles(
    expansion.filter(({ path }) => path.includes("/")),
    files,
  );
  const used = new Set(pairs.values());
  const instances: Instance[] = [];
  const unplaced: UnplacedEdit[] = [];
  let values: PairedExpansion["profile"];
  for (const [path, file] of files) if ("problem" in file) unplaced.push(unreadable(path, file.problem));
  for (const component of expansion) {
    const { path, content, from } = component;
    const now: ExpandedFile | undefined = files.get(path.includes("/") ? (pairs.get(component) ?? "") : path);
    // What cannot be read was not taken away.
    const edited = now === undefined ? undefined : "problem" in now ? content : now.content;
    if (from !== undefined) {
      const { datatype, template, rendered, scope } = from;
      const instance = { ...place, name: path, datatype, template, rendered, scope, generated: from.generated };
      instances.push({ ...instance, expanded: content, edited });
    } else if (path !== env) {
      unplaced.push(...generated(path, content, edited));
    } else if (edited !== undefined && !equal(edited, content)) values = { path, from: content, to: edited };
  }
  const added: NewComponent[] = [];
  for (const [path, file] of files) {
    if ("problem" in file || !path.includes("/") || used.has(path)) continue;
    added.push(newComponent(connector, system, place, path, file.content));
  }
  return { instances, added, unplaced, profile: values };
};
