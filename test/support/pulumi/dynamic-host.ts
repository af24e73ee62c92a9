import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pointer } from "../../../src/pulumi/pointer.ts";
import { type Difference, type Failure, type ProviderHost, type State, startProviderHost } from "./provider-host.ts";

export type { Failure, State };

export const root = join(import.meta.dirname, "../../..");

/** What Pulumi's engine can ask a dynamic provider of one kind, with the values that it would pass. */
export type DynamicHost = {
  check(olds: State, news: State): Promise<{ inputs: State; failures: readonly Failure[] }>;
  diff(id: string, olds: State, news: State): Promise<Difference>;
  create(inputs: State): Promise<{ id: string; outs: State }>;
  read(id: string, state: State | undefined, inputs: State): Promise<{ id: string; props: State; inputs: State }>;
  update(id: string, olds: State, news: State): Promise<State>;
  delete(id: string, state: State): Promise<void>;
  /** The same process for every kind. */
  readonly any: ProviderHost;
  /** Everything that the host printed. */
  printed(): string;
  stop(): Promise<void>;
};

/** A folder of a program that has this package and Pulumi's SDK in its node_modules. */
export const programFolder = (): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "connector-pulumi-")));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/connector-deployer"), "dir");
  symlinkSync(join(root, "node_modules/@pulumi"), join(folder, "node_modules/@pulumi"), "dir");
  return folder;
};

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** Starts Pulumi's real host of dynamic providers in a folder, with these variables beside PATH. */
export const startDynamicHost = async (
  kind: string,
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<DynamicHost> => {
  if (!existsSync(join(root, `dist/pulumi/providers/v1/${kind}.js`))) {
    throw new Error("the host loads the built package: run `npm run build` first");
  }
  return asKind(kind, await startProviderHost(folder, env));
};

/** The provider of one kind in a host. */
export const asKind = (kind: string, any: ProviderHost): DynamicHost => {
  const marked = (state: State): State => ({ ...state, __provider: pointer(kind) });
  return {
    check: (olds, news) => any.check(olds, marked(news)),
    diff: (id, olds, news) => any.diff(id, olds, marked(news)),
    create: (inputs) => any.create(marked(inputs)),
    read: async (id, state, inputs) => {
      const answer = await any.read(id, state === undefined ? undefined : marked(state), marked(inputs));
      return { ...answer, inputs: answer.inputs ?? {} };
    },
    update: (id, olds, news) => any.update(id, olds, marked(news)),
    delete: (id, state) => any.delete(id, marked(state)),
    any,
    printed: any.printed,
    stop: any.stop,
  };
};
