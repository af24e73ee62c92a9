import type { Change, Field, Finding } from "./types.ts";

/** Counts over a plan, a drift report or an apply; every output prints the same. */
export type Summary = {
  readonly insert: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly rename: number;
  readonly adopt: number;
  readonly forget: number;
  readonly noop: number;
  readonly retained: number;
  readonly conflict: number;
  readonly failed: number;
  readonly skipped: number;
  readonly uncertain: number;
  readonly unreadable: number;
  readonly ambiguous: number;
  readonly unmanaged: number;
  readonly tenants: number;
};

export const emptySummary: Summary = {
  insert: 0,
  update: 0,
  replace: 0,
  delete: 0,
  rename: 0,
  adopt: 0,
  forget: 0,
  noop: 0,
  retained: 0,
  conflict: 0,
  failed: 0,
  skipped: 0,
  uncertain: 0,
  unreadable: 0,
  ambiguous: 0,
  unmanaged: 0,
  tenants: 0,
};

/** Counts what a plan would do and what it saw; equal resources and tenants are for the caller to add. */
export const countPlanned = (changes: readonly Change[], findings: readonly Finding[]): Summary => {
  const summary: Record<keyof Summary, number> = { ...emptySummary };
  for (const change of changes) {
    if (change.op !== "noop") summary[change.op]++;
    if (change.marks?.includes("retained") === true) summary.retained++;
  }
  for (const { finding } of findings) {
    if (finding === "unreadable" || finding === "ambiguous" || finding === "unmanaged") summary[finding]++;
  }
  return summary;
};

export const guardCodes = [
  "delete-budget",
  "tenant-delete-budget",
  "protected",
  "vanished-tenant",
  "empty-desired",
  "adoption-needed",
  "ambiguous",
  "other-endpoint",
  "empty-ledger",
  "missing-objects",
  "handed-over",
  "lease-held",
] as const;
export type GuardCode = (typeof guardCodes)[number];

/** A guard that refuses writes: for the whole run without `tenant`, else for that tenant. */
export type Refusal = {
  readonly guard: GuardCode;
  readonly tenant?: string;
  readonly message: string;
  readonly hint: string;
  /** Addresses (`kind/_id`) that it is about. */
  readonly resources: readonly string[];
};

/** A pipe or system of a Sesam node, which the expansion gives and no target here takes. */
export type RenderedItem = { readonly tenant: string; readonly type: string; readonly _id: string };

/** A plan: data that can be reviewed, stored and applied exactly. No secret is in it. */
export type Plan = {
  readonly type: "plan";
  readonly schemaVersion: 1;
  /** `connector-deployer/VERSION`. */
  readonly tool: string;
  /** ISO 8601; the only member that `digest` does not cover. */
  readonly createdAt: string;
  readonly environment: string;
  /** SHA-256 over everything else but `createdAt`. */
  readonly digest: string;
  readonly prune: boolean;
  readonly deleteData: boolean;
  readonly targets: { readonly [name: string]: { readonly endpoint: string; readonly identity: string } };
  readonly tenants: {
    readonly [id: string]: {
      readonly target: string;
      readonly inputs: string;
      readonly ledger: string;
      /** Made from entities that were given: `inputs` is their digest, and no file says the same. */
      readonly from?: "entities";
    };
  };
  /** In an order in which they may be done. */
  readonly changes: readonly Change[];
  /** Would be deleted with `--prune`; not counted as changes. */
  readonly prunable: readonly Change[];
  readonly findings: readonly Finding[];
  readonly refusals: readonly Refusal[];
  /** Rendered, not deployed here; no change. Absent where there is none. */
  readonly rendered?: readonly RenderedItem[];
  readonly summary: Summary;
};

/** One deployed thing that differs from what we last wrote. */
export type DriftItem = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly id: string;
  readonly drift: "vanished" | "changed";
  readonly fields: readonly Field[];
};
