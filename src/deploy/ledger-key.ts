import { rm } from "node:fs/promises";
import { relative } from "node:path";
import { DeployerError } from "../errors.ts";
import type { Ledger } from "../ledger/index.ts";
import type { ProjectFiles } from "../manifest/index.ts";
import { ensureKey, promoteKey, waitingKeys } from "./key-file.ts";
import { fingerprinter } from "./seal.ts";

/** A key of fingerprints, and where it comes from: a path in the project folder, or the reference in the files. */
export type LedgerKey = { readonly key: Uint8Array; readonly from: string };

/** What a ledger remembers of its key. */
export const checkOf = (key: Uint8Array): string => fingerprinter(key)("ledger", "", "check");

/** True where the ledger has this key, or none yet: then it remembers this one. */
export const fits = async (ledger: Ledger, key: Uint8Array): Promise<boolean> => {
  try {
    await ledger.verifyKey(checkOf(key));
    return true;
  } catch (error) {
    if (error instanceof DeployerError && error.code === "ledger-key") return false;
    throw error;
  }
};

const rekeyHint = "where it was changed on purpose: connector-deployer ledger rekey --old-key '$SECRET(NAME)'";

/** The key that the files name, as bytes. */
export const givenKey = (text: string): Uint8Array => Buffer.from(text, "utf8");

/**
 * The key that fits the ledger: what `ledger_key` names, or the key file, which is made for a new ledger. A key that an
 * interrupted rekeying brought into use takes its place now. Throws `ledger-key` where none fits.
 */
export const fittingKey = async (
  files: ProjectFiles,
  ledger: Ledger,
  resolve: (text: string) => Promise<string>,
): Promise<LedgerKey> => {
  const { dir, environment, ledger_key } = files;
  if (ledger_key !== undefined) {
    const key = givenKey(await resolve(ledger_key));
    if (await fits(ledger, key)) return { key, from: ledger_key };
    throw new DeployerError("ledger-key", `the ledger was written with another key than ledger_key: ${ledger_key}`, {
      hint: `give it the value that it had; ${rekeyHint}`,
      details: { environment },
    });
  }
  const current = await ensureKey(dir, environment);
  if (await fits(ledger, current.key)) return { key: current.key, from: relative(dir, current.path) };
  for (const waiting of await waitingKeys(dir, environment)) {
    if (!(await fits(ledger, waiting.key))) continue;
    const { path, key } = await promoteKey(waiting);
    return { key, from: relative(dir, path) };
  }
  // A key that fits nothing would only hide that the right one is missing.
  if (current.isNew) await rm(current.path, { force: true });
  const place = relative(dir, current.path);
  throw new DeployerError(
    "ledger-key",
    current.isNew
      ? `the key file ${place} is missing, and the ledger was written with it`
      : `the ledger was written with another key than the one in ${place}`,
    { hint: `bring back the key file from a copy; ${rekeyHint}`, details: { environment } },
  );
};
