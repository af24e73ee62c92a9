import type { Scope, Value } from "../expand/scope.ts";
import { parseJson } from "../parse/parse-json.ts";
import { parseYaml } from "../parse/parse-yaml.ts";
import type { Source } from "../parse/source.ts";
import type { Tree } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import { parseVariables } from "../parse/variable-marks.ts";
import { nameOf } from "./given.ts";
import type { Instance } from "./types.ts";

type Scalar = Extract<Tree, { type: "scalar" }>;

/** What a stretch of a file is as a scalar; undefined where it is none, or none as a whole. */
const scalarIn = (source: Source, start: number, end: number): Scalar | undefined => {
  const slice = source.text.slice(start, end);
  if (slice === "") return undefined;
  const isJson = /\.json(?:\.hbs)?$/.test(source.file);
  const { tree, problems } = isJson ? parseJson(slice) : yamlScalar(slice);
  if (problems.length > 0 || tree?.type !== "scalar") return undefined;
  return tree.start === 0 && tree.end === slice.length ? tree : undefined;
};

const yamlScalar = (slice: string): ReturnType<typeof parseJson> => {
  const { trees, problems } = parseYaml(slice);
  return { tree: trees.length === 1 ? trees[0] : undefined, problems };
};

/** True where a scalar stands in the file as it is: its slice gives its value. */
export const standsAsWritten = (source: Source, { value, start, end }: Scalar): boolean => {
  const found = scalarIn(source, start, end);
  if (found === undefined) return value === null && /^(?:~|null|Null|NULL)$/.test(source.text.slice(start, end));
  return found.value === value;
};

/** The text as its file has it, where each of its variables stands there by its name. */
const writtenText = (
  source: Source,
  node: Scalar,
  scope: Scope,
  dialect: Dialect,
  names: Map<string, Value>,
): string | undefined => {
  if (typeof node.value !== "string" || !node.value.includes("<<@")) return undefined;
  const written = scalarIn(source, node.start, node.end)?.value;
  if (typeof written !== "string" || written === node.value) return undefined;
  const [made, own] = [parseVariables(node.value, dialect), parseVariables(written, dialect)];
  const found = new Map<string, Value>();
  const isSame =
    own.length === made.length &&
    own.every((chunk, index) => {
      const other = made[index];
      if (chunk.type === "text") return other?.type === "text" && other.text === chunk.text;
      if (chunk.type !== "variable" || other?.type !== "variable") return false;
      const value = scope.values[scope.variables.indexOf(other.name)];
      if (value === undefined || nameOf(other.name, value) !== chunk.name) return false;
      const { written: _, literal: __, ...plain } = value;
      found.set(chunk.name, plain);
      return true;
    });
  if (!isSame) return undefined;
  for (const [name, value] of found) names.set(name, value);
  return written;
};

/**
 * What a template language made, with the file's own texts where these stand in it as they are but for variables: the
 * language calls variables by names of its own.
 */
export const asWritten = (instance: Instance): Instance => {
  const { template, scope } = instance;
  const {
    idSpot: { source },
    dialect,
  } = template;
  const names = new Map<string, Value>();
  const visit = (node: Tree): Tree => {
    if (node.type === "list") return { ...node, items: node.items.map(visit) };
    if (node.type === "map") {
      return { ...node, members: node.members.map((member) => ({ ...member, value: visit(member.value) })) };
    }
    const text = writtenText(source, node, scope, dialect, names);
    return text === undefined ? node : { ...node, value: text };
  };
  const tree = visit(template.tree);
  for (const name of scope.variables) names.delete(name);
  if (tree.type !== "map" || names.size === 0) return instance;
  return {
    ...instance,
    template: { ...template, tree },
    scope: { ...scope, variables: [...scope.variables, ...names.keys()], values: [...scope.values, ...names.values()] },
  };
};
