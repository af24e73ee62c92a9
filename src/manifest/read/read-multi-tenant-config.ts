import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import { nearestName } from "../../nearest.ts";
import type { Collector } from "../collect.ts";
import type { Source } from "../parse/source.ts";
import type { Member, Tree, TreeMap } from "../parse/tree.ts";
import { findIn, jsonOf, placeOf } from "../parse/tree.ts";
import { authFields } from "../schemas/project.ts";
import { idPattern, patternWords } from "../schemas/shared.ts";
import type { Folder } from "./folder.ts";
import { jailed } from "./folder.ts";
import { readDocument } from "./read-document.ts";

export type MultiTenantConfig = {
  /** What `connectors` of the project would say. */
  readonly connectors: { readonly [id: string]: Json };
  /** The file, as if its connectors stood under `connectors` by their ids: places in it are the file's. */
  readonly source: Source;
};

const property = "connector_config";
const wanted = `write { "${property}": { "type": "pipe", "source": { "type": "embedded", "entities": [ … ] } } }`;

/** Members of an entity that count here; all others are Sesam's own or for show. */
const ownMembers = ["path", "auth", "parameter_values"];
const checkedMembers = [...ownMembers, "_id", "type", "multi-tenant", "_deleted"];
const sesamMembers = ["url", "title", "description", "logo", "category", "label", "name", "icon", "version", "tags"];

/** Nobody has more of them, and each is looked up among all. */
const mostConnectors = 5_000;

type Found = { readonly tree: Tree; readonly member?: Member };
type Reading = {
  readonly source: Source;
  readonly collect: Collector;
  readonly place: (found: Found, part?: "key" | "value") => Location;
};

const memberOf = (tree: Tree, name: string): Found | undefined => findIn(tree, [name]);

const textOf = (found: Found | undefined): string | undefined =>
  found?.tree.type === "scalar" && typeof found.tree.value === "string" ? found.tree.value : undefined;

const typeOf = ({ tree }: Found): string => {
  if (tree.type !== "scalar") return tree.type === "list" ? "a list" : "a mapping";
  if (tree.value === null) return "nothing";
  return typeof tree.value === "string" ? `"${tree.value}"` : String(tree.value);
};

/** Where the pipe stands: the file's own property, or that of one member or item; or the pipe itself by its `_id`. */
const pipesIn = (tree: Tree): readonly Found[] => {
  const direct = (one: Found): readonly Found[] => {
    const found = memberOf(one.tree, property);
    if (found !== undefined && one.tree.type === "map") return [found];
    return textOf(memberOf(one.tree, "_id")) === property ? [one] : [];
  };
  const own = direct({ tree });
  if (own.length > 0 || tree.type === "scalar") return own;
  if (tree.type === "list") return tree.items.flatMap((item) => (item.type === "map" ? direct({ tree: item }) : []));
  return tree.members.flatMap((member) => (member.value.type === "map" ? direct({ tree: member.value, member }) : []));
};

const pipeOf = ({ collect, place }: Reading, tree: Tree | undefined, file: string): Found | undefined => {
  const [pipe, second] = tree === undefined ? [] : pipesIn(tree);
  if (pipe === undefined) {
    const start = { file, line: 1, column: 1 };
    collect.error("missing-field", start, `"${file}" has no property "${property}"`, wanted);
  } else if (second !== undefined) {
    const message = `"${property}" stands twice in this file`;
    collect.error("invalid-value", place(second, "key"), message, "keep one of them");
  } else return pipe;
  return undefined;
};

/** The entities of the embedded source; undefined, and reported, where the pipe has none. */
const entitiesOf = ({ collect, place }: Reading, pipe: Found): readonly Tree[] | undefined => {
  const type = memberOf(pipe.tree, "type");
  const source = memberOf(pipe.tree, "source");
  const sourceType = source && memberOf(source.tree, "type");
  const entities = source && memberOf(source.tree, "entities");
  const wrong = (found: Found, message: string): undefined => {
    collect.error("wrong-type", place(found), message, wanted);
    return undefined;
  };
  const missing = (found: Found, name: string): undefined => {
    collect.error("missing-field", place(found, "key"), `"${property}" needs "${name}"`, wanted);
    return undefined;
  };
  if (pipe.tree.type !== "map") return wrong(pipe, `"${property}" has to be a pipe, not ${typeOf(pipe)}`);
  if (type !== undefined && textOf(type) !== "pipe") {
    return wrong(type, `"${property}" has to be of type "pipe", not ${typeOf(type)}`);
  }
  if (source === undefined) return missing(pipe, "source");
  if (source.tree.type !== "map") return wrong(source, `"source" has to be a mapping, not ${typeOf(source)}`);
  if (sourceType !== undefined && textOf(sourceType) !== "embedded") {
    const message = `the source of "${property}" has to be "embedded", so that its entities stand here, not ${typeOf(sourceType)}`;
    return wrong(sourceType, message);
  }
  if (sourceType === undefined) return missing(source, "source.type");
  if (entities === undefined) return missing(source, "source.entities");
  if (entities.tree.type !== "list") return wrong(entities, `"entities" has to be a list, not ${typeOf(entities)}`);
  return entities.tree.items;
};

/** The id of an entity that is a connector; undefined where it is something else, or, reported, where it is wrong. */
const connectorId = ({ collect, place }: Reading, entity: Tree): string | undefined => {
  if (entity.type !== "map") {
    const message = `an entity has to be a mapping, not ${typeOf({ tree: entity })}`;
    collect.error("wrong-type", place({ tree: entity }), message, 'write { "_id": "NAME", "type": "connector", … }');
    return undefined;
  }
  const type = memberOf(entity, "type");
  const deleted = memberOf(entity, "_deleted")?.tree;
  if (deleted?.type === "scalar" && deleted.value === true) return undefined;
  const name = textOf(type);
  if (type === undefined || name !== "connector") {
    if (type === undefined || name === undefined || nearestName(name, ["connector"]) === undefined) return undefined;
    collect.error("invalid-value", place(type), `"${name}" is no type of entity here`, 'did you mean "connector"?');
    return undefined;
  }
  const id = memberOf(entity, "_id");
  const text = textOf(id);
  if (text !== undefined && id !== undefined) {
    if (new RegExp(idPattern).test(text)) return text;
    const message = `the name "${text}" is not allowed for a connector`;
    collect.error("invalid-value", place(id), message, patternWords.get(idPattern));
    return undefined;
  }
  const [code, at] = id === undefined ? (["missing-field", entity] as const) : (["wrong-type", id.tree] as const);
  collect.error(code, place({ tree: at }), 'a connector needs "_id" as text', 'add "_id", the connector\'s name');
  return undefined;
};

const unknownMember = (
  { collect, place }: Reading,
  member: Member,
  counting: readonly string[],
  others: readonly string[],
): void => {
  if (counting.includes(member.key) || others.includes(member.key)) return;
  const near = nearestName(member.key, counting);
  if (near === undefined) return;
  const found = { tree: member.value, member };
  collect.error("unknown-field", place(found, "key"), `unknown field "${member.key}"`, `did you mean "${near}"?`);
};

/** False for a connector of the customers' own, for which the vendor gives no values. */
const isShared = ({ collect, place }: Reading, entity: TreeMap): boolean => {
  const found = memberOf(entity, "multi-tenant");
  if (found === undefined) return true;
  if (found.tree.type === "scalar" && typeof found.tree.value === "boolean") return found.tree.value;
  const message = `"multi-tenant" has to be true or false, not ${typeOf(found)}`;
  collect.error("wrong-type", place(found), message, "write true or false, without quotes");
  return true;
};

const valueMembers = ["auth.api_base_url", "auth.access_token_url", "parameter_values"];

/** Says which values a connector that is not multi-tenant holds for nobody. */
const warnOfValues = ({ collect, place }: Reading, entity: TreeMap, id: string): void => {
  for (const name of valueMembers) {
    const found = findIn(entity, name.split("."));
    if (found === undefined || (found.tree.type === "map" && found.tree.members.length === 0)) continue;
    const message = `"${name}" counts for nobody: ${id} is not multi-tenant, each tenant gives its own values`;
    const hint = 'take it out, or write "multi-tenant": true; tenants give parameter_values';
    collect.warning("unused-value", place(found, "key"), message, hint);
  }
};

/** An entity as `connectors.ID` of the project would say it. */
const configurationOf = (reading: Reading, entity: TreeMap, id: string): { readonly [member: string]: Json } => {
  for (const member of entity.members) unknownMember(reading, member, checkedMembers, sesamMembers);
  const auth = memberOf(entity, "auth")?.tree;
  if (auth?.type === "map") for (const member of auth.members) unknownMember(reading, member, authFields, []);
  const shared = isShared(reading, entity);
  if (!shared) warnOfValues(reading, entity, id);
  const kept = ownMembers.flatMap((name): [string, Json][] => {
    const found = memberOf(entity, name);
    if (found === undefined || (found.tree.type === "scalar" && found.tree.value === null)) return [];
    const value = jsonOf(found.tree);
    if (name === "auth" && isObject(value)) {
      const counts = (key: string): boolean =>
        authFields.includes(key) && (shared || (key !== "api_base_url" && key !== "access_token_url"));
      return [[name, Object.fromEntries(Object.entries(value).filter(([key]) => counts(key)))]];
    }
    return name === "parameter_values" && !shared ? [] : [[name, value]];
  });
  return { path: `connectors/${id}`, ...Object.fromEntries(kept) };
};

const mapOf = (members: readonly Member[]): TreeMap => ({ type: "map", members, start: 0, end: 1 });

/**
 * Reads Sesam's `config.json`: a property `connector_config` that is a pipe with an embedded source, whose entities of
 * type `connector` are the connectors. Undefined, and reported, where the file is not that.
 */
export const readMultiTenantConfig = async (
  folder: Folder,
  path: string,
  namedAt: Location | undefined,
): Promise<MultiTenantConfig | undefined> => {
  const { root, collect, overlay } = folder;
  const file = jailed(folder, "", path, namedAt);
  if (file === undefined) return undefined;
  const at = join(root, file);
  if (!overlay?.has(file) && !(existsSync(at) && statSync(at).isFile())) {
    const hint = "connectors: is a mapping, or the path of Sesam's config.json, relative to the project folder";
    collect.error("file-not-found", namedAt, `there is no file ${file === "" ? "." : file}`, hint);
    return undefined;
  }
  const read = await readDocument(folder, file, { namedAt });
  if (read === undefined) return undefined;
  const { source } = read;
  const reading: Reading = { source, collect, place: (found, part = "value") => placeOf(source, found, part) };
  const pipe = pipeOf(reading, source.trees()[0], file);
  const entities = pipe && entitiesOf(reading, pipe);
  if (pipe === undefined || entities === undefined) return undefined;
  const connectors: Record<string, Json> = {};
  const members = new Map<string, Member>();
  for (const entity of entities) {
    const id = connectorId(reading, entity);
    const named = memberOf(entity, "_id")?.tree;
    if (id === undefined || named === undefined || entity.type !== "map") continue;
    const other = members.get(id);
    if (other !== undefined) {
      const first = placeOf(source, { tree: { ...named, start: other.keyStart, end: other.keyEnd } }, "value");
      const message = `the connector "${id}" stands here again; it is at ${file}:${first.line} already`;
      collect.error("duplicate-id", reading.place({ tree: named }), message, "keep one, or give it another _id");
      continue;
    }
    connectors[id] = configurationOf(reading, entity, id);
    if (members.size === mostConnectors) {
      const message = `this file has more than ${mostConnectors} connectors`;
      collect.error("invalid-value", reading.place({ tree: named }), message, "divide them over several projects");
      return undefined;
    }
    members.set(id, { key: id, keyStart: named.start, keyEnd: named.end, value: entity });
  }
  if (members.size === 0) {
    const message = `no entity of "${property}" is a connector`;
    const hint = 'connectors have "type": "connector"; those with "_deleted": true do not count';
    if (!collect.diagnostics.some(({ location }) => location?.file === file)) {
      collect.warning("no-connectors", reading.place(pipe, "key"), message, hint);
    }
  }
  const list = mapOf([...members.values()]);
  const tree = mapOf([{ key: "connectors", keyStart: 0, keyEnd: 1, value: list }]);
  return { connectors, source: { file: source.file, text: source.text, trees: () => [tree] } };
};
