import { join } from "node:path";
import type { Project } from "../../deploy/index.ts";
import type { Diagnostic } from "../../diagnostic.ts";
import type { StackCommand, StackReport, StackTenant } from "../../pulumi/stacks/index.ts";
import { counted, listed, printable, renderStackEvent, renderStacks } from "../../render/index.ts";
import { refuseUnasked } from "../apply-plan.ts";
import { defineCommand } from "../command.ts";
import { exitOfStacks } from "../exit-code.ts";
import type { FlagValues } from "../flag.ts";
import { filled, oneOf, single, singleOr, usage, wholeNumber } from "../flag.ts";
import type { Session } from "../session.ts";
import { applying, detail, exitCode, project, reporting, selection, yes } from "../shared-flags.ts";
import { environmentOf, selectionOf, withProject } from "../with-project.ts";

/** The operations of pulumi that can be run over many stacks. */
export const operations = ["up", "preview", "destroy", "refresh"] as const satisfies readonly StackCommand[];

const flagSet = {
  project: project.project,
  environment: project.environment,
  envFile: project.envFile,
  ...selection,
  cwd: single(
    "--cwd <dir>",
    "folder of your Pulumi.yaml; default the nearest at or above the working folder, else the project's",
    filled("--cwd"),
  ),
  parallel: singleOr("--parallel <n>", "stacks at once; default 4", wholeNumber("--parallel", 1, 1000), 4),
  onError: applying.onError,
  logDir: single(
    "--log-dir <dir>",
    "folder for a log file per tenant; default .connector-deployer/pulumi in the project",
    filled("--log-dir"),
  ),
  secretsProvider: single(
    "--secrets-provider <provider>",
    "of stacks that are made, as `pulumi stack init` takes it",
    filled("--secrets-provider"),
  ),
  ...yes,
  ...detail,
  ...exitCode,
  ...reporting,
};

type Flags = FlagValues<typeof flagSet>;

const writes: readonly StackCommand[] = ["up", "destroy"];
const mostNames = 5;

const refuseUnfit = (command: StackCommand, flags: Flags, session: Session): void => {
  if (flags.exitCode && writes.includes(command)) {
    throw usage(`pulumi ${command} has no use for --exit-code`, "preview and refresh take it");
  }
  const isAll = flags.tenant.length === 0 && flags.selector.length === 0 && flags.wave === undefined;
  if (command === "destroy" && isAll) {
    throw usage("pulumi destroy needs to know whose stacks", "name tenants with -t, -l or --wave; all of them: -t '*'");
  }
  if (writes.includes(command)) refuseUnasked(`pulumi ${command}`, flags.yes, session);
};

const diagnosticLine = ({ location, message, hint }: Diagnostic): string =>
  `${location === undefined ? "" : `${location.file}:${location.line}:${location.column}: `}${message}${hint === undefined ? "" : `; ${hint}`}`;

/** Tenants with a file, and those without that a run over what is there can still reach by their names. */
const chosen = async (
  opened: Project,
  command: StackCommand,
  flags: Flags,
  stacks: readonly string[],
): Promise<readonly StackTenant[]> => {
  const others = command === "destroy" || command === "refresh" ? stacks : [];
  const { tenants, broken, gone } = await opened.chooseTenants(selectionOf(flags), others);
  return [
    ...tenants,
    ...broken.map(
      ({ id, wave, diagnostics }): StackTenant => ({
        id,
        state: "broken",
        wave,
        secrets: {},
        problems: diagnostics.filter(({ severity }) => severity === "error").map(diagnosticLine),
      }),
    ),
    ...gone.map((id): StackTenant => ({ id, state: "gone", wave: undefined, secrets: {} })),
  ];
};

const ask = async (
  command: StackCommand,
  tenants: readonly StackTenant[],
  stacks: ReadonlySet<string>,
  session: Session,
): Promise<void> => {
  const { confirm } = await import("../confirm.ts");
  const meant = tenants.filter(({ id, state }) => (command === "destroy" ? stacks.has(id) : state === "present"));
  if (meant.length === 0) return;
  const names = listed(
    meant.map(({ id }) => printable(id)),
    mostNames,
  );
  const what = `${counted(meant.length, "stack")} (${names})`;
  if (command === "destroy")
    await confirm(`this destroys all that is in ${what}; type yes to go on:`, ["yes"], session);
  else await confirm(`pulumi ${command} on ${what}: go on? [y/N]`, ["y", "yes", "Y", "YES"], session);
};

const print = (report: StackReport, flags: Flags, session: Session): Promise<void> =>
  session.output.print({
    document: report,
    items: report.results,
    text: ({ colour }) => renderStacks(report, { format: "text", colour, detail: flags.detail }),
    markdown: () => renderStacks(report, { format: "markdown", colour: false, detail: flags.detail }),
  });

export const command = defineCommand({
  description:
    "Runs your own pulumi command on the stacks of many tenants, one stack a tenant, named after it: wave by wave, several at once, each with a log file of its own. What fails on one stack does not touch the others of its wave. up and preview make a stack that is missing. What stands after -- is handed on to pulumi.",
  args: [
    { name: "operation", description: "up, preview, destroy or refresh", required: true },
    { name: "flags", description: "for pulumi itself, after --", required: false, repeats: true },
  ],
  examples: [
    { line: "pulumi preview --exit-code", does: "2 where a stack would change" },
    { line: "pulumi up -t 't0*' --parallel 8 --yes", does: "eight stacks at once" },
    { line: "pulumi up --wave canary --yes -- --refresh", does: "with a flag of pulumi" },
    { line: "pulumi refresh -t t042", does: "take over into the state what is live" },
    { line: "pulumi destroy -t t042 -- --remove", does: "also a tenant whose file is gone; the stack goes too" },
  ],
  formats: ["text", "json", "yaml", "markdown", "jsonl"],
  endsItself: "writes",
  flags: flagSet,
  run: async (flags, session, [operation = "", ...rest]) => {
    const stacksRoom = await import("../../pulumi/stacks/index.ts");
    const command = oneOf("the operation", operations)(operation);
    const extra = stacksRoom.checkExtra(rest);
    refuseUnfit(command, flags, session);
    const env = await environmentOf(flags.envFile, session);
    const { stop, abort, reason } = session.stops;
    return withProject({ ...flags, set: [] }, session, async (opened) => {
      const dir = stacksRoom.findProgram(flags.cwd, process.cwd(), opened.files.dir);
      const place = { dir, env };
      const [pulumi, names] = await Promise.all([
        stacksRoom.pulumiVersion(place, stop),
        stacksRoom.stackNames(place, stop),
      ]);
      if (pulumi !== undefined && stacksRoom.isTooOld(pulumi)) {
        session.output.warn(
          `pulumi is ${pulumi}; ${stacksRoom.oldestVersion} or newer is needed for all that we do with it`,
        );
      }
      const stacks = new Set(names);
      const tenants = await chosen(opened, command, flags, names);
      if (!flags.yes && writes.includes(command)) await ask(command, tenants, stacks, session);
      const { secrets: shared, dir: folder, waves, environment } = opened.files;
      const report = await stacksRoom.runStacks({
        command,
        tenants,
        stacks,
        waves,
        environment,
        ...place,
        logDir: flags.logDir ?? join(folder, ".connector-deployer", "pulumi"),
        parallel: flags.parallel,
        onError: flags.onError ?? "continue",
        extra,
        ...(flags.secretsProvider === undefined ? {} : { secretsProvider: flags.secretsProvider }),
        ...(pulumi === undefined ? {} : { pulumi }),
        secrets: ({ secrets }) =>
          stacksRoom.knownSecrets([...Object.values(shared), ...Object.values(secrets)], env, folder),
        stop,
        abort,
        clock: Date.now,
        report: (event) => session.output.note(renderStackEvent(event)),
      });
      await print(report, flags, session);
      return reason() === "deadline" ? 1 : exitOfStacks(report, flags.exitCode);
    });
  },
});
