import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { baseEnv } from "../base-env.ts";
import type { Diagnostic } from "./engine-run.ts";
import { type Goal, project, stack, stackType, urnOf } from "./engine-state.ts";
import type { Registered } from "./engine-steps.ts";
import { type Handler, type MonitorMessages, monitorMessages, serveEngine, struct } from "./grpc.ts";
import type { State } from "./provider-host.ts";

const loadLate = createRequire(import.meta.url).resolve("./load-late.cjs");
const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run/index.js");
const severities = ["debug", "info", "warning", "error"] as const;

export type Program = {
  /** Its folder and file; the working folder is the file's, as with `main` in a Pulumi.yaml. */
  readonly folder: string;
  readonly file: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly secretConfig?: Readonly<Record<string, string>>;
  /** Variables beside PATH. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
};

/** Who answers what a program asks. */
export type Answers = {
  readonly preview: boolean;
  readonly parallel: number;
  register(goal: Goal): Promise<Registered>;
  read(goal: Goal, id: string): Promise<Registered>;
  outputs(urn: string, outputs: State): void;
  log(diagnostic: Diagnostic): void;
};

type Dependencies = { getUrnsList(): string[] };
const urnsOf = (map: {
  forEach(visit: (value: Dependencies, key: string) => void): void;
}): Goal["propertyDependencies"] => {
  const found: Record<string, readonly string[]> = {};
  map.forEach((value, key) => {
    found[key] = value.getUrnsList();
  });
  return found;
};

const goalOf = (request: MonitorMessages.RegisterResourceRequest): Goal => {
  if (request.getImportid() !== "") throw new Error("dynamic resources cannot be imported by an option");
  const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
  return {
    urn: urnOf(parent, type, name),
    type,
    name,
    custom: request.getCustom(),
    parent,
    inputs: request.getObject()?.toJavaScript() ?? {},
    dependencies: request.getDependenciesList(),
    propertyDependencies: urnsOf(request.getPropertydependenciesMap()),
    secretOutputs: request.getAdditionalsecretoutputsList(),
    hiddenDiffs: request.getHidediffsList(),
    ignoreChanges: request.getIgnorechangesList(),
    aliases: request.getAliasurnsList(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deletesFirst: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
  };
};

const lookupOf = (request: MonitorMessages.ReadResourceRequest): Goal => {
  const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
  return {
    urn: urnOf(parent, type, name),
    type,
    name,
    custom: true,
    parent,
    inputs: request.getProperties()?.toJavaScript() ?? {},
    dependencies: request.getDependenciesList(),
    propertyDependencies: {},
    secretOutputs: request.getAdditionalsecretoutputsList(),
    hiddenDiffs: [],
    ignoreChanges: [],
    aliases: [],
    protect: false,
    retainOnDelete: false,
    deletesFirst: undefined,
  };
};

const deploymentInfo = (program: Program, answers: Answers) => {
  const info = new monitorMessages.DeploymentInfo();
  info.setProject(project).setStack(stack).setOrganization("organization").setDryrun(answers.preview);
  for (const [key, value] of Object.entries({ ...program.config, ...program.secretConfig })) {
    info.getConfigMap().set(key, value);
  }
  info.setConfigsecretkeysList(Object.keys(program.secretConfig ?? {}));
  info.setParallel(answers.parallel);
  // Without this one, secrets arrive in clear and everything looks well.
  info.addSupportedfeatures(monitorMessages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS);
  return info;
};

type LogRequest = { getMessage(): string; getSeverity(): number; getUrn(): string };

const handlersFor = (program: Program, answers: Answers): Record<string, Handler> => ({
  getDeploymentInfo: () => deploymentInfo(program, answers),
  registerResource: async (request: MonitorMessages.RegisterResourceRequest) => {
    const goal = goalOf(request);
    const { id, outputs } = await answers.register(goal);
    const answer = new monitorMessages.RegisterResourceResponse().setUrn(goal.urn);
    return goal.custom ? answer.setId(id).setObject(struct(outputs)) : answer;
  },
  readResource: async (request: MonitorMessages.ReadResourceRequest) => {
    const goal = lookupOf(request);
    const { outputs } = await answers.read(goal, request.getId());
    return new monitorMessages.ReadResourceResponse().setUrn(goal.urn).setProperties(struct(outputs));
  },
  registerResourceOutputs: (request: MonitorMessages.RegisterResourceOutputsRequest) =>
    answers.outputs(request.getUrn(), request.getOutputs()?.toJavaScript() ?? {}),
  signalAndWaitForShutdown: () => undefined,
  setRootResource: () => undefined,
  log: (request: LogRequest) => {
    const severity = severities[request.getSeverity()] ?? "error";
    // The SDK's notes for debugging hold values as they are.
    if (severity !== "debug") answers.log({ severity, message: request.getMessage(), urn: request.getUrn() });
  },
});

export const rootUrn = urnOf("", stackType, `${project}-${stack}`);

/** Runs a program with Pulumi's real language runtime. Tells whether it ended well, and what it printed. */
export const runProgram = async (
  program: Program,
  answers: Answers,
): Promise<{ readonly ok: boolean; readonly printed: string }> => {
  let failed = false;
  let printed = "";
  const guarded =
    (handler: Handler): Handler =>
    async (request) => {
      try {
        return await handler(request);
      } catch (error) {
        failed = true;
        throw error;
      }
    };
  const handlers = Object.entries(handlersFor(program, answers));
  const engine = await serveEngine(Object.fromEntries(handlers.map(([name, handler]) => [name, guarded(handler)])), {
    unknown: () => {
      failed = true;
    },
  });
  try {
    const args = ["--monitor", engine.address, "--engine", engine.address, "--project", project, "--stack", stack];
    args.push("--organization", "organization", "--root-directory", program.folder);
    if (answers.preview) args.push("--dry-run");
    const child = spawn(
      process.execPath,
      ["--require", loadLate, runner, ...args, "--parallel", String(answers.parallel), program.file],
      {
        cwd: program.folder,
        env: {
          ...baseEnv(),
          ...program.env,
          PULUMI_CONFIG: JSON.stringify({ ...program.config, ...program.secretConfig }),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(Object.keys(program.secretConfig ?? {})),
        },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
      });
    }
    const [code] = await once(child, "exit");
    return { ok: code === 0 && !failed, printed };
  } finally {
    engine.stop();
  }
};
