import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { isObject } from "../../../src/contract/index.ts";
import { root } from "./dynamic-host.ts";

const commands = ["pulumi", "pulumi-language-nodejs"];

const isOnPath = (command: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Why there is no real engine to test with. */
export const missingEngine = (): string | undefined => {
  const missing = commands.filter((command) => !isOnPath(command));
  return missing.length === 0 ? undefined : `${missing.join(" and ")} not on the PATH`;
};

export type Outcome = {
  readonly ok: boolean;
  /** Everything that the command printed. */
  readonly text: string;
  /** The table at its end, such as `{ created: 3, unchanged: 1 }`. */
  readonly counts: Readonly<Record<string, number>>;
};

/** One stack of a program's folder, with a state file and plugins in a folder of its own. */
export type RealEngine = {
  /** Of everything that is run with it. */
  readonly env: Readonly<Record<string, string>>;
  run(...args: readonly string[]): Promise<Outcome>;
  /** What a preview would do to what, and the inputs before and after it. */
  previewSteps(): Promise<readonly PreviewStep[]>;
  /** Entries of the state; what the SDK itself registers without its source positions, which are those of its files. */
  state(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  remove(): void;
};

export type PreviewStep = {
  readonly op: string;
  readonly urn: string;
  readonly before: unknown;
  readonly after: unknown;
};

const countsOf = (text: string): Readonly<Record<string, number>> => {
  const table = text.split(/^Resources:$/m)[1]?.split(/^Duration/m)[0] ?? "";
  const found = [...table.matchAll(/(\d+) ([a-z]+(?: [a-z]+)*)/g)].filter(([, , what]) => what !== "changes");
  return Object.fromEntries(found.map(([, count, what]) => [what, Number(count)]));
};

export const startRealEngine = async (
  folder: string,
  env: Readonly<Record<string, string>>,
  stack: string,
): Promise<RealEngine> => {
  const own = mkdtempSync(join(tmpdir(), "connector-pulumi-engine-"));
  for (const name of ["home", "backend"]) mkdirSync(join(own, name));
  // The launcher of the host of dynamic providers is in the SDK's package.
  const launchers = join(root, "node_modules/@pulumi/pulumi");
  const variables = {
    HOME: own,
    PATH: [launchers, process.env["PATH"] ?? ""].join(delimiter),
    ...env,
    PULUMI_HOME: join(own, "home"),
    PULUMI_BACKEND_URL: `file://${join(own, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "a passphrase",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    NO_COLOR: "1",
  };
  const start = async (args: readonly string[]): Promise<{ ok: boolean; stdout: string; text: string }> => {
    const child = spawn("pulumi", [...args, "--non-interactive"], {
      cwd: folder,
      env: variables,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      stdout += part;
      text += part;
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    const [code] = await once(child, "close");
    return { ok: code === 0, stdout, text };
  };
  const run = async (...args: readonly string[]): Promise<Outcome> => {
    const { ok, text } = await start(args);
    return { ok, text, counts: countsOf(text) };
  };
  const json = async (...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> => {
    const { ok, stdout, text } = await start(args);
    const value: unknown = ok ? JSON.parse(stdout) : undefined;
    if (!isObject(value)) throw new Error(`pulumi ${args.join(" ")}: ${text}`);
    return value;
  };
  const { ok, text } = await run("stack", "init", stack);
  if (!ok) throw new Error(text);
  return {
    env: variables,
    run,
    previewSteps: async () => {
      const { steps } = (await json("preview", "--json")) as { readonly steps: readonly Record<string, unknown>[] };
      const inputs = (state: unknown) => (isObject(state) ? state["inputs"] : undefined);
      return steps.map(({ op, urn, oldState, newState }) => ({
        op: String(op),
        urn: String(urn),
        before: inputs(oldState),
        after: inputs(newState),
      }));
    },
    state: async () => {
      const { deployment } = (await json("stack", "export")) as {
        readonly deployment: { readonly resources?: readonly Record<string, unknown>[] };
      };
      return (deployment.resources ?? []).map((resource) => {
        if (!String(resource["type"]).startsWith("pulumi:")) return resource;
        const { sourcePosition, stackTrace, ...rest } = resource;
        return rest;
      });
    },
    remove: () => rmSync(own, { recursive: true, force: true }),
  };
};
