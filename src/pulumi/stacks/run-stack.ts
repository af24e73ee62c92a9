import { DeployerError } from "../../errors.ts";
import { shownLine } from "./known-secrets.ts";
import type { Ended } from "./pulumi-command.ts";
import { runPulumi } from "./pulumi-command.ts";
import type { LogFacts } from "./read-log.ts";
import { readLogFile } from "./read-log.ts";
import type { StacksOptions } from "./run-stacks.ts";
import { openLog } from "./stack-log.ts";
import type { StackCommand, StackCounts, StackProblem, StackResult, StackTenant } from "./types.ts";

const mostLines = 5;
const unattended = ["--non-interactive", "--color", "never"];

const argumentsOf = (command: StackCommand, stack: string, extra: readonly string[]): readonly string[] => [
  command,
  "--stack",
  stack,
  ...(command === "preview" ? [] : ["--yes", "--skip-preview"]),
  ...unattended,
  ...extra,
  // pulumi goes by the last one.
  `--stack=${stack}`,
];

const initArguments = (stack: string, secretsProvider: string | undefined): readonly string[] => [
  "stack",
  "init",
  "--stack",
  stack,
  "--no-select",
  ...(secretsProvider === undefined ? [] : ["--secrets-provider", secretsProvider]),
  ...unattended,
];

const isChange = ({ same: _, ...counts }: StackCounts): boolean => Object.values(counts).some((number) => number > 0);

/** The outcome of one that ended well. Where the counts are not known, nothing is said about changes. */
export const outcomeOf = (command: StackCommand, counts: StackCounts | undefined): "done" | "changes" | "unchanged" => {
  if (counts === undefined) return "done";
  if (!isChange(counts)) return "unchanged";
  return command === "preview" ? "changes" : "done";
};

/** Exit codes of newer versions of pulumi. */
const notLoggedIn = 3;

const problemOf = (what: string, ended: Ended, facts: LogFacts, secrets: readonly string[]): StackProblem => {
  const how =
    ended.signal !== undefined
      ? `was ended by ${ended.signal}`
      : ended.exitCode === undefined
        ? `did not start (${ended.code ?? "unknown"})`
        : `ended with exit code ${ended.exitCode}`;
  const said = facts.errors.length > 0 ? facts.errors : facts.last;
  const lines = said.slice(0, mostLines).map((line) => shownLine(line, secrets));
  return {
    code: ended.exitCode === notLoggedIn ? "unauthorized" : "pulumi-failed",
    message: `pulumi ${what} ${how}`,
    ...(lines.length === 0 ? {} : { lines }),
  };
};

const head = ({ id, wave }: StackTenant) => ({ tenant: id, stack: id, ...(wave === undefined ? {} : { wave }) });

export const skipped = (tenant: StackTenant, code: string, message: string, hint?: string): StackResult => ({
  ...head(tenant),
  outcome: "skipped",
  durationMs: 0,
  error: { code, message, ...(hint === undefined ? {} : { hint }) },
});

/** A stack that could not even be tried, such as for want of a log. Throws what is a defect. */
export const withoutRun = (tenant: StackTenant, error: unknown): StackResult => {
  if (!(error instanceof DeployerError)) throw error;
  const { code, message, hint } = error;
  return {
    ...head(tenant),
    outcome: "failed",
    durationMs: 0,
    error: { code, message, ...(hint === undefined ? {} : { hint }) },
  };
};

/** Why nothing is to be done for a tenant; undefined where something is. */
export const reasonToSkip = (
  tenant: StackTenant,
  command: StackCommand,
  stacks: ReadonlySet<string>,
): StackResult | undefined => {
  const makes = command === "up" || command === "preview";
  const has = stacks.has(tenant.id);
  if (!makes) return has ? undefined : skipped(tenant, "no-stack", "it has no stack");
  if (tenant.state === "present" || tenant.state === "broken") return undefined;
  return has
    ? skipped(
        tenant,
        "absent",
        "its file says `state: absent`",
        "take its stack down with: connector-deployer pulumi destroy -t TENANT",
      )
    : skipped(tenant, "absent", "its file says `state: absent`, and it has no stack");
};

/** A tenant whose file is wrong is deployed by nobody; what it has can still be looked at, or taken down. */
export const reasonToFail = (tenant: StackTenant, command: StackCommand): StackResult | undefined => {
  if (tenant.state !== "broken" || command === "refresh" || command === "destroy") return undefined;
  const { problems = [] } = tenant;
  return {
    ...head(tenant),
    outcome: "failed",
    durationMs: 0,
    error: {
      code: "invalid-files",
      message: "the tenant's file is wrong; pulumi was not started",
      ...(problems.length === 0 ? {} : { lines: problems.slice(0, mostLines) }),
    },
  };
};

/** Runs one command on one tenant's stack. Throws `usage` where there can be no log; whatever else fails is in the result. */
export const runStack = async (tenant: StackTenant, options: StacksOptions): Promise<StackResult> => {
  const { command, dir, env, stop, abort, clock, extra, secretsProvider } = options;
  const started = clock();
  const { id } = tenant;
  await using log = await openLog(options.logDir, id, command);
  const run = (args: readonly string[]): Promise<Ended> =>
    runPulumi(args, { dir, env, log: log.handle.fd, stop, abort });
  let isNew = false;
  const end = async (what: string, ended: Ended): Promise<StackResult> => {
    const facts = await readLogFile(log.path);
    const about = {
      ...head(tenant),
      ...(facts.counts === undefined ? {} : { counts: facts.counts }),
      durationMs: clock() - started,
      ...(isNew ? { isNew: true as const } : {}),
      log: log.path,
    };
    if (ended.exitCode === 0) return { ...about, outcome: outcomeOf(command, facts.counts) };
    if (stop.aborted) {
      const message = abort.aborted ? "it was ended before it was done" : "pulumi cancelled it when it was interrupted";
      return { ...about, outcome: "cancelled", error: { code: "cancelled", message } };
    }
    return { ...about, outcome: "failed", error: problemOf(what, ended, facts, await options.secrets(tenant)) };
  };
  if (!options.stacks.has(id)) {
    const made = await run(initArguments(id, secretsProvider));
    isNew = made.exitCode === 0;
    if (!isNew && !(await madeMeanwhile(log.path))) return end("stack init", made);
    if (stop.aborted) return end("stack init", { ...made, exitCode: undefined });
  }
  return end(command, await run(argumentsOf(command, id, extra)));
};

/** Somebody else made the stack since the stacks were listed. */
const madeMeanwhile = async (path: string): Promise<boolean> =>
  (await readLogFile(path)).errors.some((error) => /^stack '.+' already exists$/.test(error));
