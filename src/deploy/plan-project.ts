import type { Base, Plan, Resource } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { Owners, TenantInput } from "../engine/index.ts";
import { makePlan, readOwners, recover, remainingWait, renameEntries } from "../engine/index.ts";
import { DeployerError } from "../errors.ts";
import type { OpenIntent } from "../ledger/index.ts";
import type { Tenant } from "../manifest/index.ts";
import type { Context } from "./context.ts";
import { observeTargets } from "./context.ts";
import { guardEmptyLedger, guardTargets, nameRunsAtWork, runsAtWork } from "./guard-targets.ts";
import { makePolicies } from "./policies.ts";
import { readTenants, refuseInvalid } from "./read-tenants.ts";
import { readdressed, resolveSealed, sealResources } from "./seal.ts";
import { checkLabels, checkOnly, checkSelection, idMatcher, selectsById } from "./selection.ts";
import { sleep } from "./sleep.ts";
import type { PlanOptions, Selection } from "./types.ts";
import { tool } from "./version.ts";

/** What is known of one tenant before anything live is read. */
export type Prepared = Omit<TenantInput, "entries" | "unsettled" | "leftovers"> & {
  readonly entries: readonly Base[];
  readonly open: readonly OpenIntent[];
  /** Names of its systems, as live objects may carry them. */
  readonly systems: readonly string[];
};

const never = new AbortController().signal;

/** Tenants that own something, were selected by id, and have no file any more. */
const vanishedTenants = async (
  context: Context,
  selection: Selection,
  ids: readonly string[],
): Promise<readonly string[]> => {
  if (!selectsById(selection)) return [];
  const known = new Set(ids);
  const matches = idMatcher(selection.tenants);
  return (await (await context.ledger()).tenants()).filter((id) => !known.has(id) && matches(id));
};

export const fromLedger = async (
  context: Context,
  tenant: string,
): Promise<Pick<Prepared, "entries" | "open" | "ledger">> => {
  const ledger = await context.ledger();
  return {
    ledger: await ledger.revision(tenant),
    entries: await ledger.entries(tenant),
    open: await ledger.open(tenant),
  };
};

const isLive = (entry: Base): boolean => entry.state === "live";

/** What the targets held when a plan was made. */
export type Seen = Awaited<ReturnType<typeof observeTargets>>;

/** Reads, seals and compares the given tenants. */
export const planTenants = async (
  context: Context,
  prepared: readonly Prepared[],
  tenants: ReadonlyMap<string, Tenant>,
  options: PlanOptions,
): Promise<Plan> => (await planAndSee(context, prepared, tenants, options)).plan;

/** The plan, and what it rests on. */
export const planAndSee = async (
  context: Context,
  prepared: readonly Prepared[],
  tenants: ReadonlyMap<string, Tenant>,
  options: PlanOptions,
): Promise<{ readonly plan: Plan; readonly seen: Seen }> => {
  const { files } = context;
  const entries = prepared.flatMap((tenant) => tenant.entries);
  const desired = new Map<string, Resource[]>();
  for (const tenant of prepared) {
    const list = desired.get(tenant.target) ?? [];
    list.push(...tenant.desired);
    desired.set(tenant.target, list);
  }
  const isInUse = (tenant: Prepared): boolean =>
    !tenant.vanished && (tenant.desired.length > 0 || tenant.entries.length > 0 || tenant.open.length > 0);
  const names = prepared
    .filter(isInUse)
    .flatMap((tenant) => [
      ...(tenant.desired.length > 0 ? [tenant.target] : []),
      ...tenant.entries.map((entry) => entry.target),
      ...tenant.open.map((intent) => intent.change.target),
    ]);
  const ledger = await context.ledger();
  const atWork = await runsAtWork(ledger);
  // A run that is alive ends by itself what it has begun.
  const left = prepared.filter(({ tenant }) => !atWork.has(tenant));
  await waitForRequestsUnderWay(context, left, options.signal ?? never);
  const { targets, observed } = await observeTargets(
    context,
    names,
    entries,
    desired,
    options.signal ?? never,
    prepared.flatMap(({ open }) => open),
  );
  const policies = makePolicies(files, tenants, options, await ownersOf(context, targets, options));
  const systems = prepared.flatMap((tenant) => tenant.systems);
  const plan = makePlan({
    tool,
    createdAt: new Date(context.clock()).toISOString(),
    environment: files.environment,
    targets,
    observed,
    tenants: prepared.map(
      ({ open, systems: _, ...tenant }): TenantInput => ({
        ...tenant,
        ...recover(tenant.entries, open, targets, observed),
      }),
    ),
    waves: files.waves,
    prune: options.prune ?? false,
    deleteData: options.deleteData ?? false,
    maxDeletes: options.maxDeletes ?? "10%",
    recreateMissing: options.recreateMissing ?? false,
    policies,
    refusals: [
      ...(options.acceptTarget === true ? [] : await guardTargets(ledger, { targets, observed, entries })),
      ...(await guardEmptyLedger(ledger, { targets, observed }, systems, desired, policies.mayAdopt)),
    ],
  });
  return { plan: await nameRunsAtWork(ledger, plan, atWork), seen: { targets, observed } };
};

/** Looked up only where something may be taken over. */
const ownersOf = async (
  context: Context,
  targets: ReadonlyMap<string, { readonly identity: string }>,
  options: PlanOptions,
): Promise<Owners> => {
  if (options.adopt === undefined || options.adopt.length === 0) return { isOwnedElsewhere: () => false };
  return readOwners(await context.ledger(), new Map([...targets].map(([name, { identity }]) => [name, identity])));
};

/**
 * A create that an interrupted run sent may still be worked on: looking before the request timeout and the target's
 * `settle` time have passed could miss it, and make it twice.
 */
const waitForRequestsUnderWay = async (
  context: Context,
  prepared: readonly Prepared[],
  signal: AbortSignal,
): Promise<void> => {
  const waits = prepared
    .flatMap((tenant) => tenant.open)
    .map((intent) => {
      const file = context.files.targets[intent.change.target];
      const times = file === undefined ? undefined : { requestTimeout: file.request_timeout, settle: file.settle };
      return remainingWait(intent, times, context.clock());
    });
  const ms = Math.max(0, ...waits);
  if (ms === 0) return;
  context.report({ code: "settling", ms, intents: waits.filter((wait) => wait > 0).length });
  await sleep(ms, signal);
};

const resourceNames = (prepared: readonly Prepared[]): ReadonlySet<string> =>
  new Set(
    prepared
      .flatMap(({ desired, entries }) => [...desired, ...entries.map((entry) => entry.resource)])
      .map((resource) => address(resource.kind, resource._id)),
  );

/** Plans for everything that is selected; writes nothing to the target. */
export const planProject = async (context: Context, options: PlanOptions): Promise<Plan> => {
  const { prepared, tenants } = await prepareTenants(context, options);
  return planTenants(context, prepared, tenants, options);
};

export type PreparedTenants = {
  /** Sorted by tenant. */
  readonly prepared: readonly Prepared[];
  /** Those that have a file. */
  readonly tenants: ReadonlyMap<string, Tenant>;
};

/** Reads the files and the ledger of everything that is selected. Throws `invalid-files`, `usage`. */
export const prepareTenants = async (context: Context, options: PlanOptions): Promise<PreparedTenants> => {
  const { files } = context;
  const { selected, ids, diagnostics } = await readTenants(files, await context.index(), options, context.set);
  refuseInvalid(diagnostics);
  context.warn(diagnostics);
  const vanished = await vanishedTenants(context, options, ids);
  checkSelection(options, [...ids, ...vanished], files.waves);
  checkLabels(options, selected.length);
  const print = await context.fingerprint();
  const prepared: Prepared[] = [];
  for (const { tenant, expansion, inputs, resources, rendered } of selected) {
    const secrets = context.secrets(tenant);
    const desired = await sealResources(resources, secrets, print);
    const known = await fromLedger(context, tenant.id);
    const values = files.moved.length === 0 ? new Map() : await resolveSealed(known.entries, secrets);
    prepared.push({
      tenant: tenant.id,
      target: tenant.target,
      ...(tenant.wave === undefined ? {} : { wave: tenant.wave }),
      desired,
      inputs,
      rendered: rendered.map(({ type, _id }) => ({ tenant: tenant.id, type, _id })),
      leaving: tenant.state === "absent",
      vanished: false,
      systems: [...new Set(expansion.components.map((component) => component.system))],
      ledger: known.ledger,
      ...renameEntries(known.entries, known.open, desired, files.moved, (base, _id) =>
        readdressed(base, _id, values, print),
      ),
    });
  }
  for (const id of vanished) {
    const known = await fromLedger(context, id);
    // Data that was kept on purpose is all that is left: nothing to refuse.
    if (!known.entries.some(isLive) && known.open.length === 0) continue;
    const target = known.entries[0]?.target ?? known.open[0]?.change.target ?? "";
    prepared.push({
      tenant: id,
      target,
      desired: [],
      inputs: "",
      leaving: false,
      vanished: true,
      systems: [],
      ...known,
    });
  }
  checkOnly(options.only, resourceNames(prepared));
  prepared.sort((a, b) => (a.tenant < b.tenant ? -1 : 1));
  return { prepared, tenants: new Map(selected.map(({ tenant }) => [tenant.id, tenant])) };
};

/** Plans the deletion of everything that one tenant owns, whether or not it still has a file. */
export const planDestroy = async (
  context: Context,
  tenant: string,
  options: Pick<PlanOptions, "deleteData" | "acceptTarget" | "signal">,
): Promise<Plan> => {
  const known = await fromLedger(context, tenant);
  if (known.entries.length === 0 && known.open.length === 0) {
    const owners = await (await context.ledger()).tenants();
    throw new DeployerError("usage", `tenant "${tenant}" owns nothing here`, {
      hint:
        owners.length === 0 ? "the ledger is empty" : `tenants that own something: ${owners.slice(0, 20).join(", ")}`,
    });
  }
  const target = known.entries[0]?.target ?? known.open[0]?.change.target ?? "";
  const input: Prepared = {
    tenant,
    target,
    desired: [],
    inputs: "",
    leaving: true,
    vanished: false,
    systems: [],
    ...known,
  };
  return planTenants(context, [input], new Map(), options);
};
