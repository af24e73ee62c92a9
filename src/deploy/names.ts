import { stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { address } from "../contract/index.ts";
import type { Ledger } from "../ledger/index.ts";
import { assemble, infinoKinds, secretPaths } from "../resources/index.ts";
import type { KnownNames, NameKind, NamesOptions } from "./care-types.ts";
import type { Context } from "./context.ts";

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The ledger where it is a file that is there: nothing is made, no server asked, no command run for its address. */
const ledgerAtHand = async (context: Context): Promise<Ledger | undefined> => {
  const { dir, ledger } = context.files;
  if (ledger.includes("$SECRET(")) return undefined;
  const path = await context.secrets(undefined).resolve(ledger);
  if (/^[a-z][a-z0-9+.-]+:/.test(path) || !(await exists(isAbsolute(path) ? path : join(dir, path)))) return undefined;
  return context.rawLedger();
};

type Tenants = readonly {
  readonly id: string;
  readonly file: string;
  readonly labels: Readonly<Record<string, string>>;
}[];

const nameOf = (file: string): string => file.slice(file.lastIndexOf("/") + 1).replace(/\.(ya?ml|json)$/, "");

/** Tenants by the index, else by their files, and beyond the limit by the names of their files. */
const tenantsOf = async (context: Context, mayLook: () => boolean): Promise<Tenants> => {
  const index = (await exists(join(context.files.dir, ".connector-deployer"))) ? await context.index() : undefined;
  const found: { id: string; file: string; labels: Readonly<Record<string, string>> }[] = [];
  for (const item of await context.files.tenantFiles()) {
    const { file } = item;
    const known = index?.get(item)?.tenant ?? (mayLook() ? (await context.files.readTenant(file)).tenant : undefined);
    found.push({ id: known?.id ?? nameOf(file), file, labels: known?.labels ?? {} });
  }
  return found;
};

/** `kind/_id` of what is deployed and declared; tenants whose id is in what is typed come first. */
const resourcesOf = async (
  context: Context,
  typed: string,
  limited: () => () => boolean,
): Promise<readonly string[]> => {
  const { files, set } = context;
  const found = new Set<string>();
  const isNamed = (tenant: string): number => (typed.includes(tenant) ? 0 : 1);
  const first = <Item>(items: readonly Item[], idOf: (item: Item) => string): readonly Item[] =>
    [...items].sort((a, b) => isNamed(idOf(a)) - isNamed(idOf(b)));
  const ledger = await ledgerAtHand(context);
  const mayRead = limited();
  for (const tenant of first((await ledger?.tenants()) ?? [], (id) => id)) {
    if (!mayRead()) break;
    for (const { resource } of (await ledger?.entries(tenant)) ?? []) found.add(address(resource.kind, resource._id));
  }
  const mayExpand = limited();
  for (const { file } of first(await tenantsOf(context, limited()), ({ id }) => id)) {
    if (!mayExpand()) break;
    const { tenant } = await files.readTenant(file);
    if (tenant === undefined) continue;
    const { components } = files.expandTenant(tenant, {
      set,
      secretPaths: (type, properties) => secretPaths(files.catalog, type, properties),
    });
    for (const { kind, _id } of assemble(components, infinoKinds, files.catalog).resources)
      found.add(address(kind, _id));
  }
  return [...found];
};

/** As much of a run's id as `history` shows. */
const shortId = 8;
const lastRuns = 50;

const runsOf = async (context: Context): Promise<KnownNames["runs"]> =>
  ((await (await ledgerAtHand(context))?.history(lastRuns)) ?? []).map((run) => ({
    word: run.id.slice(0, shortId),
    does: `${run.command} ${run.started}`,
  }));

/** Names that somebody may want to type, from what is at hand. Makes no file, runs no command, sends nothing. */
export const namesOf = async (
  context: Context,
  what: readonly NameKind[],
  { typed = "", most = 1_000 }: NamesOptions,
): Promise<KnownNames> => {
  const { files } = context;
  let isWhole = true;
  /** Each kind of look has its own limit. */
  const limited = (): (() => boolean) => {
    let looks = 0;
    return () => {
      looks += 1;
      if (looks > most) isWhole = false;
      return looks <= most;
    };
  };
  const wants = (name: NameKind): boolean => what.includes(name);
  const tenants = wants("tenants") || wants("labels") ? await tenantsOf(context, limited()) : [];
  const resources = wants("resources") ? [...(await resourcesOf(context, typed, limited))].sort() : [];
  const labels = tenants.flatMap((tenant) => Object.entries(tenant.labels).map(([name, value]) => `${name}=${value}`));
  return {
    tenants: tenants.map((tenant) => tenant.id).sort(),
    labels: [...new Set(labels)].sort(),
    waves: files.waves,
    targets: Object.keys(files.targets).sort(),
    resources,
    runs: wants("runs") ? await runsOf(context) : [],
    isWhole,
  };
};
