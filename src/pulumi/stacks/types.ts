import type { SecretSource } from "../../secrets/index.ts";

export type StackCommand = "up" | "preview" | "destroy" | "refresh";

/** A tenant whose stack a run is about. */
export type StackTenant = {
  /** Also the stack's name. */
  readonly id: string;
  /** `gone`: it has no file any more; `broken`: its file is wrong, as `problems` say. */
  readonly state: "present" | "absent" | "gone" | "broken";
  readonly problems?: readonly string[];
  /** Undefined: in no wave, after all of them. */
  readonly wave: string | undefined;
  /** Sources of its own secrets: their values are hidden in what is shown. */
  readonly secrets: { readonly [name: string]: SecretSource };
};

/** What became of a stack. `changes` and `unchanged` are also what a preview found. */
export type StackOutcome = "done" | "changes" | "unchanged" | "failed" | "skipped" | "cancelled";

/** Resources as pulumi counts them, the stack itself included. */
export type StackCounts = {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly same: number;
  /** Imported, and whatever else a later pulumi may count. */
  readonly other: number;
};

export type StackProblem = {
  /** `pulumi-failed`, `unauthorized`, `invalid-files`; of skipped ones `absent`, `no-stack`, `earlier-wave`, `stopped`, `interrupted`. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** First lines of what pulumi calls an error, without values of secrets; or what is wrong with the tenant's file. */
  readonly lines?: readonly string[];
};

export type StackResult = {
  readonly tenant: string;
  readonly stack: string;
  readonly wave?: string;
  readonly outcome: StackOutcome;
  /** Absent where pulumi did not say it. */
  readonly counts?: StackCounts;
  readonly durationMs: number;
  /** The stack was made by this run. */
  readonly isNew?: true;
  /** File with everything that pulumi printed; absent where pulumi was not started. */
  readonly log?: string;
  readonly error?: StackProblem;
};

export type StackReport = {
  readonly type: "stacks";
  readonly schemaVersion: 1;
  readonly command: StackCommand;
  readonly environment: string;
  /** Version of the pulumi command, such as `3.270.0`; undefined where it did not say. */
  readonly pulumi?: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly interrupted: boolean;
  /** Sorted by wave, then tenant. */
  readonly results: readonly StackResult[];
  readonly summary: { readonly [outcome in StackOutcome]: number };
};

export type StackEvent =
  | { readonly code: "wave-started"; readonly wave: string; readonly stacks: number }
  | { readonly code: "wave-skipped"; readonly wave: string; readonly stacks: number; readonly because: string }
  | { readonly code: "stack-ended"; readonly result: StackResult }
  /** Running ones were asked to cancel (`times` 1) or ended (2). */
  | { readonly code: "cancelling"; readonly stacks: number; readonly times: number };
