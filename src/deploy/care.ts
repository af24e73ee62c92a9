import type { LeaseInfo } from "../ledger/index.ts";
import { localHolder } from "../ledger/index.ts";
import type { LeaseItem, LedgerReport } from "./care-types.ts";
import type { Context } from "./context.ts";
import { historyOf } from "./history.ts";
import { ledgerAddress } from "./ledger-address.ts";

const leaseItem = (lease: LeaseInfo): LeaseItem => {
  const here = localHolder("");
  const { host, bootId, pidNamespace } = lease.holder;
  return { ...lease, here: host === here.host && bootId === here.bootId && pidNamespace === here.pidNamespace };
};

/** Leases that somebody holds or left behind, sorted by tenant. */
export const leasesOf = async (context: Context): Promise<readonly LeaseItem[]> =>
  (await (await context.ledger()).leases()).map(leaseItem);

/** An address as it may be shown: no user, no password, no parameters, which may hold one. */
export const shownAddress = (address: string): string => {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(address) || address === "memory:") return address;
  if (!URL.canParse(address)) return `${address.slice(0, address.indexOf(":"))}:…`;
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
};

/** What the ledger is and holds. */
export const ledgerOf = async (context: Context): Promise<LedgerReport> => {
  const { environment } = context.files;
  const ledger = await context.ledger();
  const { from } = await context.key();
  const address = shownAddress(await ledgerAddress(context.files, (text) => context.secrets(undefined).resolve(text)));
  const { schema, size } = await ledger.describe();
  const tenants = await ledger.tenants();
  const entries = await Promise.all(tenants.map((tenant) => ledger.entries(tenant)));
  const open = await Promise.all(tenants.map((tenant) => ledger.open(tenant)));
  const [lastRun] = (await historyOf(context, 1)).runs;
  return {
    type: "ledger",
    schemaVersion: 1,
    environment,
    address,
    schema,
    size,
    key: from,
    tenants: tenants.length,
    entries: entries.flat().length,
    open: open.flat().length,
    leases: await leasesOf(context),
    ...(lastRun === undefined ? {} : { lastRun }),
  };
};
