import type { Base, Change, Outcome } from "../../src/contract/index.ts";
import type { Intent, Lease, Ledger } from "../../src/ledger/index.ts";
import type { Ticks } from "./trace.ts";

/** What a ledger wrote, in order. */
export type JournalEvent = { readonly tick: number; readonly tenant: string; readonly epoch: number } & (
  | { readonly op: "lease"; readonly run: string }
  | { readonly op: "intend"; readonly run: string; readonly intents: readonly Intent[] }
  | { readonly op: "acked"; readonly change: Change; readonly id: string }
  | {
      readonly op: "settle";
      readonly run: string;
      readonly change: Change;
      readonly outcome: Outcome;
      readonly now: Base | undefined;
    }
  | { readonly op: "put"; readonly base: Base }
  | { readonly op: "move"; readonly from: string; readonly base: Base }
  | { readonly op: "drop"; readonly target: string; readonly kind: string; readonly _id: string }
);

export type JournalStep = JournalEvent["op"];

export type LedgerHooks = {
  /** Runs before a write; it may throw as the driver would, or never end. */
  readonly before?: (step: JournalStep) => Promise<void>;
  /** Runs after a write was committed. */
  readonly after?: (step: JournalStep) => Promise<void>;
};

/** A ledger that tells what it wrote, and that may be kept from it. */
export const watchedLedger = (
  ledger: Ledger,
  ticks: Ticks,
  journal: JournalEvent[],
  { before = async () => undefined, after = async () => undefined }: LedgerHooks = {},
): Ledger => {
  const runs = new WeakMap<Lease, string>();
  const write = async <T>(
    step: JournalStep,
    work: () => Promise<T>,
    told: (value: T) => Omit<JournalEvent, "tick">,
  ): Promise<T> => {
    await before(step);
    const value = await work();
    journal.push({ tick: ticks(), ...told(value) } as JournalEvent);
    await after(step);
    return value;
  };
  const of = ({ tenant, epoch }: Lease) => ({ tenant, epoch });
  const runOf = (lease: Lease): string => runs.get(lease) ?? "";
  return {
    ...ledger,
    lease: (tenant, holder, plan) =>
      write(
        "lease",
        async () => {
          const lease = await ledger.lease(tenant, holder, plan);
          runs.set(lease, holder.run);
          return lease;
        },
        (lease) => ({ op: "lease", ...of(lease), run: holder.run }),
      ),
    put: (lease, base) =>
      write(
        "put",
        () => ledger.put(lease, base),
        () => ({ op: "put", ...of(lease), base }),
      ),
    move: (lease, from, base) =>
      write(
        "move",
        () => ledger.move(lease, from, base),
        () => ({ op: "move", ...of(lease), from, base }),
      ),
    drop: (lease, target, kind, _id) =>
      write(
        "drop",
        () => ledger.drop(lease, target, kind, _id),
        () => ({ op: "drop", ...of(lease), target, kind, _id }),
      ),
    intend: (lease, run, intents) =>
      write(
        "intend",
        () => ledger.intend(lease, run, intents),
        () => ({ op: "intend", ...of(lease), run, intents }),
      ),
    acked: (lease, change, id) =>
      write(
        "acked",
        () => ledger.acked(lease, change, id),
        () => ({ op: "acked", ...of(lease), change, id }),
      ),
    settle: (lease, change, outcome, now, reason) =>
      write(
        "settle",
        () => ledger.settle(lease, change, outcome, now, reason),
        () => ({ op: "settle", ...of(lease), run: runOf(lease), change, outcome, now }),
      ),
  };
};
