import type { Diagnostic } from "../diagnostic.ts";
import type { ReportEvent } from "../engine/index.ts";
import { DeployerError } from "../errors.ts";
import { count, duration, printable, renderDiagnostics, renderEvent } from "../render/index.ts";
import type { Activity } from "./activity.ts";
import { createActivity } from "./activity.ts";
import type { Command } from "./command.ts";
import type { ExitCode } from "./exit-code.ts";
import { readFlags, usage } from "./flag.ts";
import { createOutput } from "./output.ts";
import { commandHelp, parseCommand } from "./parse-command.ts";
import type { Io, Session } from "./session.ts";
import { reporting } from "./shared-flags.ts";
import type { Stops } from "./stops.ts";
import { createStops } from "./stops.ts";

/** Milliseconds that a command gets to end by itself after it was stopped. */
const patience = 500;
const patienceOfWriters = 15_000;

const whatWentOn = (activity: Activity): string => {
  if (activity.phase() === "comparing") return `it was comparing with target ${printable(activity.target() ?? "")}`;
  if (activity.phase() === "starting") return "it was reading the project";
  if (activity.phase() === "waiting") {
    const { resources, healthy, open } = activity.waiting();
    const names = [...open].slice(0, 5).map(([resource, status]) => `${printable(resource)} (${printable(status)})`);
    const of = names.length === 0 ? "" : `; not yet: ${names.join(", ")}`;
    return `${count(healthy)} of ${count(resources)} were healthy${of}`;
  }
  const ended = Object.values(activity.outcomes()).reduce((sum, number) => sum + number, 0);
  const running = activity
    .running()
    .slice(0, 5)
    .map(({ resource }) => printable(resource));
  const names = running.length === 0 ? "" : `; running: ${running.join(", ")}`;
  return `${count(ended)} of ${count(activity.changes())} changes had ended${names}`;
};

const deadlineError = (timeout: number, activity: Activity): DeployerError =>
  new DeployerError("timeout", `not done after ${duration(timeout)}: ${whatWentOn(activity)}`, {
    hint: "raise --timeout, or select fewer tenants; the same command goes on where this one stopped",
  });

const interrupted = (): DeployerError => new DeployerError("cancelled", "interrupted");

const whatStops = (command: Command, activity: Activity, times: number): string => {
  if (command.endsItself !== "writes" || activity.phase() !== "applying") return "interrupted";
  return times === 1
    ? "stopping: nothing new is started, what runs ends and is recorded; interrupt again to abandon it"
    : "abandoning what runs; its outcome is found out by the next run";
};

/** Rejects some time after the command was stopped, for what does not end by itself. */
const impatience = (stops: Stops, command: Command): Promise<never> =>
  new Promise((_, reject) => {
    const later = (milliseconds: number) => (): void => {
      setTimeout(() => reject(interrupted()), milliseconds).unref();
    };
    if (command.endsItself !== undefined)
      stops.abort.addEventListener("abort", later(patienceOfWriters), { once: true });
    else stops.stop.addEventListener("abort", later(patience), { once: true });
  });

/** Parses what follows a command's name and runs it. Throws what the command throws. */
export const runCommand = async (
  name: string,
  command: Command,
  argv: readonly string[],
  io: Io,
): Promise<ExitCode> => {
  const { given, args } = parseCommand(name, command, argv);
  if (given["help"] !== undefined) {
    io.stdout.write(commandHelp(name, command));
    return 0;
  }
  const { output: format, out, timeout, noColor, quiet, verbose } = readFlags(reporting, given);
  if (!command.formats.includes(format)) {
    throw usage(`${name} cannot print ${format}`, `give --output one of: ${command.formats.join(", ")}`);
  }
  const output = createOutput(io, { format, out: command.ownOut === true ? undefined : out, noColor, quiet });
  const activity = createActivity(Date.now);
  const listeners = new Set<(event: ReportEvent) => void>();
  const stops = createStops(timeout, {
    onInterrupt: (times) => output.warn(whatStops(command, activity, times)),
    // What is not healthy the report names.
    onDeadline: () => output.warn(`--timeout has passed: ${whatWentOn(activity).split("; not yet:")[0]}`),
    onImpatience: () => process.exit(130),
  });
  const session: Session = {
    io,
    output,
    stops,
    activity,
    quiet,
    verbose,
    interactive: io.stdin.isTTY === true && io.stderr.isTTY === true,
    report: (event) => {
      activity.take(event);
      for (const listener of listeners) listener(event);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const warnings: Diagnostic[] = [];
  session.listen((event) => {
    if (event.code === "warning") warnings.push(event.diagnostic);
  });
  if (verbose) {
    session.listen((event) => {
      if (event.code === "observe-started" || event.code === "observe-ended") output.note(observed(event));
    });
  }
  const own = listeners.size + 1;
  session.listen((event) => {
    // Where a run is displayed, the display says it.
    if (event.code === "settling" && listeners.size === own) output.note(renderEvent(event, output) ?? "");
  });
  try {
    return await Promise.race([command.execute(given, args, session), impatience(stops, command)]);
  } catch (error) {
    const isCancelled = error instanceof DeployerError && error.code === "cancelled";
    const reason = isCancelled && stops.reason() === "deadline" ? deadlineError(timeout ?? 0, activity) : error;
    if (!output.hasPrinted()) throw reason;
    const { fail } = await import("./fail.ts");
    return fail(reason, io, { format: undefined, noColor, verbose });
  } finally {
    if (warnings.length > 0) output.note(renderDiagnostics(warnings, { colour: output.colour }));
    stops.dispose();
  }
};

const observed = (event: Extract<ReportEvent, { code: "observe-started" | "observe-ended" }>): string =>
  event.code === "observe-started"
    ? `comparing ${count(event.tenants)} tenants with target ${printable(event.target)}`
    : `target ${printable(event.target)} holds ${count(event.objects)} objects, read with ${count(event.requests)} requests`;
