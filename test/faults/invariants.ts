import { exitOfApply } from "../../src/cli/exit-code.ts";
import type { Base, Change, Plan } from "../../src/contract/index.ts";
import { address, changeResource } from "../../src/contract/index.ts";
import type { Applied } from "../../src/engine/index.ts";
import type { DeployerError } from "../../src/errors.ts";
import type { JournalEvent } from "../support/fault-ledger.ts";
import type { Exchange, World } from "../support/trace.ts";
import { isWrite } from "../support/trace.ts";

/** The promises of design §12, one name each. */
export const invariants = [
  "intent-first",
  "look-before-repeat",
  "owned-only",
  "as-planned",
  "unowned-untouched",
  "one-per-identity",
  "no-dangling-job",
  "outcomes-fit-journal",
  "edit-kept",
  "nothing-lost",
  "duplicates-named",
  "converges",
  "second-apply-writes-nothing",
] as const;
export type Invariant = (typeof invariants)[number];
export type Violation = { readonly invariant: Invariant; readonly what: string };

/** One object that requests of ours made, whoever was told. */
export type Made = { readonly kind: string; readonly id: string; readonly key: string };

/** Everything that one run left behind. */
export type RunTrace = {
  readonly plan: Plan;
  readonly run: string;
  /** Undefined where the run died or threw. */
  readonly applied: Applied | undefined;
  readonly died: boolean;
  readonly thrown: DeployerError | undefined;
  /** Requests from the plan on. */
  readonly exchanges: readonly Exchange[];
  /** The whole stage's journal. */
  readonly journal: readonly JournalEvent[];
  /** Tick at which the run began, and entries as they were then. */
  readonly began: number;
  readonly entriesBefore: readonly Base[];
  readonly openBefore: readonly { readonly change: Change; readonly epoch: number; readonly acked?: string }[];
  readonly entriesAfter: readonly Base[];
  readonly openAfter: readonly Change[];
  readonly before: World;
  readonly after: World;
  /** `kind id` of what was never ours. */
  readonly foreign: ReadonlySet<string>;
  /** Everything of ours since the stage began, by `kind id`. */
  readonly made: ReadonlyMap<string, Made>;
};

type Open = { readonly change: Change; readonly epoch: number; readonly run: string; acked?: string };

const ofChange = (change: Change): string => `${change.tenant} ${address(change.kind, change.entity._id)}`;
const ofBase = (base: Base): string => `${base.resource.tenant} ${address(base.resource.kind, base.resource._id)}`;

/** The natural key with connections by name, so that it stays the same when a connection is made anew. */
const keyOf = (change: Change): string => {
  const { properties, _id } = changeResource(change);
  if (change.kind === "import-job")
    return `${String(properties["connection"])} → ${String(properties["target_dataset"])}`;
  return change.kind === "dataset"
    ? String(properties["name"])
    : String((properties["config"] as { name?: string } | undefined)?.name ?? _id);
};

export const namedKey = (kind: string, key: string, made: ReadonlyMap<string, Made>): string => {
  if (kind !== "import-job") return key;
  const [connection = "", dataset = ""] = key.split(" → ");
  return `${made.get(`connection ${connection}`)?.key ?? connection} → ${dataset}`;
};

/** Goes through requests and journal in the order in which they happened. */
const sweep = (trace: RunTrace, visit: (exchange: Exchange, owned: Owned) => void): void => {
  const entries = new Map(trace.entriesBefore.map((base) => [ofBase(base), base.id]));
  const open = new Map<string, Open[]>();
  for (const { change, epoch, acked } of trace.openBefore) {
    const list = open.get(ofChange(change)) ?? [];
    list.push({ change, epoch, run: "", ...(acked === undefined ? {} : { acked }) });
    open.set(ofChange(change), list);
  }
  const epochs = new Map<string, number>();
  const events = trace.journal.map((event) => ({ at: event.tick, event }));
  const requests = trace.exchanges.filter(isWrite).map((exchange) => ({ at: exchange.arrived, exchange }));
  for (const item of [...events, ...requests].sort((a, b) => a.at - b.at)) {
    if ("exchange" in item) {
      visit(item.exchange, { entries, open, epochs });
      continue;
    }
    const { event } = item;
    if (event.op === "lease") epochs.set(event.tenant, event.epoch);
    if (event.tick < trace.began) continue;
    if (event.op === "intend") {
      for (const { change } of event.intents) {
        const list = open.get(ofChange(change)) ?? [];
        list.push({ change, epoch: event.epoch, run: event.run });
        open.set(ofChange(change), list);
      }
    }
    if (event.op === "acked") {
      const last = open.get(ofChange(event.change))?.at(-1);
      if (last !== undefined) last.acked = event.id;
    }
    if (event.op === "settle") {
      if (event.outcome !== "uncertain") open.delete(ofChange(event.change));
      if (event.now === undefined) entries.delete(ofChange(event.change));
      else entries.set(ofBase(event.now), event.now.id);
    }
    if (event.op === "put") entries.set(ofBase(event.base), event.base.id);
    if (event.op === "move") {
      entries.delete(`${event.tenant} ${address(event.base.resource.kind, event.from)}`);
      entries.set(ofBase(event.base), event.base.id);
    }
    if (event.op === "drop") entries.delete(`${event.tenant} ${address(event.kind, event._id)}`);
  }
};

type Owned = {
  readonly entries: ReadonlyMap<string, string>;
  readonly open: ReadonlyMap<string, readonly Open[]>;
  readonly epochs: ReadonlyMap<string, number>;
};

/** Whether a request does what a change says. */
const carriesOut = (change: Change, exchange: Exchange, made: RunTrace["made"]): boolean => {
  if (change.kind !== exchange.kind) return false;
  const { op } = change;
  if (exchange.verb === "create") {
    return (op === "insert" || op === "replace") && keyOf(change) === namedKey(exchange.kind, exchange.key ?? "", made);
  }
  if (exchange.verb === "update") return op === "update" && change.id === exchange.id;
  return (op === "delete" || op === "replace") && change.id === exchange.id;
};

const tell = ({ verb, kind, id, key, reply, fault }: Exchange): string =>
  `${verb} ${kind} ${id ?? key ?? ""} (${reply}${fault === undefined ? "" : `, ${fault}`})`;

const writes = (trace: RunTrace): Violation[] => {
  const found: Violation[] = [];
  const { made, plan } = trace;
  sweep(trace, (exchange, { entries, open, epochs }) => {
    const intents = [...open.values()].flat();
    const own = intents.filter(({ change }) => carriesOut(change, exchange, made));
    if (!own.some(({ change, epoch, run }) => run === trace.run && epoch === epochs.get(change.tenant))) {
      found.push({ invariant: "intent-first", what: tell(exchange) });
    }
    if (exchange.verb === "create") return;
    const { id = "", kind } = exchange;
    const isOwned =
      [...entries].some(([name, owned]) => owned === id && name.includes(` ${kind}/`)) ||
      intents.some(({ change, acked }) => change.kind === kind && (acked === id || change.id === id)) ||
      intents.some(
        ({ change }) =>
          change.kind === kind &&
          (change.op === "insert" || change.op === "replace") &&
          made.get(`${kind} ${id}`) !== undefined &&
          namedKey(kind, made.get(`${kind} ${id}`)?.key ?? "", made) === keyOf(change),
      );
    if (!isOwned || trace.foreign.has(`${kind} ${id}`)) found.push({ invariant: "owned-only", what: tell(exchange) });
  });
  const sent = trace.exchanges.filter(isWrite);
  for (const exchange of sent) {
    if (plan.changes.some((change) => carriesOut(change, exchange, made))) continue;
    found.push({ invariant: "as-planned", what: `${tell(exchange)} is no change of the plan` });
  }
  for (const change of plan.changes) {
    const own = sent.filter((exchange) => carriesOut(change, exchange, made));
    const creates = own.filter(
      ({ verb, committed, status = 0 }) => verb === "create" && committed !== undefined && status < 300,
    );
    if (creates.length > 1)
      found.push({ invariant: "as-planned", what: `${ofChange(change)} was made ${creates.length} times` });
    const patches = new Set(own.flatMap(({ verb, body }) => (verb === "update" ? [body] : [])));
    if (patches.size > 1)
      found.push({ invariant: "as-planned", what: `${ofChange(change)} was written in several ways` });
  }
  const creates = Map.groupBy(
    sent.filter(({ verb, reply }) => verb === "create" && reply !== "refused"),
    ({ kind, key = "" }) => `${kind} ${key}`,
  );
  for (const [name, list] of creates) {
    for (const [index, next] of list.entries()) {
      const last = list[index - 1];
      if (last === undefined) continue;
      const looked = trace.exchanges.some(
        ({ verb, kind, arrived }) =>
          verb === "list" && kind === next.kind && arrived > last.arrived && arrived < next.arrived,
      );
      if (!looked) found.push({ invariant: "look-before-repeat", what: name });
    }
  }
  return found;
};

const untouched = ({ foreign, before, after }: RunTrace): Violation[] =>
  [...foreign].flatMap((name) =>
    before.get(name)?.json === after.get(name)?.json
      ? []
      : [
          {
            invariant: "unowned-untouched" as const,
            what: `${name}: ${before.get(name)?.json} → ${after.get(name)?.json}`,
          },
        ],
  );

/** Live objects of ours that share an identity, outside replacements that are still open. */
export const duplicatesOf = (
  world: World,
  made: RunTrace["made"],
  open: readonly Change[],
): readonly (readonly string[])[] => {
  const replacing = new Set(
    open.filter(({ op }) => op === "replace").map((change) => `${change.kind} ${keyOf(change)}`),
  );
  const ours = [...world.values()].filter(({ kind, id }) => made.has(`${kind} ${id}`));
  return [...Map.groupBy(ours, ({ kind, key }) => `${kind} ${namedKey(kind, key, made)}`)]
    .filter(([name, list]) => list.length > 1 && !replacing.has(name))
    .map(([, list]) => list.map(({ id }) => id));
};

const dangling = ({ entriesAfter, after, before }: RunTrace): Violation[] =>
  entriesAfter.flatMap(({ id, resource, state }) => {
    const job = after.get(`import-job ${id}`);
    if (resource.kind !== "import-job" || state !== "live" || job?.connection === undefined) return [];
    if (after.has(`connection ${job.connection}`) || !before.has(`connection ${job.connection}`)) return [];
    return [{ invariant: "no-dangling-job" as const, what: `${id} refers to ${job.connection}, which is gone` }];
  });

const outcomes = (trace: RunTrace): Violation[] => {
  const { applied, plan, journal, run, entriesAfter, openAfter, made } = trace;
  if (applied === undefined) return [];
  const found: Violation[] = [];
  const bad = (what: string): void => void found.push({ invariant: "outcomes-fit-journal", what });
  const settled = new Map(
    journal.flatMap((event) => {
      // Another run of the very same plan may have done it meanwhile.
      const counts =
        event.op === "settle" && (event.run === run || (event.outcome === "done" && event.tick > trace.began));
      return counts ? [[ofChange(event.change), event.outcome]] : [];
    }),
  );
  const open = new Set(openAfter.map(ofChange));
  const entries = new Map(entriesAfter.map((base) => [ofBase(base), base]));
  const results = new Map(
    applied.results.map((result) => [`${result.tenant} ${address(result.kind, result._id)}`, result]),
  );
  for (const change of plan.changes) {
    const name = ofChange(change);
    const result = results.get(name);
    if (result === undefined) {
      bad(`${name} has no result`);
      continue;
    }
    const { outcome } = result;
    const journaled = settled.get(name);
    if (outcome === "done" && change.op !== "noop" && change.op !== "rename" && journaled !== "done") {
      bad(`${name} (${change.op}) is done, the journal says ${journaled ?? "nothing"}`);
    }
    if (
      outcome === "done" &&
      (change.op === "insert" || change.op === "replace") &&
      entries.get(name)?.id !== result.id
    ) {
      bad(`${name} is ${result.id}, the ledger has ${entries.get(name)?.id}`);
    }
    if (outcome === "done" && change.op === "delete" && entries.has(name)) bad(`${name} is deleted and still owned`);
    if (outcome === "done" && open.has(name)) bad(`${name} is done and its intent is open`);
    const own = trace.exchanges.filter((exchange) => isWrite(exchange) && carriesOut(change, exchange, made));
    if ((outcome === "conflict" || outcome === "skipped") && own.some(({ committed }) => committed !== undefined)) {
      bad(`${name} is ${outcome}, and was written: ${own.map(tell).join(", ")}`);
    }
  }
  const isDone =
    applied.results.every(({ outcome }) => outcome === "done") &&
    applied.refusals.length + applied.summary.unreadable === 0;
  if ((exitOfApply(applied) === 0) !== isDone) bad(`the exit code is ${exitOfApply(applied)}`);
  if (isDone && openAfter.some((change) => plan.tenants[change.tenant] !== undefined))
    bad("everything is done, and intents are open");
  return found;
};

/** What one run broke; `[]` where it kept every promise. */
export const check = (trace: RunTrace): readonly Violation[] => [
  ...writes(trace),
  ...untouched(trace),
  ...duplicatesOf(trace.after, trace.made, trace.openAfter).map((ids) => ({
    invariant: "one-per-identity" as const,
    what: ids.map((id) => [...trace.made.values()].find((item) => item.id === id)?.key ?? id).join(", "),
  })),
  ...dangling(trace),
  ...outcomes(trace),
];

/** Whether what somebody wrote between plan and apply (a connection's timeout, by live id) is still there. */
export const checkEdits = (after: World, edits: ReadonlyMap<string, number>): readonly Violation[] =>
  [...edits].flatMap(([id, value]) =>
    isEdited(after, id, value)
      ? []
      : [{ invariant: "edit-kept" as const, what: `${id}: ${after.get(`connection ${id}`)?.json}` }],
  );

export const isEdited = (world: World, id: string, value: number): boolean =>
  world.get(`connection ${id}`)?.json.includes(`"timeout_secs":${value}`) === true;
