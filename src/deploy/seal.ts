import type { Properties, Resource } from "../contract/index.ts";
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
