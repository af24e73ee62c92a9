import type { Base, Properties, Resource } from "../contract/index.ts";
import { address, eachSealed, fingerprint, mapSealed } from "../contract/index.ts";
import type { SecretResolver } from "../secrets/index.ts";

export type Fingerprint = (entry: string, path: string, value: string) => string;

export const fingerprinter =
  (key: Uint8Array): Fingerprint =>
  (entry, path, value) =>
    fingerprint(key, entry, path, value);

/** Adds to every sealed value the fingerprint of what it resolves to; one that has no value stays unresolved. */
export const sealResources = async (
  resources: readonly Resource[],
  secrets: SecretResolver,
  print: Fingerprint,
): Promise<readonly Resource[]> => {
  const texts = new Set<string>();
  for (const resource of resources) eachSealed(resource.properties, (_, sealed) => texts.add(sealed.$secret));
  if (texts.size === 0) return resources;
  const values = new Map<string, string>();
  for (const text of texts) {
    if ((await secrets.missing([text])).length === 0) values.set(text, await secrets.resolve(text));
  }
  return resources.map((resource) => {
    const name = address(resource.kind, resource._id);
    const properties = mapSealed(resource.properties, (path, { $secret }) => {
      const value = values.get($secret);
      return value === undefined ? { $secret } : { $secret, fingerprint: print(name, path, value) };
    }) as Properties;
    return { ...resource, properties };
  });
};

/** The values behind all sealed texts of some entries, where they can be had now. */
export const resolveSealed = async (
  entries: readonly Base[],
  secrets: SecretResolver,
): Promise<ReadonlyMap<string, string>> => {
  const texts = new Set<string>();
  for (const base of entries) {
    for (const part of [base.applied, base.resource.properties])
      eachSealed(part, (_, { $secret }) => texts.add($secret));
  }
  const values = new Map<string, string>();
  for (const text of texts) {
    if (text !== "" && (await secrets.missing([text])).length === 0) values.set(text, await secrets.resolve(text));
  }
  return values;
};

/**
 * An entry with its fingerprints made anew: `before` made those that it has, `after` those that it gets. A secret whose
 * value is another one by now, or is not here, keeps the old fingerprint and so differs from what is desired.
 */
const reprinted = (
  base: Base,
  values: ReadonlyMap<string, string>,
  before: (path: string, value: string) => string,
  after: (path: string, value: string) => string,
): Base => {
  const reprint = (properties: Properties): Properties =>
    mapSealed(properties, (path, sealed) => {
      const value = values.get(sealed.$secret);
      if (value === undefined || sealed.fingerprint !== before(path, value)) return sealed;
      return { ...sealed, fingerprint: after(path, value) };
    }) as Properties;
  return {
    ...base,
    resource: { ...base.resource, properties: reprint(base.resource.properties) },
    applied: reprint(base.applied),
  };
};

/** The entry under another `_id`: fingerprints are keyed by address. */
export const readdressed = (base: Base, _id: string, values: ReadonlyMap<string, string>, print: Fingerprint): Base => {
  const { kind } = base.resource;
  const old = address(kind, base.resource._id);
  const now = address(kind, _id);
  const moved = reprinted(
    base,
    values,
    (path, value) => print(old, path, value),
    (path, value) => print(now, path, value),
  );
  return { ...moved, resource: { ...moved.resource, _id } };
};
