import { createHmac, hkdfSync } from "node:crypto";
import { canonicalJson } from "../../canonical.ts";
import type { Json, Path, Properties } from "../../contract/index.ts";
import { at, isObject, withAt } from "../../contract/index.ts";

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

/** Paths whose fingerprint fits what the program gives now: there is no difference. */
export const fittingPaths = (secretKey: string, id: string, state: Properties, clear: Properties): readonly Path[] =>
  Object.entries(fingerprintsOf(state)).flatMap(([path, fingerprint]) => {
    const value = at(clear, path);
    return value !== undefined && credentialFingerprint(secretKey, id, path, value) === fingerprint ? [path] : [];
  });
