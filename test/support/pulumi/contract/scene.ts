import { expect } from "vitest";
import type { DynamicHost } from "../dynamic-host.ts";
import type { State } from "../provider-host.ts";
import { requestsOf, type Subject, writes } from "./subject.ts";
import { planted, type World } from "./world.ts";

/** What a case works with. */
export type Scene = {
  readonly subject: Subject;
  readonly world: World;
  /** The host that most cases share: other resources of it are in the same process. */
  readonly host: DynamicHost;
  /** Another host each time, as another `pulumi` command has it. */
  startHost(given?: Parameters<World["startHost"]>[1]): Promise<DynamicHost>;
  /** Checks and creates. */
  make(given: State, host?: DynamicHost): Promise<{ id: string; inputs: State; outs: State }>;
  /** Checks without a failure. */
  checked(news: State, olds?: State, host?: DynamicHost): Promise<State>;
  requestsOf(work: () => Promise<unknown>): Promise<readonly string[]>;
  writesOf(work: () => Promise<unknown>): Promise<readonly string[]>;
};

/** One promise of the providers, to be kept over the real host's gRPC. */
export type ContractCase = { readonly name: string; run(scene: Scene): Promise<void> };

export const same = { changes: false, replaces: [], deletesFirst: false };
export const updated = { changes: true, replaces: [], deletesFirst: false };

/** What a call failed with; never with a secret. */
export const messageOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    (value) => value,
    (failed: unknown) => failed,
  );
  if (!(error instanceof Error)) throw new Error(`it did not fail: ${JSON.stringify(error)}`);
  expect(`${error.message} ${error.stack}`).not.toContain(planted);
  return error.message;
};

export const setScene = (subject: Subject, world: World): Scene => {
  const host = world.host(subject.kind);
  let commands = 0;
  const checked = async (news: State, olds: State = {}, by = host): Promise<State> => {
    const { inputs, failures } = await by.check(olds, news);
    expect(failures).toEqual([]);
    return inputs;
  };
  return {
    subject,
    world,
    host,
    startHost: (given) =>
      given === undefined ? world.another(subject.kind, ++commands) : world.startHost(subject.kind, given),
    make: async (given, by = host) => {
      const inputs = await checked(given, {}, by);
      return { inputs, ...(await by.create(inputs)) };
    },
    checked,
    requestsOf: (work) => requestsOf(world, work),
    writesOf: async (work) => writes(await requestsOf(world, work)),
  };
};
