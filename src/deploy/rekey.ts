import { relative } from "node:path";
import type { Base, Properties } from "../contract/index.ts";
import { address, mapSealed, parseReferences } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Ledger } from "../ledger/index.ts";
import type { Tenant } from "../manifest/index.ts";
import type { SecretResolver } from "../secrets/index.ts";
import type { RekeyOptions, RekeyReport, UnknownSecret } from "./care-types.ts";
import type { Context } from "./context.ts";
import { currentKey, newKey, nextPlace, promoteKey, writeNextKey } from "./key-file.ts";
import { checkOf, fits, givenKey } from "./ledger-key.ts";
import type { Fingerprint } from "./seal.ts";
import { fingerprinter } from "./seal.ts";

/** A key must never stand in a command line: only the name of a place that holds it may. */
const checkReference = (text: string): void => {
  const [piece, ...more] = parseReferences(text);
  if (piece !== undefined && piece.type !== "text" && more.length === 0) return;
  throw new DeployerError("usage", "the old key is given as text; it has to be the name of a place that holds it", {
    hint: "write '$SECRET(NAME)' with the name declared under secrets:, or '$ENV(NAME)'",
  });
};

/** The key that the ledger has now. Throws `ledger-key` where it has another. */
const oldKey = async (context: Context, ledger: Ledger, reference: string | undefined): Promise<Uint8Array> => {
  const { dir, environment, ledger_key } = context.files;
  if (reference !== undefined) {
    const key = givenKey(await context.secrets(undefined).resolve(reference));
    if (await fits(ledger, key)) return key;
    throw new DeployerError("ledger-key", `the ledger was not written with the key of ${reference}`, {
      hint: "give the key that it was written with last",
    });
  }
  if (ledger_key === undefined) return (await context.key()).key;
  const file = await currentKey(dir, environment);
  if (file !== undefined && (await fits(ledger, file.key))) return file.key;
  const what =
    file === undefined
      ? "there is no key file, and no old key was given"
      : "the ledger was written neither with ledger_key nor with the key file";
  throw new DeployerError("ledger-key", what, {
    hint: "name the key that it was written with last: --old-key '$SECRET(NAME)' or '$ENV(NAME)'",
  });
};

/** Resolvers by tenant. What a tenant without a readable file calls a secret, the project may still know. */
const resolvers = async (context: Context): Promise<(tenant: string) => SecretResolver> => {
  const tenants = new Map<string, Tenant>();
  for (const { file } of await context.files.tenantFiles()) {
    const { tenant } = await context.files.readTenant(file);
    if (tenant !== undefined) tenants.set(tenant.id, tenant);
  }
  return (tenant) => context.secrets(tenants.get(tenant));
};

type Carried = { fingerprints: number; readonly unknown: UnknownSecret[] };

/** The entry under the new key: a fingerprint whose value is known here is made anew, any other is dropped. */
const carryOver = async (
  base: Base,
  secrets: SecretResolver,
  before: Fingerprint,
  after: Fingerprint,
  carried: Carried,
): Promise<Base> => {
  const { tenant, kind, _id } = base.resource;
  const name = address(kind, _id);
  const texts = new Set<string>();
  for (const properties of [base.applied, base.resource.properties]) {
    mapSealed(properties, (_, sealed) => {
      if (sealed.fingerprint !== undefined) texts.add(sealed.$secret);
      return null;
    });
  }
  const values = new Map<string, string>();
  for (const text of texts) {
    if ((await secrets.missing([text])).length === 0) values.set(text, await secrets.resolve(text));
  }
  const again = (properties: Properties, count: boolean): Properties =>
    mapSealed(properties, (path, { $secret, fingerprint }) => {
      if (fingerprint === undefined) return { $secret };
      const value = values.get($secret);
      const isSame = value !== undefined && before(name, path, value) === fingerprint;
      if (count && isSame) carried.fingerprints++;
      if (count && !isSame) {
        const because = value === undefined ? "missing" : "changed";
        carried.unknown.push({ tenant, resource: name, path, because });
      }
      return isSame ? { $secret, fingerprint: after(name, path, value) } : { $secret };
    }) as Properties;
  return {
    ...base,
    applied: again(base.applied, true),
    resource: { ...base.resource, properties: again(base.resource.properties, false) },
  };
};

/**
 * Changes the key of the fingerprints: to a new random one in the key file, or to what `ledger_key` names now. Sends
 * nothing to any target. Throws `lease-held` while a run is at work, `blocked` while an operation is open, `ledger-key`
 * where the old key is not the ledger's, `usage` where it is given in clear.
 */
export const rekeyLedger = async (context: Context, options: RekeyOptions): Promise<RekeyReport> => {
  if (options.oldKey !== undefined) checkReference(options.oldKey);
  const { dir, environment, ledger_key } = context.files;
  const ledger = await context.rawLedger();
  const made = ledger_key === undefined ? undefined : givenKey(await context.secrets(undefined).resolve(ledger_key));
  const report = { type: "rekey", schemaVersion: 1, environment } as const;
  if (made !== undefined && ledger_key !== undefined && (await fits(ledger, made))) {
    return { ...report, key: ledger_key, changed: false, entries: 0, fingerprints: 0, unknown: [] };
  }
  const old = await oldKey(context, ledger, options.oldKey);
  const place = made === undefined ? await nextPlace(dir, environment) : undefined;
  const key = made ?? newKey();
  const secretsOf = await resolvers(context);
  const [before, after] = [fingerprinter(old), fingerprinter(key)];
  const carried: Carried = { fingerprints: 0, unknown: [] };
  const entries: Base[] = [];
  for (const tenant of await ledger.tenants()) {
    for (const base of await ledger.entries(tenant)) {
      entries.push(await carryOver(base, secretsOf(tenant), before, after, carried));
    }
  }
  const done = {
    ...report,
    key: place === undefined ? (ledger_key ?? "") : relative(dir, place),
    changed: true,
    entries: entries.length,
    ...carried,
  };
  await options.accept?.(done);
  // In this order a crash leaves the old key or the new one, never none: see fittingKey.
  const next = place === undefined ? undefined : await writeNextKey(place, key);
  await ledger.rekey(checkOf(key), entries);
  if (next !== undefined) await promoteKey(next);
  context.forgetKey();
  return done;
};
