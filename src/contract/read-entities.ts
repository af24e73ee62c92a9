import type { DiagnosticCode } from "../diagnostic.ts";
import { nearest } from "../nearest.ts";
import { liveSystem, plainTyped, UnknownType } from "./contract-form.ts";
import type { Json, Properties } from "./json.ts";
import { isObject } from "./json.ts";
import { mapSealed } from "./seal.ts";

/** What an `_id` names: one of ours, or a live object. */
export type EntityName = { readonly kind: string } & ({ readonly _id: string } | { readonly live: string });

/** A desired entity as somebody gave it. */
export type GivenEntity = {
  readonly line: number;
  /** As it is written. */
  readonly written: string;
  readonly tenant: string;
  readonly name: EntityName;
  readonly deleted: boolean;
  /** It is no real delete: another entity is the same thing under a new name. */
  readonly replaced: boolean;
  /** What else it was called, as it is written. */
  readonly ids: readonly string[];
  /** What whoever wrote it had seen; absent: nothing, or an empty one, was given. */
  readonly basedOn?: Properties;
  readonly properties: Properties;
};

export type EntityProblem = {
  readonly line: number;
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint: string;
};

export type GivenEntities = { readonly entities: readonly GivenEntity[]; readonly problems: readonly EntityProblem[] };

export type EntityRules = {
  readonly vendor: string;
  readonly kinds: readonly string[];
  /** The tenant of entities that do not say it. */
  readonly tenant?: string;
};

class Wrong extends Error {
  readonly code: DiagnosticCode;
  readonly hint: string;
  constructor(code: DiagnosticCode, message: string, hint: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Takes `SYSTEM-KIND:ID` apart. Both halves of the system may hold hyphens, and so may kinds: what is known decides. */
export const entityName = (text: string, { vendor, kinds }: EntityRules): EntityName => {
  const colon = text.indexOf(":");
  const [system, id] = colon === -1 ? [text, ""] : [text.slice(0, colon), text.slice(colon + 1)];
  const forms = `${vendor}-KIND:ID or ${liveSystem}-KIND:LIVEID`;
  if (id === "") throw new Wrong("invalid-value", `the _id "${text}" has no namespace and id`, `write it as ${forms}`);
  for (const [owner, isLive] of [
    [vendor, false],
    [liveSystem, true],
  ] as const) {
    const kind = system.startsWith(`${owner}-`) ? system.slice(owner.length + 1) : undefined;
    if (kind !== undefined && kinds.includes(kind)) return isLive ? { kind, live: id } : { kind, _id: id };
  }
  const prefix = [vendor, liveSystem].find((owner) => system.startsWith(`${owner}-`));
  if (prefix !== undefined) {
    const kind = system.slice(prefix.length + 1);
    throw new Wrong("unknown-kind", `"${kind}" in the _id "${text}" is no kind`, nearest(kind, kinds, "kinds are"));
  }
  throw new Wrong("invalid-value", `the _id "${text}" is of another vendor or system`, `here it is ${forms}`);
};

const isNames = (value: Json | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string" && item.startsWith("~:"));

const flag = (entity: Properties, name: string): boolean => {
  const value = entity[name] ?? false;
  if (typeof value === "boolean") return value;
  throw new Wrong("wrong-type", `"${name}" has to be true or false`, "write true or false");
};

/** Without fingerprints: they are made here. */
const plainProperties = (properties: Properties): Properties => {
  try {
    return mapSealed(plainTyped(properties), (_, { $secret }) => ({ $secret })) as Properties;
  } catch (error) {
    if (!(error instanceof UnknownType)) throw error;
    throw new Wrong("wrong-type", error.message, 'write text that begins with "~" as "~~"');
  }
};

const known = [
  "_id",
  "_deleted",
  "$ids",
  "$based_on",
  "$replaced",
  "$origin",
  "$tenant",
  "$generated_id",
  "$last-modified",
];

/** Sesam's own members, which say when and where an entity was stored. */
const ofStore = /^_(?:updated|ts|previous|hash|filtered)$/;

const checkMembers = (entity: Properties): void => {
  for (const key of Object.keys(entity)) {
    if (!/^[$_]/.test(key) || known.includes(key) || ofStore.test(key)) continue;
    throw new Wrong("unknown-field", `"${key}" is not part of the contract`, nearest(key, known));
  }
};

const tenantOf = ({ $tenant: given }: Properties, { tenant }: EntityRules): string => {
  if (given !== undefined && typeof given !== "string") {
    throw new Wrong("wrong-type", '"$tenant" has to be text', "write the tenant's id");
  }
  if (given !== undefined && tenant !== undefined && given !== tenant) {
    const message = `the entity is of tenant "${given}", not of "${tenant}"`;
    throw new Wrong("invalid-value", message, "leave --tenant out, or $tenant");
  }
  const found = given ?? tenant;
  if (found !== undefined) return found;
  const hint = 'add "$tenant": "ID", or name one tenant with --tenant';
  throw new Wrong("missing-field", "nothing says which tenant the entity is of", hint);
};

const entityOf = (entity: Properties, line: number, rules: EntityRules): GivenEntity => {
  const { _id, $ids: ids, $based_on: basedOn } = entity;
  if (typeof _id !== "string") throw new Wrong("missing-field", 'an entity needs "_id"', "add it as text");
  const name = entityName(_id, rules);
  checkMembers(entity);
  const deleted = flag(entity, "_deleted");
  const replaced = flag(entity, "$replaced");
  if (replaced && !deleted) {
    throw new Wrong("invalid-value", '"$replaced" stands without "_deleted": true', "it is allowed for deletes only");
  }
  if (ids !== undefined && !isNames(ids)) {
    throw new Wrong("wrong-type", '"$ids" has to be a list of namespaced ids', `write it as ["~:${_id}"]`);
  }
  if (!deleted && "_id" in name && ids?.includes(`~:${_id}`) !== true) {
    throw new Wrong("missing-field", `"$ids" with "~:${_id}" is required for an insert`, `add "$ids": ["~:${_id}"]`);
  }
  if (basedOn !== undefined && !isObject(basedOn)) {
    throw new Wrong("wrong-type", '"$based_on" has to be a mapping', "write the properties that were collected");
  }
  const properties = Object.fromEntries(Object.entries(entity).filter(([key]) => !/^[$_]/.test(key)));
  return {
    line,
    written: _id,
    tenant: tenantOf(entity, rules),
    name,
    deleted,
    replaced,
    ids: (ids ?? []).map((text) => text.slice(2)),
    ...(basedOn === undefined || Object.keys(basedOn).length === 0 ? {} : { basedOn: plainProperties(basedOn) }),
    properties: plainProperties(properties),
  };
};

const parsed = (text: string): Properties => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Wrong("yaml-syntax", "the line is not JSON", "write one entity a line");
  }
  if (isObject(value)) return value;
  throw new Wrong("wrong-type", "an entity has to be a mapping", "write one entity a line");
};

/** Reads desired entities, one JSON object a line; what is wrong is collected by line. */
export const readEntities = (text: string, rules: EntityRules): GivenEntities => {
  const entities: GivenEntity[] = [];
  const problems: EntityProblem[] = [];
  const lines = new Map<string, number>();
  for (const [index, content] of text
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    if (content.trim() === "") continue;
    const line = index + 1;
    try {
      const entity = entityOf(parsed(content), line, rules);
      const before = lines.get(entity.written);
      if (before !== undefined) {
        const hint = "keep one of them; only one could count";
        throw new Wrong("duplicate-id", `the _id "${entity.written}" stands in line ${before} already`, hint);
      }
      lines.set(entity.written, line);
      entities.push(entity);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      problems.push({ line, code: error.code, message: error.message, hint: error.hint });
    }
  }
  return { entities, problems };
};
