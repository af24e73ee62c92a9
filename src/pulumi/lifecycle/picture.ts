import { randomBytes } from "node:crypto";
import type { Catalog } from "../../catalog/index.ts";
import type { Base, Json, Live, Path, Properties, Sealed, Shape } from "../../contract/index.ts";
import { at, fingerprint, isObject, joinPath, withAt, within } from "../../contract/index.ts";
import { withoutCredentials } from "../../resources/index.ts";
import type { Adapter } from "./adapter.ts";
import { fingerprintsOf, missingPaths } from "./fingerprint.ts";
import { withoutHidden } from "./hidden-texts.ts";

/** Fingerprints are only compared within one process: both sides are always at hand in clear. */
const key = randomBytes(32);

const sealTexts = (value: Json, path: Path): Json => {
  if (typeof value === "string") return { $secret: "a Pulumi secret", fingerprint: fingerprint(key, "", path, value) };
  if (Array.isArray(value)) return value.map((item: Json, index) => sealTexts(item, joinPath(path, index)));
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, sealTexts(member, joinPath(path, name))]);
  return Object.fromEntries(members);
};

/** A copy with every text at these paths sealed. */
export const seal = (secret: readonly Path[], properties: Properties): Properties =>
  secret.reduce<Properties>((sealed, path) => {
    const value = at(properties, path);
    return value === undefined ? sealed : withAt(sealed, path, sealTexts(value, path));
  }, properties);

/** What a resource's arguments ask for. */
export type Wanted = { readonly shape: Shape; readonly clear: Properties; readonly sealed: Properties };

export const wantedBy = (adapter: Adapter, catalog: Catalog, inputs: Properties): Wanted => {
  const clear = adapter.properties(inputs);
  const shape = adapter.kind.shape(clear, catalog);
  return { shape, clear, sealed: seal(shape.secret, clear) };
};

const withAll = (properties: Properties, from: Properties, paths: readonly Path[]): Properties =>
  paths.reduce<Properties>((all, path) => withAt(all, path, at(from, path)), properties);

const left: Sealed = { $secret: "only known by its fingerprint" };

/** What only a fingerprint stands for was declared: where it no longer is, it has to go. */
const withMissing = (
  properties: Properties,
  olds: Properties,
  { clear }: Wanted,
  fitting: readonly Path[],
): Properties =>
  missingPaths(olds, clear, fitting).reduce<Properties>((all, path) => withAt(all, path, left), properties);

/**
 * What a state says of its resource, in the ledger's terms: what was declared, and what was live at the last write or
 * refresh. What the target does not tell and the state does not have is taken from the arguments, as on an adoption;
 * so is what stands at the `fitting` paths, where the state only has a fingerprint of the same value.
 */
export const recorded = (
  adapter: Adapter,
  id: string,
  olds: Properties,
  wanted: Wanted,
  fitting: readonly Path[] = [],
): { readonly base: Base; readonly live: Live } => {
  const { shape } = wanted;
  const untold = shape.local.filter((path) => within(shape.immutable, path));
  const applied = untold.reduce<Properties>(
    (properties, path) =>
      at(properties, path) === undefined ? withAt(properties, path, at(wanted.clear, path)) : properties,
    withMissing(seal(shape.secret, withAll(adapter.properties(olds), wanted.clear, fitting)), olds, wanted, fitting),
  );
  const readable = fitting.filter((path) => !within(shape.secret, path) && !within(shape.writeOnly, path));
  const live = isObject(olds["live"]) ? withAll(olds["live"], wanted.clear, readable) : applied;
  return {
    base: {
      target: "",
      resource: { tenant: "", kind: adapter.kind.name, _id: id, properties: applied },
      id,
      applied,
      echo: live,
      driver: "pulumi",
      state: "live",
    },
    live: { id, properties: live },
  };
};

/** Names of the arguments beside a class's own. */
export const commonArguments = ["target", "catalog", "adopt", "overwriteDrift"] as const;

export const argumentsOf = (adapter: Adapter, state: Properties): Properties =>
  Object.fromEntries(
    [...adapter.fields, ...commonArguments].flatMap((name) => (state[name] === undefined ? [] : [[name, state[name]]])),
  );

/** What was seen of a live object. */
type Seen = {
  readonly live?: Properties | undefined;
  readonly health?: Live["health"] | undefined;
  /** The state before: the target may still speak of what it held. */
  readonly before?: Properties | undefined;
};

/** A target may quote what it was sent. Where a state has only the fingerprint of that, nothing can be taken out of it. */
const reasonOf = (adapter: Adapter, inputs: Properties, { health, before = {} }: Seen): string | undefined => {
  const reason = health?.reason;
  if (reason === undefined) return undefined;
  const given = adapter.properties(inputs);
  const isKnown = Object.keys(fingerprintsOf(before)).every((path) => at(given, path) !== undefined);
  if (isKnown) return withoutCredentials(withoutHidden(reason, [inputs, argumentsOf(adapter, before)]));
  return before["statusReason"] === reason ? reason : undefined;
};

/** The whole state: arguments, and what is known of the live object. */
export const stateOf = (adapter: Adapter, id: string, inputs: Properties, endpoint: string, seen: Seen): Properties => {
  const statusReason = reasonOf(adapter, inputs, seen);
  return {
    ...argumentsOf(adapter, inputs),
    ...adapter.outputs?.(id),
    endpoint,
    ...(seen.live === undefined ? {} : { live: seen.live }),
    ...(seen.health === undefined ? {} : { status: seen.health.status }),
    ...(statusReason === undefined ? {} : { statusReason }),
  };
};
