import { isObject, type Json, type Properties } from "../../contract/index.ts";
import { checkMembers, invalid } from "./unsupported.ts";

/** What of a record is answered; undefined: nothing. */
export type SourceFilter = (source: Properties) => Properties | undefined;

/** What `_source` asks for: a boolean, a name, a list of names, or `includes` and `excludes`; `*` is wild. */
export const sourceFilter = (given: Json | undefined): SourceFilter => {
  if (given === undefined || given === true || given === "true") return (source) => source;
  if (given === false || given === "false") return () => undefined;
  if (!isObject(given)) return filtered(matcher(given, "_source"), undefined);
  checkMembers(given, "_source", ["includes", "include", "excludes", "exclude"]);
  const pick = (name: string, alias: string) => {
    const list = given[name] ?? given[alias];
    return list === undefined ? undefined : matcher(list, `_source.${name}`);
  };
  return filtered(pick("includes", "include"), pick("excludes", "exclude"));
};

/** Whether a path, or one above it, has one of the names. */
type Matcher = (path: string) => boolean;

const matcher = (given: Json, place: string): Matcher | undefined => {
  const names = Array.isArray(given) ? given : [given];
  if (!names.every((name) => typeof name === "string")) throw invalid(place, "a boolean, a name or a list of names");
  if (names.length === 0) return undefined;
  const parts = names.map((name) => name.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*+/g, "[\\s\\S]*"));
  const expression = new RegExp(`^(?:${parts.join("|")})(?:\\.|$)`);
  return (path) => expression.test(path);
};

const filtered =
  (includes: Matcher | undefined, excludes: Matcher | undefined): SourceFilter =>
  (source) =>
    includes === undefined && excludes === undefined ? source : part(source, "", includes, excludes);

const part = (
  value: Properties,
  above: string,
  includes: Matcher | undefined,
  excludes: Matcher | undefined,
): Properties => {
  const kept: [string, Json][] = [];
  for (const [name, member] of Object.entries(value)) {
    const path = `${above}${name}`;
    if (excludes?.(path) === true) continue;
    const inner = below(member, `${path}.`, includes?.(path) === true ? undefined : includes, excludes);
    if (inner !== undefined) kept.push([name, inner]);
  }
  return Object.fromEntries(kept);
};

const below = (
  value: Json,
  path: string,
  includes: Matcher | undefined,
  excludes: Matcher | undefined,
): Json | undefined => {
  if (Array.isArray(value)) {
    const items = value.flatMap((item) => below(item, path, includes, excludes) ?? []);
    return items.length > 0 || includes === undefined ? items : undefined;
  }
  if (!isObject(value)) return includes === undefined ? value : undefined;
  const inner = part(value, path, includes, excludes);
  return Object.keys(inner).length > 0 || includes === undefined ? inner : undefined;
};
