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
  /**
   * True where a run of the same plan had the tenant's lease before and no run of anything else has had it since: what
   * the ledger holds now, and the plan did not see, is that plan's own work.
   */
  readonly continues: boolean;
  /**
   * Asks the ledger whether the lease is still ours, where nothing has shown it for half a second; one question serves all
   * leases of a handle. Throws `ledger-fenced`, and aborts `lost`, where it is not.
   */
  check(): Promise<void>;
};

/** The plan that a lease is taken for. */
export type PlanMark = {
  readonly digest: string;
  /** The tenant's ledger revision that the plan was made on; where another is found, the lease says nothing about plans. */
  readonly revision: string;
};

/** A lease as anybody may see it. */
export type LeaseInfo = {
  readonly tenant: string;
  readonly epoch: number;
  readonly holder: Holder;
  /** ISO 8601. */
  readonly since: string;
  readonly expires: string;
  /** False where the holder is known to be dead or its lease has expired: the next run takes over. */
  readonly alive: boolean;
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
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly op: string;
  readonly outcome?: Outcome;
  /** ISO 8601: when it was intended. */
  readonly at: string;
  /** From the intent to the outcome. */
  readonly durationMs?: number;
  /** Why it is not `done`. */
  readonly reason?: string;
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
export type TargetRecord = {
  readonly endpoint: string;
  readonly identity: string;
  /** Digest of the access key that was used last; another one may be another account. */
  readonly account?: string;
};

/** What a ledger is, for people. */
export type LedgerFacts = {
  /** Version of its schema. */
  readonly schema: number;
  /** Bytes, of all environments that share it. */
  readonly size: number;
};

/**
 * What we applied: the only record of ownership. One ledger belongs to one environment.
 * Every write is conditional on the lease's epoch and durable when its promise resolves.
 */
export type Ledger = AsyncDisposable & {
  /** What people ask about the ledger itself. */
  describe(): Promise<LedgerFacts>;
  /** Throws `ledger-key` when the ledger was made with another key; the first call remembers `check`. */
  verifyKey(check: string): Promise<void>;
  target(name: string): Promise<TargetRecord | undefined>;
  pinTarget(name: string, record: TargetRecord): Promise<void>;
  /** Throws `lease-held`, naming the holder and since when; a dead holder on this host is taken over. */
  lease(tenant: string, holder: Holder, plan?: PlanMark): Promise<Lease>;
  /** Leases that somebody holds or let expire without giving back, sorted by tenant. */
  leases(): Promise<readonly LeaseInfo[]>;
  /** Takes a lease away from its holder, which is fenced from then on. False where it is not the same lease any more. */
  unlock(tenant: string, epoch: number): Promise<boolean>;
  /** Ids of the tenants that own something or have an open intent, sorted. */
  tenants(): Promise<readonly string[]>;
  /** Changes whenever an entry of the tenant changes; `0` where it never had one. */
  revision(tenant: string): Promise<string>;
  entries(tenant: string): Promise<readonly Base[]>;
  put(lease: Lease, base: Base): Promise<void>;
  drop(lease: Lease, target: string, kind: string, _id: string): Promise<void>;
  /**
   * Gives an entry another `_id`, with its open intents, in one commit: `now` replaces the entry `from` of the same
   * tenant, target and kind. Nothing happens where there is no entry `from` and `now` is there already.
   */
  move(lease: Lease, from: string, now: Base): Promise<void>;
  /** Gives the open intents of what has no entry another `_id`. */
  moveIntents(lease: Lease, target: string, kind: string, from: string, to: string): Promise<void>;
  /**
   * Changes the key in one commit: `check` replaces what `verifyKey` remembers and each entry replaces its own.
   * Throws `lease-held` while anybody holds a lease, `blocked` while an intent is open.
   */
  rekey(check: string, entries: readonly Base[]): Promise<void>;
  begin(run: Run): Promise<void>;
  end(run: Run): Promise<void>;
  /** Newest first. The last 1,000 runs are kept. */
  history(last: number): Promise<readonly Run[]>;
  /** What a run did, in the order in which it was intended; without an outcome where it was interrupted. */
  operations(run: string): Promise<readonly RunOperation[]>;
  /** One durable commit for all. */
  intend(lease: Lease, run: string, intents: readonly Intent[]): Promise<void>;
  /**
   * Says that the request of this lease's open intent goes out only now: its `at` is the ledger's time from now on, so
   * that whoever takes over waits long enough.
   */
  touch(lease: Lease, change: Change): Promise<void>;
  /** Committed before anything else is done with the new id. */
  acked(lease: Lease, change: Change, id: string): Promise<void>;
  /**
   * Closes the intent and sets (or, with undefined, removes) the entry in one commit. Needs no intent: adopt and forget
   * write to the ledger only. `uncertain` records the outcome and leaves the intent open; `done` also closes what earlier
   * runs left open for the same resource, any other outcome does so where this run intended nothing.
   * `reason` says in one line why it is not `done`; it holds no secret.
   */
  settle(lease: Lease, change: Change, outcome: Outcome, now: Base | undefined, reason?: string): Promise<void>;
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
