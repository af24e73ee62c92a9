import type { ApplyOptions, Plan, Project, WaitOptions } from "../deploy/index.ts";
import { DeployerError } from "../errors.ts";
import { planSummary, renderApplyReport, renderPlan } from "../render/index.ts";
import type { ExitCode } from "./exit-code.ts";
import { exitOfApply, exitOfLateApply } from "./exit-code.ts";
import type { FlagValues } from "./flag.ts";
import { usage } from "./flag.ts";
import { showProgress } from "./progress.ts";
import type { Session } from "./session.ts";
import type { applying, detail, waiting } from "./shared-flags.ts";

/** Without a terminal nobody can say yes; found out before anything is planned. */
export const refuseUnasked = (name: string, isConfirmed: boolean, session: Session): void => {
  if (isConfirmed || session.interactive) return;
  throw usage(
    `${name} asks before it writes, and there is no terminal to ask on`,
    "give --yes when it may go on unasked",
  );
};

/** How many changes applying would begin: what is refused, and what is equal already, is none. */
const workOf = (plan: Plan): number => {
  const refused = new Set(plan.refusals.map((refusal) => refusal.tenant));
  if (refused.has(undefined)) return 0;
  return plan.changes.filter((change) => change.op !== "noop" && !refused.has(change.tenant)).length;
};

export const isWork = (plan: Plan): boolean => workOf(plan) > 0;

/** On standard error: what is printed as data is what became of it. */
export const showPlan = (plan: Plan, isDetailed: boolean, session: Session): void =>
  session.output.note(`${renderPlan(plan, { format: "text", colour: session.output.colour, detail: isDetailed })}\n`);

/** Asks whether to go on; what is deleted needs a whole word. */
export const confirmPlan = async (plan: Plan, session: Session): Promise<void> => {
  const { confirm } = await import("./confirm.ts");
  const deletes = plan.summary.delete + plan.summary.replace;
  if (session.quiet) session.output.warn(planSummary(plan.summary));
  if (deletes > 0) await confirm(`this deletes ${deletes} of what is live; type yes to go on:`, ["yes"], session);
  else await confirm("go on? [y/N]", ["y", "yes", "Y", "YES"], session);
};

/** `--timeout` is that of the whole command: waiting may last as long. */
export const waitOf = (timeout: number | undefined): WaitOptions => (timeout === undefined ? {} : { timeout });

type Flags = FlagValues<typeof applying> &
  FlagValues<typeof detail> &
  Partial<FlagValues<typeof waiting>> & { readonly timeout: number | undefined };

/** Applies a plan, shows how it goes on and what became of it. */
export const applyPlan = async (
  opened: Project,
  plan: Plan,
  command: string,
  flags: Flags,
  session: Session,
): Promise<ExitCode> => {
  const { stops, output } = session;
  if (stops.stop.aborted) throw new DeployerError("cancelled", "interrupted before anything was written");
  const options: ApplyOptions = {
    acceptUnresolved: flags.acceptUnresolved,
    ...(flags.parallelism === undefined ? {} : { parallelism: flags.parallelism }),
    ...(flags.onError === undefined ? {} : { onError: flags.onError }),
    signal: stops.stop,
    abort: stops.abort,
    command,
    ...(flags.wait === true ? { wait: waitOf(flags.timeout) } : {}),
  };
  const hide = isWork(plan) ? await showProgress(session, workOf(plan)) : undefined;
  const report = await opened.apply(plan, options).finally(hide);
  await output.print({
    document: report,
    text: ({ colour }) => renderApplyReport(report, { format: "text", colour, detail: flags.detail }),
    markdown: () => renderApplyReport(report, { format: "markdown", colour: false, detail: flags.detail }),
  });
  return stops.reason() === "deadline" ? exitOfLateApply(report) : exitOfApply(report);
};
