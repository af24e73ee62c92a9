import { equal } from "../../canonical.ts";
import type { Json, Path } from "../../contract/index.ts";
import { escapeReferences, isObject, segments } from "../../contract/index.ts";
import { referencing } from "../expand/references.ts";
import type { Spot, Value } from "../expand/scope.ts";
import { parseJson } from "../parse/parse-json.ts";
import { placeAt } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";
import type { Tree } from "../parse/tree.ts";
import { findIn, jsonOf, placeOf } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import type { Instance } from "./types.ts";
import type { Change } from "./work.ts";

/** Where the value of a variable is written. */
export type Origin = {
  /** Equal for all who have the value from there. */
  readonly key: string;
  /** Of the whole value, where this is only a part of it. */
  readonly whole?: string;
} & (
  | { readonly type: "shared"; readonly spot: Spot; readonly within: Path }
  | { readonly type: "tenant"; readonly source: Source; readonly path: Path }
);

const spots = new WeakMap<() => Spot | undefined, Spot>();

const spotOf = (spot: () => Spot | undefined): Spot | undefined => {
  const known = spots.get(spot) ?? spot();
  if (known !== undefined) spots.set(spot, known);
  return known;
};

/** Undefined where no file gives the value. */
export const originOf = (instance: Instance, { tenantPath, spot, within = "" }: Value): Origin | undefined => {
  if (tenantPath !== undefined) {
    const { tenantSource: source } = instance;
    if (source === undefined) return undefined;
    const path = tenantPath.endsWith(within) ? tenantPath.slice(0, tenantPath.length - within.length) : tenantPath;
    const key = `tenant ${source.file} ${path}`;
    return { type: "tenant", ...keysOf(key, within), source, path: tenantPath };
  }
  const found = spot === undefined ? undefined : spotOf(spot);
  if (found === undefined) return undefined;
  const { source, start, end } = found;
  return { type: "shared", ...keysOf(`shared ${source.file} ${start} ${end}`, within), spot: found, within };
};

const keysOf = (key: string, within: Path): Pick<Origin, "key" | "whole"> =>
  within === "" ? { key } : { key: `${key} ${within}`, whole: key };

const treeAt = (trees: readonly Tree[], start: number, end: number): Tree | undefined => {
  for (const tree of trees) {
    if (tree.start === start && tree.end === end) return tree;
    if (tree.type === "scalar") continue;
    const inner = tree.type === "list" ? tree.items : tree.members.map(({ value }) => value);
    const found = treeAt(inner, start, end);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** In Sesam's dialect a text stands for what it spells where it stands outside of quotes. */
const spells = (text: string, json: Json): boolean => {
  const { tree, problems } = parseJson(text);
  return tree !== undefined && problems.length === 0 && equal(jsonOf(tree), json);
};

/** What stands at an origin; undefined where that is not the variable's value as a whole. */
const standing = (
  origin: Origin,
  value: Value,
  dialect: Dialect,
): { tree: Tree; location: Change["location"] } | undefined => {
  if (origin.type === "shared") {
    const { source, start, end } = origin.spot;
    const whole = treeAt(source.trees(), start, end);
    const tree = whole && findIn(whole, segments(origin.within))?.tree;
    if (tree === undefined) return undefined;
    const raw = jsonOf(tree);
    const json = dialect === "own" ? referencing(raw, origin.spot).json : raw;
    const isSpelled = value.literal === true && typeof raw === "string" && spells(raw, value.json);
    if (!isSpelled && !equal(json, value.json) && !equal(raw, value.json)) return undefined;
    return { tree, location: placeAt(source, tree.start, Math.max(tree.end, tree.start + 1)) };
  }
  const [root] = origin.source.trees();
  const found = root && findIn(root, segments(origin.path));
  if (found === undefined || !equal(jsonOf(found.tree), value.json)) return undefined;
  return { tree: found.tree, location: placeOf(origin.source, found, "value") };
};

/** A value for a file in which references count. */
const escaped = (value: Json): Json => {
  if (typeof value === "string") return escapeReferences(value);
  if (Array.isArray(value)) return value.map(escaped);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, escaped(member)]));
};

const intoOf = (origin: Origin): Change["into"] => {
  if (origin.type === "tenant") return "tenant";
  return /(?:^|\/)manifest\.(?:ya?ml|json)$/.test(origin.spot.source.file) ? "manifest" : "multi-tenant";
};

/** Writes a value where the old one stands; undefined where that cannot be found. */
export const changeAt = (origin: Origin, value: Value, to: Json, dialect: Dialect): Change | undefined => {
  const found = standing(origin, value, dialect);
  if (found === undefined) return undefined;
  const { tree, location } = found;
  const { start, end } = tree;
  const before = jsonOf(tree);
  const isSpelled = typeof before === "string" && typeof value.json !== "string" && typeof to !== "string";
  const raw = isSpelled ? JSON.stringify(to) : origin.type === "shared" && dialect === "own" ? escaped(to) : to;
  const source = origin.type === "shared" ? origin.spot.source : origin.source;
  const edit = { op: "value", start, end, from: before, to: raw } as const;
  return { source, into: intoOf(origin), location, edits: [edit], rendered: false };
};

/** Writes a value into a tenant's file that did not hold it. */
export const changeOfTenant = (source: Source, path: readonly string[], value: Json): Change => {
  const [root] = source.trees();
  let location: Change["location"] = { file: source.file, line: 1, column: 1 };
  for (let length = path.length; length > 0 && root !== undefined; length--) {
    const found = findIn(root, path.slice(0, length));
    if (found === undefined) continue;
    location = placeOf(source, found, "key");
    break;
  }
  return { source, into: "tenant", location, edits: [{ op: "set", path, value }], rendered: false };
};
