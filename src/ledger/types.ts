import type { Base, Change, Outcome, Summary } from "../contract/index.ts";

/** Who holds a lease. */
export type Holder = {
  readonly host: string;
  readonly bootId: string;
  readonly pid: number;
  /** ISO 8601 start time of the process; tells a reused pid apart. */
  readonly started: string;
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
};

/** What is about to be done, committed before the request that does it. */
export type Intent = {
  readonly change: Change;
  /** The live ids that already carried the natural key. */
  readonly seen: readonly string[];
};

/** An intent that has no outcome yet, as an interrupted run left it. */
export type OpenIntent = Intent & {
  readonly run: string;
  readonly epoch: number;
  /** ISO 8601. */
  readonly at: string;
  /** The new live id, when the target had answered. */
  readonly acked?: string;
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
  /** Newest first. */
  history(last: number): Promise<readonly Run[]>;
  /** One durable commit for all. */
  intend(lease: Lease, run: string, intents: readonly Intent[]): Promise<void>;
  /** Committed before anything else is done with the new id. */
  acked(lease: Lease, change: Change, id: string): Promise<void>;
  /** Closes the intent and sets (or, with undefined, removes) the entry in one commit. */
  settle(lease: Lease, change: Change, outcome: Outcome, now: Base | undefined): Promise<void>;
  /** Intents without an outcome. */
  open(tenant: string): Promise<readonly OpenIntent[]>;
};
