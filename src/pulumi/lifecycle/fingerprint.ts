import { createHmac, hkdfSync } from "node:crypto";
import { canonicalJson } from "../../canonical.ts";
import type { Json, Live, Path, Properties, Shape } from "../../contract/index.ts";
import { at, isObject, withAt, within } from "../../contract/index.ts";

const keys = new Map<string, Uint8Array>();

const keyOf = (secretKey: string): Uint8Array => {
  const known = keys.get(secretKey);
  if (known !== undefined) return known;
  const key = new Uint8Array(hkdfSync("sha256", secretKey, "", "connector-deployer state fingerprint v1", 32));
  keys.set(secretKey, key);
  return key;
};

/**
 * Stands in a state in the place of a value that must not be in it, such as a secret that the ledger handed over: keyed
 * with the target's secret key, so that nobody without it can try values, and with the live `id`, so that nobody can tell
 * that two resources hold the same one. `path` is a JSON Pointer into the kind's properties.
 */
export const credentialFingerprint = (secretKey: string, id: string, path: Path, value: Json): string =>
  createHmac("sha256", keyOf(secretKey))
    .update(canonicalJson([id, path, value]))
    .digest("base64url");

/** The fingerprints of a state, by path. */
export const fingerprintsOf = (state: Properties): { readonly [path: Path]: string } => {
  const given = state["fingerprints"];
  if (!isObject(given)) return {};
  return Object.fromEntries(
    Object.entries(given).flatMap(([path, text]) => (typeof text === "string" ? [[path, text]] : [])),
  );
};

/** Properties without what only fingerprints stand for. */
export const withoutFingerprinted = (state: Properties, properties: Properties): Properties =>
  Object.keys(fingerprintsOf(state)).reduce<Properties>((rest, path) => withAt(rest, path, undefined), properties);

/**
 * Paths whose fingerprint fits what the program gives now: there is no difference. Arguments that were imported or refreshed
 * have no value there, but the fingerprints themselves.
 */
export const fittingPaths = (
  secretKey: string,
  id: string,
  state: Properties,
  clear: Properties,
  given: Properties = {},
): readonly Path[] => {
  const symbols = fingerprintsOf(given);
  return Object.entries(fingerprintsOf(state)).flatMap(([path, fingerprint]) => {
    const value = at(clear, path);
    const now = value === undefined ? symbols[path] : credentialFingerprint(secretKey, id, path, value);
    return now === fingerprint ? [path] : [];
  });
};

/** Paths of which the state only has a fingerprint, and arguments have neither a value nor that fingerprint. */
export const missingPaths = (state: Properties, clear: Properties, fitting: readonly Path[]): readonly Path[] =>
  Object.keys(fingerprintsOf(state)).filter((path) => !fitting.includes(path) && at(clear, path) === undefined);

const isReadable = ({ secret, writeOnly, local }: Shape, path: Path): boolean =>
  !within([...secret, ...writeOnly, ...local], path);

/** The fingerprints of a state, with those of what the target has now where it can be read. What is gone there has none. */
export const fingerprintsNow = (
  secretKey: string,
  id: string,
  state: Properties,
  shape: Shape,
  { properties, masked = [] }: Live,
): { readonly [path: Path]: string } =>
  Object.fromEntries(
    Object.entries(fingerprintsOf(state)).flatMap(([path, before]) => {
      if (!isReadable(shape, path) || masked.includes(path)) return [[path, before]];
      const value = at(properties, path);
      return value === undefined ? [] : [[path, credentialFingerprint(secretKey, id, path, value)]];
    }),
  );

/** A state with what its fingerprints stand for, as far as the target still has it and it can be read. */
export const withFingerprinted = (
  secretKey: string,
  id: string,
  state: Properties,
  shape: Shape,
  live: Live,
): Properties => {
  const { live: before } = state;
  if (!isObject(before)) return state;
  const now = fingerprintsNow(secretKey, id, state, shape, live);
  const seen = Object.entries(fingerprintsOf(state))
    .filter(([path, fingerprint]) => isReadable(shape, path) && now[path] === fingerprint)
    .reduce<Properties>((all, [path]) => withAt(all, path, at(live.properties, path)), before);
  return { ...state, live: seen };
};
