import { copyFile, rm } from "node:fs/promises";
import type { Plan, Traits } from "../../src/contract/index.ts";
import { DeployerError } from "../../src/errors.ts";
import type { FaultKind } from "../support/faults.ts";
import { drawn, faultKinds } from "../support/faults.ts";
import type { Random } from "../support/random.ts";
import { seeded } from "../support/random.ts";
import { isWrite } from "../support/trace.ts";
import { change, resourcesOf, wanted } from "./desired.ts";
import type { Invariant, RunTrace, Violation } from "./invariants.ts";
import { check, checkEdits, duplicatesOf, isEdited } from "./invariants.ts";
import type { Deployer, Desired, Stage } from "./stage.ts";
import { allowAll, createStage, times } from "./stage.ts";

/** What goes wrong on our side of the wire. */
export const ownFaults = [
  "ledger-busy",
  "disk-full",
  "ledger-lost",
  "ledger-restored",
  "clock-hour-ahead",
  "clock-hour-behind",
  "holder-paused",
  "killed",
  "killed-in-resume",
  "edited-since-plan",
] as const;
export type OwnFault = (typeof ownFaults)[number];
export type AnyFault = FaultKind | OwnFault;

export type SeedOptions = {
  readonly seed: number;
  readonly traits: Partial<Traits>;
  /** How late the target may be: within what the engine is told to wait for, or later. */
  readonly delays: "below" | "above";
  readonly rounds: number;
  readonly rate: number;
  /** Sees the stage when all is over: to look into a seed. */
  readonly watch?: (stage: Stage) => void;
};

export type SeedReport = {
  readonly counts: ReadonlyMap<AnyFault, number>;
  readonly violations: readonly (Violation & { readonly round: number })[];
  /** Edits between our read and our write, and those of them that our write undid. */
  readonly exposed: { readonly edits: number; readonly undone: number };
  /** Names that live objects of ours share, all named by the next plan. */
  readonly duplicates: number;
  readonly requests: number;
};

const above: readonly FaultKind[] = ["late-commit-above-settle", "stale-read-above-settle"];
const below: readonly FaultKind[] = ["late-commit", "stale-read"];

const ledgerError = (what: string): DeployerError =>
  new DeployerError("ledger-unavailable", `the ledger of the test ${what}`, { hint: "a fault of the test" });

/** Of what goes wrong once, some is drawn more often. */
const drawnOwn: readonly OwnFault[] = [
  ...ownFaults,
  "edited-since-plan",
  "edited-since-plan",
  "holder-paused",
  "killed",
];

/** Every live id that a plan names, in changes, in findings or as a duplicate. */
const namedBy = (plan: Plan): ReadonlySet<string> =>
  new Set([
    ...[...plan.changes, ...plan.prunable].flatMap(({ id = "", resumes = "", duplicates = [] }) => [
      id,
      resumes,
      ...duplicates,
    ]),
    ...plan.findings.flatMap(({ ids }) => ids),
  ]);

const copyLedger = async (from: string, to: string): Promise<void> => {
  for (const end of ["", "-wal", "-shm"]) {
    await rm(`${to}${end}`, { force: true });
    await copyFile(`${from}${end}`, `${to}${end}`).catch(() => undefined);
  }
};

/** One stage, several rounds: change what is wanted, plan, apply under faults, check, make it good, check again. */
export const runSeed = async (options: SeedOptions): Promise<SeedReport> => {
  const { seed, traits, delays, rounds, rate } = options;
  const random = seeded(seed, `${delays} ${JSON.stringify(traits)}`);
  const kinds = faultKinds.filter((kind) => !(delays === "below" ? above : below).includes(kind));
  const rare: ReadonlySet<FaultKind> = new Set(["unauthorized", "storm", "storm-with-retry-after", "phantom-patch"]);
  await using stage = await createStage({ seed, traits, decide: drawn(seed, rate, kinds, rare) });
  const files = wanted(random);
  const counts = new Map<AnyFault, number>();
  const violations: (Violation & { round: number })[] = [];
  const exposed = { edits: 0, undone: 0 };
  let duplicates = 0;
  let round = 0;
  let deployer = await stage.deployer();

  const count = (kind: AnyFault): void => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const broken = (invariant: Invariant, what: string): void => void violations.push({ invariant, what, round });
  const checked = (trace: RunTrace): RunTrace => {
    for (const violation of check(trace)) {
      // Later than `settle`, a second object may come to light: then the next plan has to name it.
      if (delays === "above" && violation.invariant === "one-per-identity") continue;
      violations.push({ ...violation, round });
    }
    return trace;
  };

  for (; round < rounds; round++) {
    if (round > 0) change(files, random);
    if (random.chance(0.3)) stage.secret(`s3cret-${seed}-${round}`);
    const desired = resourcesOf(files);
    const own = random.chance(0.4) ? random.pick(drawnOwn) : undefined;
    if (own === "ledger-restored") {
      await deployer[Symbol.asyncDispose]();
      await copyLedger(stage.ledgerPath, `${stage.ledgerPath}.older`);
      deployer = await stage.deployer();
    }
    stage.log.push({ tick: stage.ticks(), what: `round ${round}: ${own ?? "no fault of ours"}` });
    const plan = await planned(stage, desired);
    const edited = own === "edited-since-plan" ? await editSome(stage, plan, random) : new Map<string, number>();
    for (const _ of edited) count("edited-since-plan");
    const trace = checked(await applyWith(stage, deployer, plan, desired, own, random, count));
    for (const violation of checkEdits(trace.after, edited)) violations.push({ ...violation, round });
    for (const { fault, id = "", committed } of trace.exchanges) {
      if (fault !== "edit-before-write" || committed === undefined) continue;
      exposed.edits++;
      if (!isEdited(trace.after, id, 5)) exposed.undone++;
    }
    if (trace.died) {
      deployer = await stage.deployer();
      if (own === "killed-in-resume") {
        const resumed = await planned(stage, desired);
        const again = checked(await applyWith(stage, deployer, resumed, desired, own, random, count));
        if (again.died) deployer = await stage.deployer();
      }
    }
    if (delays === "above") await stage.faults.idle();
    if (own === "ledger-lost" || own === "ledger-restored") {
      count(own);
      await deployer[Symbol.asyncDispose]();
      if (own === "ledger-lost")
        for (const end of ["", "-wal", "-shm"]) await rm(`${stage.ledgerPath}${end}`, { force: true });
      else await copyLedger(`${stage.ledgerPath}.older`, stage.ledgerPath);
      deployer = await stage.deployer();
    }
    await using patient = await stage.deployer(true);
    duplicates += await makeGood(stage, patient, desired, own, { broken, checked, delays });
  }
  for (const { kind } of stage.faults.fired) count(kind);
  options.watch?.(stage);
  return { counts, violations, exposed, duplicates, requests: stage.faults.trace.length };
};

/** A plan without faults, also where the machine has no time for us. */
export const planned = async (stage: Stage, desired: Desired): Promise<Plan> => {
  await using planner = await stage.deployer(true);
  return await planner.bench.plan(desired, allowAll);
};

/** Somebody changes a few of our connections, some of which the plan is about. Gives what they wrote. */
const editSome = async (stage: Stage, plan: Plan, random: Random): Promise<ReadonlyMap<string, number>> => {
  // What is still on its way from an earlier round would hide the edit.
  await new Promise((done) => setTimeout(done, times.settle));
  const planned = plan.changes.flatMap(({ kind, op, id }) =>
    kind === "connection" && id !== undefined && (op === "update" || op === "replace") ? [id] : [],
  );
  const edited = new Map<string, number>();
  for (const id of random.shuffle(planned).slice(0, 2)) {
    const value = 200 + edited.size;
    if (await stage.edit(id, { timeout_secs: value })) edited.set(id, value);
  }
  return edited;
};

/** Applies under faults, with one of our own. */
const applyWith = async (
  stage: Stage,
  deployer: Deployer,
  plan: Plan,
  desired: Desired,
  own: OwnFault | undefined,
  random: Random,
  count: (kind: AnyFault) => void,
): Promise<RunTrace> => {
  let step = 0;
  const at = 1 + random.whole(Math.max(2, Math.min(40, plan.changes.length)));
  const on = (act: () => Promise<void> | void) => async () => {
    step++;
    if (step === at) await act();
  };
  const fails = (what: string, times: number) => async () => {
    step++;
    if (step < at || step >= at + times) return;
    if (step === at) count(own ?? "ledger-busy");
    throw ledgerError(what);
  };
  switch (own) {
    case "ledger-busy":
      deployer.hooks = { before: fails("is locked by another process", 1) };
      break;
    case "disk-full":
      deployer.hooks = { before: fails("cannot grow: the disk is full", Number.POSITIVE_INFINITY) };
      break;
    case "clock-hour-ahead":
    case "clock-hour-behind":
      deployer.hooks = {
        before: on(() => {
          count(own);
          deployer.clock.offset = own === "clock-hour-ahead" ? 3_600_000 : -3_600_000;
        }),
      };
      break;
    case "holder-paused":
      deployer.hooks = {
        before: on(async () => {
          count(own);
          await overtake(stage, deployer, desired);
        }),
      };
      break;
    case "killed":
    case "killed-in-resume": {
      const death = Promise.withResolvers<void>();
      const die = on(() => {
        count(own);
        deployer.kill();
        death.resolve();
      });
      deployer.hooks = random.chance(0.5) ? { before: die } : { after: die };
      const trace = await stage.run(deployer, plan, { dies: death.promise });
      // It ended before its time.
      if (!trace.died) deployer.hooks = {};
      return trace;
    }
    default:
  }
  const trace = await stage.run(deployer, plan);
  deployer.hooks = {};
  deployer.clock.offset = 0;
  return trace;
};

/** The holder stops for so long that its lease expires; another run does all the work; then it wakes up. */
export const overtake = async (stage: Stage, paused: Deployer, desired: Desired): Promise<void> => {
  const gate = Promise.withResolvers<void>();
  paused.pause(gate.promise);
  stage.pass(2 * 3_600_000);
  await using other = await stage.deployer(true);
  await other.bench.apply(await other.bench.plan(desired, allowAll));
  gate.resolve();
};

type MakeGood = {
  readonly broken: (invariant: Invariant, what: string) => void;
  readonly checked: (trace: RunTrace) => RunTrace;
  readonly delays: "below" | "above";
};

/** Without faults: it converges, and once more writes nothing. Gives how many duplicates there were, all of them named. */
const makeGood = async (
  stage: Stage,
  deployer: Deployer,
  desired: Desired,
  own: OwnFault | undefined,
  { broken, checked, delays }: MakeGood,
): Promise<number> => {
  let duplicates = 0;
  // What no ledger knows any more is taken over by hand.
  const adopts = own === "ledger-lost" || own === "ledger-restored" || delays === "above";
  for (let left = 4; ; left--) {
    const seen = await deployer.bench.plan(desired, allowAll);
    const named = namedBy(seen);
    const world = await stage.world();
    const openNow = (
      await Promise.all(Object.keys(seen.tenants).map((tenant) => deployer.bench.ledger.open(tenant)))
    ).flat();
    const entries = (
      await Promise.all(Object.keys(seen.tenants).map((tenant) => deployer.bench.ledger.entries(tenant)))
    ).flat();
    const owned = new Set(entries.map(({ id }) => id));
    const ackedIds = new Set(openNow.flatMap(({ acked }) => (acked === undefined ? [] : [acked])));
    for (const ids of duplicatesOf(
      world,
      stage.made,
      openNow.map((intent) => intent.change),
    )) {
      const unnamed = ids.filter((id) => !named.has(id) && !owned.has(id));
      if (unnamed.length > 0) broken("duplicates-named", unnamed.join(", "));
      // A ledger that forgot a replacement under way knows one of its two objects at most.
      if (own !== "ledger-lost" && own !== "ledger-restored") duplicates += ids.length - 1;
      await stage.remove(ids.filter((id) => !owned.has(id)));
    }
    const forgotten = [...stage.made.values()].filter(
      ({ kind, id }) => world.has(`${kind} ${id}`) && !owned.has(id) && !named.has(id) && !ackedIds.has(id),
    );
    // What was never wanted again by name cannot be told from somebody else's.
    if (own !== "ledger-lost" && own !== "ledger-restored") {
      for (const { kind, id, key } of forgotten) broken("nothing-lost", `${kind} ${id} (${key}) is live and nobody's`);
    }
    await stage.remove(forgotten.map(({ id }) => id));
    const adopting = adopts && seen.findings.some(({ finding }) => finding === "adoption");
    const settings = adopting ? { ...allowAll, policies: { mayAdopt: () => true } } : allowAll;
    if (adopting && seen.refusals.length === 0) broken("converges", "an adoption was needed and not refused");
    // What uses ours and is in no ledger any more: a person looks, and takes it away.
    const strangers = adopts ? seen.findings.flatMap(({ finding, ids }) => (finding === "protected" ? ids : [])) : [];
    await stage.remove(strangers.filter((id) => !owned.has(id)));
    const plan = await deployer.bench.plan(desired, settings);
    if (plan.refusals.length > 0 && left === 0)
      broken("converges", plan.refusals.map(({ message }) => message).join("; "));
    const trace = checked(await stage.run(deployer, plan, { faults: false }));
    const isDone =
      plan.refusals.length === 0 && trace.applied?.results.every(({ outcome }) => outcome === "done") === true;
    if (isDone && !adopting) break;
    if (left === 0) {
      const bad = trace.applied?.results.filter(({ outcome }) => outcome !== "done") ?? [];
      broken(
        "converges",
        trace.thrown?.message ??
          bad.map(({ kind, _id, outcome, error }) => `${kind}/${_id} ${outcome}: ${error?.message}`).join("; "),
      );
      break;
    }
  }
  const last = await deployer.bench.plan(desired, allowAll);
  const writes = last.changes.filter(({ op }) => op !== "noop");
  if (writes.length > 0)
    broken("converges", writes.map(({ op, kind, entity }) => `${op} ${kind}/${entity._id}`).join(", "));
  const trace = checked(await stage.run(deployer, last, { faults: false }));
  const sent = trace.exchanges.filter(isWrite);
  if (sent.length > 0)
    broken("second-apply-writes-nothing", sent.map(({ verb, kind }) => `${verb} ${kind}`).join(", "));
  return duplicates;
};
