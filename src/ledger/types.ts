import type { Base, Change, Outcome, Summary } from "../contract/index.ts";

/** Who holds a lease. */
export type Holder = {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  /** ISO 8601 start time of the process; for people. */
  readonly started: string;
  /** Clock ticks from boot to the start of the process, where the system tells; tells a reused pid apart. */
  readonly startTicks?: number;
  /** Where the system tells: a pid means something only inside its own namespace. */
  readonly pidNamespace?: string;
  /** The run's id. */
  readonly run: string;
};

/** One run's exclusive right to write for one tenant. Renewed by heartbeat until disposed. */
export type Lease = AsyncDisposable & {
  readonly tenant: string;
  /** Rises with every new lease; a write under an older epoch throws `ledger-fenced`. */
  readonly epoch: number;
  /** Aborted when the lease is lost. */
  readonly lost: AbortSignal;
  /** Whose lease was taken over, because it is dead or let its lease expire. */
  readonly takenOver?: Holder;
};

/** What is about to be done, committed before the request that does it. */
export type Intent = {
  readonly change: Change;
  /** The live ids that already carried the natural key. */
  readonly seen: readonly string[];
};

/** An intent that is not settled: an interrupted run left it without an outcome, or nobody could tell what became of it. */
export type OpenIntent = Intent & {
  readonly run: string;
  readonly epoch: number;
  /** ISO 8601. */
  readonly at: string;
  /** The new live id, when the target had answered. */
  readonly acked?: string;
  /** Set where the run that made it could not tell; absent where the run was interrupted. */
  readonly outcome?: "uncertain";
};

/** One operation of a finished or running run. */
export type RunOperation = {
  readonly tenant: string;
  readonly kind: string;
  readonly _id: string;
  readonly op: string;
  readonly outcome?: Outcome;
};

export type Run = {
  readonly id: string;
  readonly command: string;
  readonly environment: string;
  /** ISO 8601. */
  readonly started: string;
  readonly ended?: string;
  readonly planDigest?: string;
  readonly summary?: Summary;
  readonly requests?: number;
  readonly exit?: string;
};

/** What a ledger remembers of a target: another endpoint under the same name is refused. */
export type TargetRecord = { readonly endpoint: string; readonly identity: string };

/**
 * What we applied: the only record of ownership. One ledger belongs to one environment.
 * Every write is conditional on the lease's epoch and durable when its promise resolves.
 */
export type Ledger = AsyncDisposable & {
  /** Throws `ledger-key` when the ledger was made with another key; the first call remembers `check`. */
  verifyKey(check: string): Promise<void>;
  target(name: string): Promise<TargetRecord | undefined>;
  pinTarget(name: string, record: TargetRecord): Promise<void>;
  /** Throws `lease-held`, naming the holder and since when; a dead holder on this host is taken over. */
  lease(tenant: string, holder: Holder): Promise<Lease>;
  /** Ids of the tenants that own something, sorted. */
  tenants(): Promise<readonly string[]>;
  /** Changes whenever an entry of the tenant changes. */
  revision(tenant: string): Promise<string>;
  entries(tenant: string): Promise<readonly Base[]>;
  put(lease: Lease, base: Base): Promise<void>;
  drop(lease: Lease, target: string, kind: string, _id: string): Promise<void>;
  begin(run: Run): Promise<void>;
  end(run: Run): Promise<void>;
  /** Newest first. The last 1,000 runs are kept. */
  history(last: number): Promise<readonly Run[]>;
  /** What a run did, in the order in which it was intended; without an outcome where it was interrupted. */
  operations(run: string): Promise<readonly RunOperation[]>;
  /** One durable commit for all. */
  intend(lease: Lease, run: string, intents: readonly Intent[]): Promise<void>;
  /** Committed before anything else is done with the new id. */
  acked(lease: Lease, change: Change, id: string): Promise<void>;
  /**
   * Closes the intent and sets (or, with undefined, removes) the entry in one commit. Needs no intent: adopt and forget
   * write to the ledger only. `uncertain` records the outcome and leaves the intent open; `done` also closes what earlier
   * runs left open for the same resource, any other outcome does so where this run intended nothing.
   */
  settle(lease: Lease, change: Change, outcome: Outcome, now: Base | undefined): Promise<void>;
  /** Intents without an outcome and `uncertain` ones, oldest first. */
  open(tenant: string): Promise<readonly OpenIntent[]>;
};

export type LedgerOptions = {
  readonly environment: string;
  /** `normal` survives a killed process, `full` a power cut too, at the price of a disk flush for each commit. Default `normal`. */
  readonly durability?: "normal" | "full";
  /** Milliseconds since the epoch; default `Date.now`. */
  readonly clock?: () => number;
  /** False where a holder is known to be dead; default: asks this machine. */
  readonly isAlive?: (holder: Holder) => boolean;
  /** Milliseconds between renewals of the leases; default 10,000. */
  readonly heartbeat?: number;
  /** Milliseconds after which a lease that nobody renews is free; default 60,000. */
  readonly expiry?: number;
  /** Milliseconds to wait for another process's write; default 5,000. */
  readonly busyTimeout?: number;
};
