import type { Field, Operation, Outcome, Refusal, Summary } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { Ledger } from "../ledger/index.ts";
import type { Target } from "../resources/index.ts";

/** What happens while a plan is made or applied. Codes are stable; the CLI renders them, other callers may log them. */
export type ReportEvent =
  /** Something about the files that does not stop the run. */
  | { readonly code: "warning"; readonly diagnostic: Diagnostic }
  /** An interrupted run may have a request under way that the target still works on. */
  | { readonly code: "settling"; readonly ms: number; readonly intents: number }
  | { readonly code: "observe-started"; readonly target: string; readonly tenants: number }
  | { readonly code: "observe-ended"; readonly target: string; readonly objects: number; readonly requests: number }
  | { readonly code: "apply-started"; readonly run: string; readonly tenants: number; readonly changes: number }
  | { readonly code: "wave-started"; readonly wave: string; readonly changes: number }
  | { readonly code: "wave-skipped"; readonly wave: string; readonly changes: number; readonly because: string }
  | { readonly code: "change-started"; readonly tenant: string; readonly resource: string; readonly op: Operation }
  | {
      readonly code: "change-ended";
      readonly tenant: string;
      readonly resource: string;
      readonly op: Operation;
      readonly outcome: Outcome;
      readonly reason?: string;
    }
  /** The target keeps something other than what was sent; remembered, so that it makes no noise later. */
  | {
      readonly code: "echo-differs";
      readonly tenant: string;
      readonly resource: string;
      readonly fields: readonly Field[];
    }
  | { readonly code: "wait-started"; readonly resources: number; readonly timeout: number; readonly wave?: string }
  /** What the target says of a resource that is waited for is another thing than before, or was the last word: `healthy`. */
  | {
      readonly code: "health";
      readonly tenant: string;
      readonly resource: string;
      readonly status: string;
      readonly reason?: string;
      readonly healthy?: boolean;
    }
  | { readonly code: "wait-ended"; readonly healthy: number; readonly unhealthy: number }
  | { readonly code: "tenant-refused"; readonly refusal: Refusal }
  | { readonly code: "lease-taken-over"; readonly tenant: string; readonly holder: string }
  | { readonly code: "apply-ended"; readonly run: string; readonly summary: Summary };

/** What a target said of a resource in the end, where it was waited for. */
export type Health = {
  /** In the target's words, such as `connected` or `completed`; `vanished` where it is not there, `unreadable` where the target did not tell. */
  readonly status: string;
  /** What the target gives as the reason, without values of secrets. */
  readonly reason?: string;
  readonly healthy: boolean;
  /** What explains it, or what to do. */
  readonly note?: string;
  /** Milliseconds from the beginning of the waiting. */
  readonly after: number;
};

/** What became of one change, for reports. */
export type Result = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly op: Operation;
  readonly outcome: Outcome;
  /** The live id after the change, where there is one. */
  readonly id?: string;
  readonly fields?: readonly Field[];
  /** Done by an earlier run of the same plan: this one had nothing to do about it. */
  readonly isEarlier?: true;
  /** Why it is not `done`. */
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  /** Where the run waits for health: of what was made or changed, and comes to it by and by, and (`noop`) of what uses that. */
  readonly health?: Health;
  readonly durationMs: number;
};

/** Everything that the engine reaches outside of itself. */
export type Rim<Api> = {
  readonly targets: ReadonlyMap<string, Target<Api>>;
  readonly ledger: Ledger;
  /** A sealed text's value for a tenant; throws `missing-secret`. */
  secret(tenant: string, text: string): Promise<string>;
  /** The keyed fingerprint of a value at a resource's path. */
  fingerprint(entry: string, path: string, value: string): string;
  /** Milliseconds since the epoch. */
  clock(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  report(event: ReportEvent): void;
  readonly signal: AbortSignal;
};
