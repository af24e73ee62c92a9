import type { Base, Json, Live, Path, Properties, Resource, Shape } from "../contract/index.ts";
import {
  at,
  holdsSealed,
  isObject,
  joinPath,
  leaves,
  mapSealed,
  segments,
  textsIn,
  withAt,
  within,
} from "../contract/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import { withoutTexts } from "../infino/index.ts";
import type { ResourceKind } from "../resources/index.ts";
import type { HandOverItem } from "./hand-over-types.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** Paths of the values that nothing outside of the ledger may show: secret by the catalog, or sealed as a whole or in part. */
export const hiddenPaths = (shape: Shape, properties: Properties): readonly Path[] => {
  const secret = shape.secret.filter((path) => at(properties, path) !== undefined);
  const sealed = leaves(properties).filter((path) => holdsSealed(at(properties, path)) && !within(secret, path));
  return [...secret, ...sealed].sort();
};

const without = (properties: Properties, paths: readonly Path[]): Properties =>
  paths.reduce((rest, path) => withAt(rest, path, undefined), properties);

/** Whatever a target shows at those paths: where something else than a mapping stands on the way, it goes. */
const strip = (properties: Properties, paths: readonly Path[]): Properties =>
  paths.reduce((rest, path) => {
    let place: Path = "";
    for (const segment of segments(path)) {
      place = joinPath(place, segment);
      if (!isObject(at(rest, place))) break;
    }
    return withAt(rest, place, undefined);
  }, properties);

/** With every reference that cannot be without its object as `convert` says it. */
export const withReferences = (
  kind: ResourceKind<InfinoClient>,
  properties: Properties,
  convert: (kind: string, name: string) => string | undefined,
): Properties =>
  kind
    .references(properties)
    .filter((reference) => reference.optional !== true)
    .reduce((rest, { path, kind: other, _id }) => {
      const name = convert(other, _id);
      return name === undefined ? rest : withAt(rest, path, name);
    }, properties);

/** What an item is made from. */
export type Owned = {
  readonly entry: Base;
  readonly desired: Resource;
  readonly live: Live;
  readonly shape: Shape;
  readonly kind: ResourceKind<InfinoClient>;
  readonly endpoint: string;
};

/** Secrets by what stands for them: `values` are what their texts resolve to, `secrets` what a target may quote beside. */
export const itemOf = (
  { entry, desired, live, shape, kind, endpoint }: Owned,
  values: ReadonlyMap<string, string>,
  secrets: readonly string[],
  idOf: (kind: string, _id: string) => string | undefined,
  fingerprint: (path: Path, value: Json) => string,
): HandOverItem => {
  const { tenant, _id, properties } = desired;
  const hidden = hiddenPaths(shape, properties);
  const clear = (path: Path): Json =>
    mapSealed(at(properties, path) ?? null, (_, { $secret }) => values.get($secret) ?? null);
  const shown = withoutSecrets(live, entry, [properties]);
  const quotable = [...values.values(), ...secrets, ...hidden.flatMap((path) => textsIn(clear(path)))];
  const { health } = live;
  const reason = health?.reason === undefined ? undefined : withoutTexts(health.reason, quotable);
  return {
    tenant,
    target: entry.target,
    kind: kind.name,
    _id,
    id: entry.id,
    endpoint,
    properties: withReferences(kind, without(properties, hidden), idOf),
    live: withReferences(kind, strip(shown.properties, [...shape.secret, ...hidden]), idOf),
    ...(health === undefined ? {} : { health: { ...health, ...(reason === undefined ? {} : { reason }) } }),
    fingerprints: Object.fromEntries(hidden.map((path) => [path, fingerprint(path, clear(path))])),
    handedOver: entry.driver === "pulumi",
  };
};
