import type { Component, DriftItem, Entity, Refusal, Summary } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { Result } from "../engine/index.ts";
import type { Origin, Tenant } from "../manifest/index.ts";
import type { PlanOptions, Selection, WaitOptions } from "./types.ts";

export type ApplyReport = {
  readonly type: "apply-report";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly run: string;
  readonly planDigest: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly requests: number;
  readonly interrupted: boolean;
  readonly results: readonly Result[];
  /** Guards that refused the whole run (no `tenant`) or a tenant. */
  readonly refusals: readonly Refusal[];
  readonly summary: Summary;
  /** Where the run waited: how many of those that were waited for became healthy; each result has its own `health`. */
  readonly waited?: { readonly healthy: number; readonly unhealthy: number };
};

export type DriftReport = {
  readonly type: "drift";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly items: readonly DriftItem[];
  readonly summary: Summary;
};

export type StatusItem = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly id: string;
  /** What the target says: `connected`, `pending`, `failed`, `green`, …; `vanished` where it is gone. */
  readonly health: string;
  readonly reason?: string;
  /** False for what needs a person: an unreachable source, a failed job, something vanished. */
  readonly healthy: boolean;
  /** After waiting: what explains it, or what to do. */
  readonly note?: string;
  /** Five-field cron, of an import job. */
  readonly schedule?: string;
  /** Of an import job, where the target tells: when it ran last (ISO 8601), and the records of that run. */
  readonly lastRun?: { readonly at: string; readonly processed?: number; readonly failed?: number };
  /** How many records a dataset holds, where the target tells. */
  readonly records?: number;
  readonly state: "live" | "retained";
  /** Set where it was handed over. */
  readonly driver?: "pulumi";
};

export type StatusReport = {
  readonly type: "status";
  readonly schemaVersion: 1;
  readonly tool: string;
  readonly environment: string;
  readonly items: readonly StatusItem[];
  readonly tenants: readonly {
    readonly tenant: string;
    readonly resources: number;
    readonly unhealthy: number;
    /** Changes that an interrupted run left open. */
    readonly open: number;
  }[];
};

export type StatusOptions = Selection & {
  readonly signal?: AbortSignal;
  /**
   * Waits until all that is selected is healthy, or will not be; default: does not wait. When `signal` aborts, what was
   * seen last counts.
   */
  readonly wait?: WaitOptions;
};

export type ExpandReport = {
  readonly type: "components";
  readonly schemaVersion: 1;
  readonly environment: string;
  readonly components: readonly Component[];
};

/** One side of the connector contract: desired, live, or what was sent. No secret is in it. */
export type EntityReport = {
  readonly type: "entities";
  readonly schemaVersion: 1;
  readonly side: "transform" | "collect" | "share";
  readonly environment: string;
  /** Sorted by `_id`. */
  readonly entities: readonly Entity[];
};

export type SideOptions = Selection & {
  /** Of `collect`: everything that is live, whosever it is; default false. */
  readonly all?: boolean;
  readonly signal?: AbortSignal;
};

export type EntitiesOptions = Pick<
  PlanOptions,
  | "deleteData"
  | "maxDeletes"
  | "adopt"
  | "writeSecrets"
  | "rewriteUnknown"
  | "acceptTarget"
  | "recreateMissing"
  | "signal"
> & {
  /** The tenant of entities that do not say it in `$tenant`. */
  readonly tenant?: string;
  /** What diagnostics call the place of the entities; default `entities`. */
  readonly file?: string;
};

export type Validation = {
  readonly type: "validation";
  readonly schemaVersion: 1;
  readonly environment: string;
  readonly tenants: number;
  readonly resources: number;
  /** Pipes and systems of a Sesam node: checked, deployed to no target here. */
  readonly rendered: number;
  readonly diagnostics: readonly Diagnostic[];
};

export type Explanation = {
  readonly tenant: string;
  readonly component: string;
  readonly path: string;
  /** As it would be planned; sealed values without what they hold. */
  readonly value: unknown;
  readonly origin: Origin | undefined;
};

export type SourceItem = {
  readonly target: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  /** Connection types of the catalog. */
  readonly connections: readonly string[];
};

export type TenantItem = Tenant & {
  /** Entries that the ledger holds for it. */
  readonly owned: number;
};
