import type { Summary } from "../contract/index.ts";
import type { LeaseInfo, RunOperation } from "../ledger/index.ts";

/**
 * How a run ended; where several hold, the first of interrupted, blocked, conflict, failed, unhealthy (it waited, in vain).
 * `running`: somebody is at it.
 */
export type RunOutcome = "done" | "unhealthy" | "failed" | "conflict" | "blocked" | "interrupted" | "error" | "running";

/** One run of the ledger's history. */
export type RunItem = {
  readonly run: string;
  /** `apply`, `sync`, `destroy`, `deploy-tenant`, … */
  readonly command: string;
  /** `interrupted` too where the run was killed: then there is no `endedAt`. */
  readonly outcome: RunOutcome;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  /** HTTP requests while applying. */
  readonly requests?: number;
  readonly summary?: Summary;
  readonly planDigest?: string;
  /** Operations that are still open: without an outcome, or uncertain. */
  readonly open: number;
};

export type HistoryReport = {
  readonly type: "history";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  /** Newest first. */
  readonly runs: readonly RunItem[];
};

export type RunReport = {
  readonly type: "run";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly run: RunItem;
  /** In the order in which they were intended. */
  readonly operations: readonly (RunOperation & { readonly open: boolean })[];
};

/** The ids of one deployed resource. */
export type Output = {
  readonly kind: string;
  readonly target: string;
  /** The live id. */
  readonly id: string;
  readonly connection_id?: string;
  readonly job_id?: string;
  /** Name of the dataset that it is, or fills. */
  readonly dataset?: string;
  readonly state: "live" | "retained";
};

export type OutputsReport = {
  readonly type: "outputs";
  readonly schemaVersion: 1;
  readonly environment: string;
  /**
   * Tenant → `_id` → ids. Where one `_id` is of several things (kinds, or targets that a tenant moved between), each of
   * them stands under `TARGET/KIND/_ID` instead.
   */
  readonly tenants: { readonly [tenant: string]: { readonly [_id: string]: Output } };
};

/** A lease, and what this machine knows of its holder. */
export type LeaseItem = LeaseInfo & {
  /** True where the holder is a process of this machine: `alive` is then known, not assumed. */
  readonly here: boolean;
};

export type LedgerReport = {
  readonly type: "ledger";
  readonly schemaVersion: 1;
  readonly environment: string;
  /** An absolute path, or an address without credentials. */
  readonly address: string;
  readonly schema: number;
  /** Bytes on disk, where known. */
  readonly size?: number;
  /** Where the key of the fingerprints comes from: a path, or the reference in the files. */
  readonly key: string;
  readonly tenants: number;
  readonly entries: number;
  readonly open: number;
  readonly leases: readonly LeaseItem[];
  readonly lastRun?: RunItem;
};

/** A sealed value whose fingerprint could not be carried over. */
export type UnknownSecret = {
  readonly tenant: string;
  /** `kind/_id`. */
  readonly resource: string;
  /** JSON Pointer into the properties. */
  readonly path: string;
  /** `missing`: it has no value here now; `changed`: it has another value than the one that was written. */
  readonly because: "missing" | "changed";
};

export type RekeyReport = {
  readonly type: "rekey";
  readonly schemaVersion: 1;
  readonly environment: string;
  /** Where the new key comes from: a path, or the reference in the files. */
  readonly key: string;
  /** False: the ledger had this key already. */
  readonly changed: boolean;
  readonly entries: number;
  /** Fingerprints that were made anew. */
  readonly fingerprints: number;
  /** Written once by the next apply that has them. */
  readonly unknown: readonly UnknownSecret[];
};

export type RekeyOptions = {
  /** The key that the ledger has now, as `$SECRET(name)` or `$ENV(NAME)`; default the key file. */
  readonly oldKey?: string;
  /** Sees what will be changed before it is; throws to leave everything as it is. */
  readonly accept?: (report: RekeyReport) => Promise<void>;
};

export const checkNames = [
  "node",
  "project",
  "ledger",
  "ledger-place",
  "leases",
  "open-operations",
  "reachable",
  "credentials",
  "latency",
  "clock",
  "trait",
  "probe",
] as const;

export type Check = {
  readonly check: (typeof checkNames)[number];
  readonly target?: string;
  readonly trait?: string;
  readonly status: "ok" | "warn" | "bad";
  readonly message: string;
  /** What to do. */
  readonly hint?: string;
  /** Of the error behind it. */
  readonly code?: string;
};

export type DoctorReport = {
  readonly type: "doctor";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly checks: readonly Check[];
  /** YAML to set in `connector-deployer.yaml`, where a target does not behave as the files say; empty otherwise. */
  readonly settings: string;
};

export type DoctorOptions = {
  /** Make and delete one connection on each target to find out how it behaves; default false: only reads. */
  readonly probe?: boolean;
  readonly signal?: AbortSignal;
};

/** Names in a project, for completion. */
export type KnownNames = {
  readonly tenants: readonly string[];
  /** `label=value`. */
  readonly labels: readonly string[];
  readonly waves: readonly string[];
  readonly targets: readonly string[];
  /** `kind/_id`. */
  readonly resources: readonly string[];
  /** Starts of the ids of the last runs, newest first. */
  readonly runs: readonly { readonly word: string; readonly does: string }[];
  /** False where there was more to look into. */
  readonly isWhole: boolean;
};

export type NameKind = Exclude<keyof KnownNames, "isWhole">;

export type NamesOptions = {
  /** What is typed so far: what fits is looked for first. */
  readonly typed?: string;
  /** Tenants that are looked into, at most; default 1,000. */
  readonly most?: number;
};
