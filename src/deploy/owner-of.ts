import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Context } from "./context.ts";
import type { LiveOwner, LivePlace } from "./types.ts";

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      // What cannot be looked at may be there.
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );

/** False where the ledger is a file that nobody has made yet. */
export const hasLedger = async (context: Context): Promise<boolean> => {
  const { dir, ledger } = context.files;
  const address = /^postgres(ql)?:/i.test(ledger) ? ledger : await context.secrets(undefined).resolve(ledger);
  if (/^[a-z][a-z0-9+.-]+:/i.test(address)) return address !== "memory:";
  return isThere(isAbsolute(address) ? address : join(dir, address));
};

/** Whose a live object is, whatever tenant has it and whatever the target at its address is called there. */
export const ownerOf = async (
  context: Context,
  { target, endpoint, kind, id }: LivePlace,
): Promise<LiveOwner | undefined> => {
  if (!(await hasLedger(context))) return undefined;
  const ledger = await context.rawLedger();
  for (const tenant of await ledger.tenants()) {
    for (const entry of await ledger.entries(tenant)) {
      if (entry.resource.kind !== kind || entry.id !== id) continue;
      const isHere = entry.target === target || (await ledger.target(entry.target))?.endpoint === endpoint;
      if (isHere) return { tenant, _id: entry.resource._id, driver: entry.driver };
    }
  }
  return undefined;
};
