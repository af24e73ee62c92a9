import type { Plan } from "../contract/index.ts";
import type {
  AdoptReport,
  ApplyReport,
  CollapseReport,
  DoctorReport,
  DriftReport,
  ImportRunReport,
  PullReport,
  StatusReport,
  UploadReport,
  Validation,
} from "../deploy/index.ts";
import { hasErrors } from "../diagnostic.ts";
import type { ErrorCode } from "../errors.ts";
import type { StackReport } from "../pulumi/stacks/index.ts";

/** What each exit code means; `docs/cli.md` holds the same table. */
export const exitCodes = {
  0: "success",
  1: "error",
  2: "there are changes or drift (only with --exit-code)",
  3: "usage, or the files are invalid",
  4: "some applied, some failed or uncertain; with --wait: not all is healthy",
  5: "conflict: live moved since the plan, or the plan is stale; collapse, pull: an edit has no place in the files",
  6: "authentication or authorisation",
  7: "blocked by a guard or another run's lease; adoption needed",
  130: "interrupted",
} as const;

export type ExitCode = keyof typeof exitCodes;

/** Where several hold, the first of these counts. */
export const exitOrder = [130, 6, 7, 5, 4, 1] as const satisfies readonly ExitCode[];

const byError: Partial<Record<ErrorCode, ExitCode>> = {
  usage: 3,
  "no-project": 3,
  "invalid-files": 3,
  "missing-secret": 3,
  "missing-environment-variable": 3,
  "invalid-plan": 3,
  unauthorized: 6,
  forbidden: 6,
  blocked: 7,
  "lease-held": 7,
  "stale-plan": 5,
  cancelled: 130,
};

const isErrorCode = (code: string): code is keyof typeof byError => Object.hasOwn(byError, code);

export const exitOfError = (code: string): ExitCode => (isErrorCode(code) ? byError[code] : undefined) ?? 1;

/** What an apply did, as an exit code. What was only skipped follows from something else, which counts. */
export const exitOfApply = (
  report: Pick<ApplyReport, "interrupted" | "results" | "refusals"> & {
    readonly summary?: { readonly unreadable: number };
  },
): ExitCode => {
  const found = new Set<ExitCode>();
  if (report.interrupted) found.add(130);
  if (report.refusals.length > 0) found.add(7);
  const failure: ExitCode = report.results.some((result) => result.outcome === "done") ? 4 : 1;
  // What could not be read was not deployed.
  if (isUnreadable(report)) found.add(failure);
  let onlySkipped = false;
  for (const { outcome, error, health } of report.results) {
    if (health?.healthy === false) found.add(4);
    if (outcome === "done") continue;
    const cause = error === undefined ? 1 : exitOfError(error.code);
    if (cause === 6 || cause === 7 || cause === 5) found.add(cause);
    else if (outcome === "conflict") found.add(5);
    else if (outcome === "skipped") onlySkipped = true;
    else found.add(failure);
  }
  const first = exitOrder.find((code) => found.has(code));
  return first ?? (onlySkipped ? failure : 0);
};

/** `--timeout` has passed: what is not healthy was written all the same. */
export const exitOfLateApply = ({ results }: Pick<ApplyReport, "results">): ExitCode =>
  results.some(({ health }) => health?.healthy === false) ? 4 : 1;

/** Only who waits asks for an answer. */
export const exitOfStatus = ({ items }: Pick<StatusReport, "items">, waits: boolean): ExitCode =>
  waits && items.some(({ healthy }) => !healthy) ? 4 : 0;

/** Not everything that was meant could be taken over: as a guard's refusal. */
export const exitOfAdopt = (report: Pick<AdoptReport, "interrupted" | "results" | "left">): ExitCode => {
  const applied = exitOfApply({ ...report, refusals: [] });
  return applied === 130 || applied === 6 || report.left.length === 0 ? applied : 7;
};

/** Not everything that was meant could change hands. */
export const exitOfLeft = (report: { readonly left: readonly unknown[] }): ExitCode =>
  report.left.length === 0 ? 0 : 7;

/** A live edit that has no place in the files, as one that a plan did not see. */
export const exitOfPull = ({ items }: Pick<PullReport, "items">): ExitCode =>
  items.some(({ fields }) => fields.some(({ left }) => left.length > 0)) ? 5 : 0;

/** An edit of an expansion that has no place in the files. */
export const exitOfCollapse = ({ unplaced }: Pick<CollapseReport, "unplaced">): ExitCode =>
  unplaced.length === 0 ? 0 : 5;

const isUnreadable = (report: { readonly summary?: { readonly unreadable: number } }): boolean =>
  (report.summary?.unreadable ?? 0) > 0;

export const exitOfPlan = (
  plan: Pick<Plan, "changes"> & { readonly summary?: { readonly unreadable: number } },
  counts: boolean,
): ExitCode => (isUnreadable(plan) ? 1 : counts && plan.changes.some((change) => change.op !== "noop") ? 2 : 0);

export const exitOfDrift = (
  report: Pick<DriftReport, "items"> & { readonly summary?: { readonly unreadable: number } },
  counts: boolean,
): ExitCode => (isUnreadable(report) ? 1 : counts && report.items.length > 0 ? 2 : 0);

export const exitOfValidation = (validation: Pick<Validation, "diagnostics">): ExitCode =>
  hasErrors(validation.diagnostics) ? 3 : 0;

/** Some records of a file were taken and some were not: as an apply that failed in parts. */
export const exitOfUpload = ({
  status,
  failed,
}: Pick<UploadReport | ImportRunReport, "status" | "failed">): ExitCode =>
  status === "failed" ? 1 : failed > 0 ? 4 : 0;

export const exitOfDoctor = ({ checks }: Pick<DoctorReport, "checks">): ExitCode => {
  const bad = checks.filter((check) => check.status === "bad");
  if (bad.some(({ check }) => check === "credentials")) return 6;
  return bad.length > 0 ? 1 : 0;
};

/**
 * What a run over many stacks did. Where `counts` and a stack did not say what changed, the question has no answer: 1.
 * Stacks that were skipped follow from something else, which counts, or have nothing to do.
 */
export const exitOfStacks = (
  report: Pick<StackReport, "command" | "interrupted" | "results">,
  counts: boolean,
): ExitCode => {
  const { command, interrupted, results } = report;
  const found = new Set<ExitCode>();
  if (interrupted) found.add(130);
  const wrote = command !== "preview" && results.some(({ outcome }) => outcome === "done" || outcome === "unchanged");
  for (const { outcome, error } of results) {
    if (outcome !== "failed" && outcome !== "cancelled") continue;
    found.add(exitOfError(error?.code ?? "") === 6 ? 6 : wrote ? 4 : 1);
  }
  const first = exitOrder.find((code) => found.has(code));
  if (first !== undefined || !counts) return first ?? 0;
  const ended = results.filter(({ outcome }) => outcome !== "skipped");
  if (ended.some((result) => result.counts !== undefined && result.outcome !== "unchanged")) return 2;
  return ended.some((result) => result.counts === undefined) ? 1 : 0;
};
