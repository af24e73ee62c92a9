import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import type { DynamicHost, State } from "./dynamic-host.ts";
import { type Handler, type MonitorMessages, monitorMessages, serveEngine, struct } from "./grpc.ts";
import { masked, secret, withMarksOf, withoutMarks } from "./secret-marks.ts";

const runner = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/run/index.js");

/** What became of one resource of the program. */
export type Step = {
  readonly op: "create" | "update" | "same" | "read";
  readonly type: string;
  readonly name: string;
  /** As the program sent them; secrets are only the word. */
  readonly inputs: State;
  readonly secretOutputs: readonly string[];
  readonly hiddenDiffs: readonly string[];
  readonly deletesFirst: boolean;
};

export type Run = {
  /** The program ended well and every call succeeded. */
  readonly ok: boolean;
  readonly steps: readonly Step[];
  /** Outputs of the stack; secrets are only the word. */
  readonly outputs: State;
  /** Errors and warnings that the program logged. */
  readonly log: string;
};

export type Program = {
  /** Its folder and file; the working folder is the file's, as with `main` in a Pulumi.yaml. */
  readonly folder: string;
  readonly file: string;
  readonly config?: Readonly<Record<string, string>>;
  readonly secretConfig?: Readonly<Record<string, string>>;
};

type Kept = { readonly id: string; readonly inputs: State; readonly outputs: State };

/**
 * A TEST DOUBLE of Pulumi's engine: it runs a program with Pulumi's real language runtime and asks the real host of
 * dynamic providers. It shows what program, SDK and provider say to each other. It does not show what the real engine
 * decides: order, replacement, deletion, import, refresh. It creates, updates and looks up, no more.
 */
export const createEngineDouble = (host: DynamicHost) => {
  /** The state, secrets marked. */
  const kept = new Map<string, Kept>();

  const marked = (inputs: State, outputs: State, secrets: readonly string[]): State => {
    const state = withMarksOf(inputs, outputs) as State;
    return Object.fromEntries(
      Object.entries(state).map(([key, value]) => [key, secrets.includes(key) ? secret(value) : value]),
    );
  };

  const register = async (urn: string, given: State, secrets: readonly string[], preview: boolean) => {
    const before = kept.get(urn);
    const plain = withoutMarks(given) as State;
    const checked = await host.check((withoutMarks(before?.inputs ?? {}) as State) ?? {}, plain);
    const [failure] = checked.failures;
    if (failure !== undefined) throw new Error(`${failure.property}: ${failure.reason}`);
    const inputs = withMarksOf(given, checked.inputs) as State;
    const keep = (op: Step["op"], id: string, outs: State) => {
      const outputs = marked(inputs, outs, secrets);
      kept.set(urn, { id, inputs, outputs });
      return { op, id, outputs };
    };
    if (before === undefined) {
      if (preview) return { op: "create" as const, id: "", outputs: inputs };
      const { id, outs } = await host.create(checked.inputs);
      return keep("create", id, outs);
    }
    const olds = withoutMarks(before.outputs) as State;
    const { changes, replaces } = await host.diff(before.id, olds, checked.inputs);
    if (!changes) return { op: "same" as const, id: before.id, outputs: before.outputs };
    if (replaces.length > 0) throw new Error("this double cannot replace");
    if (preview) return { op: "update" as const, id: before.id, outputs: inputs };
    return keep("update", before.id, await host.update(before.id, olds, checked.inputs));
  };

  const run = async (program: Program, preview: boolean): Promise<Run> => {
    const steps: Step[] = [];
    let outputs: State = {};
    let log = "";
    let failed = false;
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
    const handlers: Record<string, Handler> = {
      getDeploymentInfo: () => {
        const info = new monitorMessages.DeploymentInfo();
        info.setProject("connector-deployer").setStack("acme").setOrganization("organization").setDryrun(preview);
        for (const [key, value] of Object.entries({ ...program.config, ...program.secretConfig })) {
          info.getConfigMap().set(key, value);
        }
        info.setConfigsecretkeysList(Object.keys(program.secretConfig ?? {}));
        info.setParallel(4);
        // Without this one, secrets arrive in clear and everything looks well.
        info.addSupportedfeatures(monitorMessages.ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS);
        return info;
      },
      registerResource: async (request: MonitorMessages.RegisterResourceRequest) => {
        const [type, name] = [request.getType(), request.getName()];
        const answer = new monitorMessages.RegisterResourceResponse();
        const urn = `urn:pulumi:acme::connector-deployer::${type}::${name}`;
        answer.setUrn(urn);
        if (!request.getCustom()) return answer;
        const inputs = request.getObject()?.toJavaScript() ?? {};
        const secretOutputs = request.getAdditionalsecretoutputsList();
        const result = await register(urn, inputs, secretOutputs, preview);
        steps.push({
          op: result.op,
          type,
          name,
          inputs: masked(inputs) as State,
          secretOutputs,
          hiddenDiffs: request.getHidediffsList(),
          deletesFirst: request.getDeletebeforereplace(),
        });
        return answer.setId(result.id).setObject(struct(result.outputs));
      },
      readResource: async (request: MonitorMessages.ReadResourceRequest) => {
        const [type, name] = [request.getType(), request.getName()];
        const inputs = request.getProperties()?.toJavaScript() ?? {};
        const { id, props } = await host.read(request.getId(), undefined, withoutMarks(inputs) as State);
        if (id === "") throw new Error(`${request.getId()} does not exist`);
        const secretOutputs = request.getAdditionalsecretoutputsList();
        steps.push({ op: "read", type, name, inputs, secretOutputs, hiddenDiffs: [], deletesFirst: false });
        const answer = new monitorMessages.ReadResourceResponse();
        answer.setUrn(`urn:pulumi:acme::connector-deployer::${type}::${name}`);
        return answer.setProperties(struct(marked(inputs, props, secretOutputs)));
      },
      registerResourceOutputs: (request: MonitorMessages.RegisterResourceOutputsRequest) => {
        outputs = masked(request.getOutputs()?.toJavaScript() ?? {}) as State;
      },
      signalAndWaitForShutdown: () => undefined,
      setRootResource: () => undefined,
      log: (request: { getMessage(): string; getSeverity(): number }) => {
        if (request.getSeverity() > 0) log += `${request.getMessage()}\n`;
      },
    };
    const engine = await serveEngine(Object.fromEntries(Object.entries(handlers).map(([k, v]) => [k, guarded(v)])));
    try {
      const args = ["--monitor", engine.address, "--engine", engine.address, "--project", "connector-deployer"];
      args.push("--stack", "acme", "--organization", "organization", "--root-directory", program.folder);
      if (preview) args.push("--dry-run");
      const child = spawn(process.execPath, [runner, ...args, "--parallel", "4", program.file], {
        cwd: program.folder,
        env: {
          PATH: process.env["PATH"] ?? "",
          PULUMI_CONFIG: JSON.stringify({ ...program.config, ...program.secretConfig }),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(Object.keys(program.secretConfig ?? {})),
        },
        stdio: ["ignore", "pipe", "pipe"],
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding("utf8").on("data", (text: string) => {
          log += text;
        });
      }
      const [code] = await once(child, "exit");
      return { ok: code === 0 && !failed, steps, outputs, log };
    } finally {
      engine.stop();
    }
  };

  return {
    preview: (program: Program) => run(program, true),
    up: (program: Program) => run(program, false),
    /** The recorded state as a file would hold it: secrets are only the word. */
    state: (): string => JSON.stringify([...kept].map(([urn, resource]) => ({ urn, ...(masked(resource) as object) }))),
  };
};
