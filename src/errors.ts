/** Who has to act: the person at the keyboard, the system deployed to, or us. */
export type ErrorSource = "user" | "target" | "internal";

/** Every code that a `DeployerError` can carry, with who has to act and what it means. Codes are stable. */
export const errorCodes = {
  usage: { source: "user", meaning: "a flag, argument or option is wrong" },
  "no-project": { source: "user", meaning: "no connector-deployer.yaml in the folder" },
  "invalid-files": { source: "user", meaning: "the files have errors; they are listed as diagnostics" },
  "missing-secret": { source: "user", meaning: "a secret is not declared or its source is empty" },
  "missing-environment-variable": { source: "user", meaning: "an environment variable that the files name is not set" },
  "secret-command-failed": { source: "user", meaning: "the command that should print a secret failed" },
  "missing-package": { source: "user", meaning: "an optional package is needed and not installed" },
  "ledger-key": { source: "user", meaning: "the ledger was written with another key" },
  "ledger-schema": { source: "user", meaning: "the ledger was written by a newer version" },
  "ledger-unavailable": { source: "user", meaning: "the ledger cannot be opened or written" },
  "ledger-fenced": { source: "internal", meaning: "another run took this tenant's lease; nothing more is written" },
  "lease-held": { source: "user", meaning: "another run works on this tenant" },
  blocked: { source: "user", meaning: "a guard refused the run; nothing was written" },
  "stale-plan": { source: "user", meaning: "the plan no longer fits the files, the ledger or the target" },
  "invalid-plan": { source: "user", meaning: "the file is not a plan, or was changed" },
  unauthorized: { source: "target", meaning: "the target refused the credentials" },
  forbidden: { source: "target", meaning: "the credentials may not do this" },
  unreachable: { source: "target", meaning: "the target did not answer" },
  timeout: { source: "target", meaning: "the target did not answer in time" },
  "target-problem": { source: "target", meaning: "the target answered with an error" },
  "invalid-response": { source: "target", meaning: "the target's answer is not what its API describes" },
  "not-supported": { source: "user", meaning: "this is not available here" },
  "service-data": { source: "user", meaning: "the local service's data folder cannot be opened or read" },
  "pulumi-failed": { source: "user", meaning: "the `pulumi` command failed" },
  cancelled: { source: "user", meaning: "the run was interrupted" },
  internal: { source: "internal", meaning: "a defect of connector-deployer" },
} as const satisfies Record<string, { source: ErrorSource; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

export type ErrorFacts = {
  /** What to do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Machine-readable facts; never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
};

/** The one error type that leaves the library. The message says what happened and why; `hint` says what to do. */
export class DeployerError extends Error {
  override readonly name = "DeployerError";
  readonly code: ErrorCode;
  readonly source: ErrorSource;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.source = errorCodes[code].source;
    this.hint = facts.hint;
    this.details = facts.details;
  }
}
