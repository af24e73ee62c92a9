import type { Json, Path, Properties } from "./json.ts";
import { isObject } from "./json.ts";
import { mapSealed } from "./seal.ts";
import type { Base, Entity, Live, Resource } from "./types.ts";

/** The system of live ids: what the connector contract calls the external system is the target's control plane. */
export const liveSystem = "infino";

/** `VENDOR-KIND:ID`: an `_id` of ours, as the contract writes it. */
export const ownName = (vendor: string, kind: string, _id: string): string => `${vendor}-${kind}:${_id}`;

/** `infino-KIND:LIVEID`: a live object, as the contract writes it. */
export const liveName = (kind: string, id: string): string => `${liveSystem}-${kind}:${id}`;

const reference = (name: string): string => `~:${name}`;

/** Text that begins with a tilde gets a second one, since one tilde begins a typed value. */
export const typedValue = (value: Json): Json => {
  if (typeof value === "string") return value.startsWith("~") ? `~${value}` : value;
  if (Array.isArray(value)) return value.map(typedValue);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, typedValue(member)]));
};

/** A typed value that properties cannot hold. */
export class UnknownType extends Error {
  readonly value: string;
  constructor(value: string) {
    super(`${JSON.stringify(value)} is a typed value that is not known here`);
    this.value = value;
  }
}

/** The value that `typedValue` wrote; ids, times and addresses are texts here. Throws `UnknownType` for other types. */
export const plainTyped = (value: Json): Json => {
  if (typeof value === "string") {
    if (!value.startsWith("~")) return value;
    if (value.startsWith("~~")) return value.slice(1);
    if (/^~[:tru]/.test(value)) return value.slice(2);
    throw new UnknownType(value);
  }
  if (Array.isArray(value)) return value.map(plainTyped);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainTyped(member)]));
};

/** Properties as they leave: secrets by their text alone, never with a fingerprint. */
const leaving = (properties: Properties): Properties =>
  typedValue(mapSealed(properties, (_path: Path, { $secret }) => ({ $secret }))) as Properties;

const identity = (vendor: string, { tenant, kind, _id }: Resource) => {
  const name = ownName(vendor, kind, _id);
  return { name, ids: { $ids: [reference(name)] }, origin: { $origin: reference(name), $tenant: tenant } };
};

/** What the files ask for, in the form of an insert. `$tenant` is ours: it lets the entity be read back. */
export const transformEntity = (vendor: string, resource: Resource): Entity => {
  const { name, ids, origin } = identity(vendor, resource);
  return { _id: name, _deleted: false, ...ids, $based_on: {}, ...origin, ...leaving(resource.properties) };
};

/** What the files ask for of something that is ours already: an update, based on what our last write gave. */
export const updateForm = (vendor: string, { tenant, kind, _id, properties }: Resource, base: Base): Entity => {
  const name = liveName(kind, base.id);
  return {
    _id: name,
    _deleted: false,
    $ids: [reference(name), reference(ownName(vendor, kind, _id))],
    $based_on: leaving(base.echo),
    $tenant: tenant,
    ...leaving(properties),
  };
};

/** The end of something that is ours. */
export const deleteForm = ({ id, resource }: Base): Entity => ({
  _id: liveName(resource.kind, id),
  _deleted: true,
  $tenant: resource.tenant,
});

/** What we sent, with the id that the target gave it. */
export const shareEntity = (vendor: string, { resource, applied, id }: Base): Entity => {
  const { name, ids, origin } = identity(vendor, resource);
  return { _id: name, _deleted: false, ...ids, $generated_id: id, ...origin, ...leaving(applied) };
};

/** A time of the target as the contract types it; undefined where it is none. */
const typedTime = (text: string | undefined): string | undefined => {
  if (text === undefined || Number.isNaN(Date.parse(text))) return undefined;
  return `~t${text.replace(/(?:\+|-)00:?00$/, "Z")}`;
};

/** What is live; with where it comes from, where it is ours. */
export const collectEntity = (vendor: string, kind: string, live: Live, base: Base | undefined): Entity => {
  const time = typedTime(live.updatedAt);
  return {
    _id: liveName(kind, live.id),
    ...(base === undefined ? {} : identity(vendor, base.resource).origin),
    ...(time === undefined ? {} : { "$last-modified": time }),
    ...leaving(live.properties),
  };
};
