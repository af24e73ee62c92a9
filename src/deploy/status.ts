import type { Base, Live } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { Awaited, Collection, Health } from "../engine/index.ts";
import { awaitHealth } from "../engine/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { Judgement, Target } from "../resources/index.ts";
import type { Context } from "./context.ts";
import { observeTargets } from "./context.ts";
import { ownedBy } from "./look.ts";
import type { Quiet } from "./quiet-tenants.ts";
import { quietTenants, tenantFiles } from "./quiet-tenants.ts";
import { sleep } from "./sleep.ts";
import type { StatusItem, StatusOptions, StatusReport } from "./types.ts";
import { tool } from "./version.ts";
import { waitTimeout } from "./wait-timeout.ts";

/** What the targets call well; anything else wants a look. */
const healthyStates: readonly string[] = ["connected", "pending", "running", "completed", "green", "yellow"];

/** What the target tells beside its health. */
const factsOf = (live: Live | undefined): Pick<StatusItem, "schedule" | "lastRun" | "records"> => {
  const schedule = live?.properties["schedule"];
  return {
    ...(typeof schedule === "string" ? { schedule } : {}),
    ...(live?.lastRun === undefined ? {} : { lastRun: live.lastRun }),
    ...(live?.records === undefined ? {} : { records: live.records }),
  };
};

const liveOf = (entry: Base, collection: Collection | undefined): Live | undefined =>
  collection?.readable === true ? collection.byId.get(entry.id) : undefined;

/** What the target gives as the reason. */
const saidOf = (entry: Base, collection: Collection | undefined): string | undefined =>
  collection?.readable === false ? collection.error.message : liveOf(entry, collection)?.health?.reason;

const itemOf = async (entry: Base, collection: Collection | undefined, quiet: Quiet): Promise<StatusItem> => {
  const { tenant, kind, _id } = entry.resource;
  const live = liveOf(entry, collection);
  const said = saidOf(entry, collection);
  const health =
    collection?.readable === false
      ? "unreadable"
      : live === undefined
        ? "vanished"
        : (live.health?.status ?? "present");
  return {
    tenant,
    target: entry.target,
    kind,
    _id,
    id: entry.id,
    health,
    ...(said === undefined ? {} : { reason: await quiet(tenant, said) }),
    healthy:
      health === "present" || healthyStates.includes(health) || (entry.state === "retained" && health === "vanished"),
    ...factsOf(live),
    state: entry.state,
    ...(entry.driver === "pulumi" ? { driver: entry.driver } : {}),
  };
};

const awaitedKey = ({ tenant, target, kind, _id }: Omit<Awaited, "id">): string =>
  `${tenant} ${target} ${address(kind, _id)}`;

/** What is not well yet, and may come to it. */
const unsettled = (
  entries: readonly Base[],
  targets: ReadonlyMap<string, Target<InfinoClient>>,
  collectionOf: (entry: Base) => Collection | undefined,
): readonly Awaited[] =>
  entries.flatMap((entry) => {
    const { target, resource, id } = entry;
    const kind = targets.get(target)?.kinds.find(({ name }) => name === resource.kind);
    if (kind?.judge === undefined || entry.state !== "live") return [];
    const live = liveOf(entry, collectionOf(entry));
    const judgement: Judgement = live === undefined ? { state: "waiting" } : kind.judge(live);
    if (judgement.state === "well") return [];
    return [{ tenant: resource.tenant, target, kind: resource.kind, _id: resource._id, id }];
  });

const after = (item: StatusItem, { status, reason, healthy, note }: Health): StatusItem => {
  const { reason: _, ...rest } = item;
  return {
    ...rest,
    health: status,
    ...(reason === undefined ? {} : { reason }),
    ...(note === undefined ? {} : { note }),
    healthy,
  };
};

const never = new AbortController().signal;

/** Health of what is deployed, as the targets tell it; with `wait`, what they tell in the end. */
export const statusOf = async (
  context: Context,
  { signal = never, wait, ...selection }: StatusOptions,
): Promise<StatusReport> => {
  const { tenants, entries } = await ownedBy(context, selection);
  const names = entries.map((entry) => entry.target);
  const { targets, observed } = await observeTargets(context, names, entries, new Map(), signal);
  const ledger = await context.ledger();
  const collectionOf = ({ target, resource }: Base) => observed.get(target)?.collections.get(resource.kind);
  const talking = entries.filter((entry) => saidOf(entry, collectionOf(entry)) !== undefined);
  const files = await tenantFiles(context, new Set(talking.map(({ resource }) => resource.tenant)));
  const byTenant = Map.groupBy(entries, ({ resource }) => resource.tenant);
  const quiet = quietTenants(context, files, async (tenant) => byTenant.get(tenant) ?? []);
  const items = new Map<string, StatusItem>();
  for (const entry of entries) {
    const item = await itemOf(entry, collectionOf(entry), quiet);
    items.set(awaitedKey(item), item);
  }
  if (wait !== undefined) {
    const awaited = unsettled(entries, targets, collectionOf);
    const timeout = wait.timeout ?? waitTimeout;
    const rim = { targets, clock: () => context.clock(), sleep, report: context.report, signal };
    context.report({ code: "wait-started", resources: awaited.length, timeout });
    const found = await awaitHealth(rim, awaited, { timeout, stop: signal, quiet });
    for (const [index, member] of awaited.entries()) {
      const item = items.get(awaitedKey(member));
      const health = found[index];
      if (item !== undefined && health !== undefined) items.set(awaitedKey(member), after(item, health));
    }
    const healthy = found.filter((one) => one.healthy).length;
    context.report({ code: "wait-ended", healthy, unhealthy: found.length - healthy });
  }
  const key = (item: StatusItem): string => `${item.tenant} ${item.kind} ${item._id}`;
  const sorted = [...items.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const sortedByTenant = Map.groupBy(sorted, (item) => item.tenant);
  const rows = await Promise.all(
    tenants.map(async (tenant) => {
      const own = sortedByTenant.get(tenant) ?? [];
      const open = (await ledger.open(tenant)).length;
      return { tenant, resources: own.length, unhealthy: own.filter((item) => !item.healthy).length, open };
    }),
  );
  const { environment } = context.files;
  return { type: "status", schemaVersion: 1, tool, environment, items: sorted, tenants: rows };
};
