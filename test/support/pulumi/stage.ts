import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type ConnectionWire, createClient, type InfinoClient } from "../../../src/infino/index.ts";
import { serve } from "../../../src/service/index.ts";
import { testCredentials } from "../service.ts";
import { type DynamicHost, programFolder, removeFolder, type State, startDynamicHost } from "./dynamic-host.ts";
import { createEngineDouble, type EngineDouble, type Program } from "./engine-double.ts";
import { type Front, startFront } from "./front.ts";
import { startProviderHost } from "./provider-host.ts";

/** A local service behind a port, and a provider of one kind in Pulumi's own host that deploys to it. */
export type Stage = {
  readonly front: Front;
  /** Another user of the same service. */
  readonly other: InfinoClient;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly host: DynamicHost;
  /** A test double of Pulumi's engine with an empty state. */
  engine(): EngineDouble;
  /** Another host, as another `pulumi` command has it. */
  startHost(env?: Readonly<Record<string, string>>, folder?: string): Promise<DynamicHost>;
  /** Checks and creates, as a first `pulumi up` does. */
  make(
    given: State,
    host?: DynamicHost,
  ): Promise<{ readonly id: string; readonly inputs: State; readonly outs: State }>;
  /** Checks what a program asks for now, compares and updates; replaces nothing. */
  change(id: string, olds: State, given: State): Promise<State>;
  /** Writes a program of the stage's folder; its variables are those of the host. */
  program(text: string): Program;
  /** The requests that were sent while this ran. */
  requestsOf(work: () => Promise<unknown>): Promise<readonly string[]>;
  /** Configuration of a live connection. */
  live(id: string): Promise<State>;
  /** Live connections of this name. */
  named(name: unknown): Promise<readonly ConnectionWire[]>;
  stop(): Promise<void>;
};

/** A secret that no output may hold. */
export const planted = "planted-api-key-0";
let count = 0;

/** Arguments of a connection with a name of its own. */
export const args = (more: State = {}, config: State = {}) => ({
  source: "elasticsearch",
  auth: "api_key",
  name: `acme-${++count}`,
  config: { base_url: "http://127.0.0.1:1", api_key: planted, timeout_secs: 30, ...config },
  ...more,
});

/** What a call failed with; never with a secret. */
export const messageOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (failed: unknown) => failed,
  );
  if (!(error instanceof Error)) throw new Error("it did not fail");
  expect(`${error.message} ${error.stack}`).not.toContain(planted);
  return error.message;
};

export const never = new AbortController().signal;

export const startStage = async (kind: string): Promise<Stage> => {
  const server = await serve({ credentials: testCredentials, runImports: false });
  const front = await startFront(server.url);
  const folder = programFolder();
  const env = {
    INFINO_ENDPOINT: front.url,
    INFINO_ACCESS_KEY: testCredentials.accessKey,
    INFINO_SECRET_KEY: testCredentials.secretKey,
  };
  const hosts: DynamicHost[] = [];
  const startHost = async (given: Readonly<Record<string, string>> = env, place = folder): Promise<DynamicHost> => {
    const host = await startDynamicHost(kind, place, given);
    hosts.push(host);
    return host;
  };
  const other = createClient({ endpoint: server.url, ...testCredentials });
  const host = await startHost();
  return {
    front,
    other,
    env,
    folder,
    host,
    engine: () => createEngineDouble(() => startProviderHost(folder, env)),
    startHost,
    make: async (given, by = host) => {
      const { inputs, failures } = await by.check({}, given);
      expect(failures).toEqual([]);
      return { inputs, ...(await by.create(inputs)) };
    },
    change: async (id, olds, given) => {
      const { inputs, failures } = await host.check(olds, given);
      expect(failures).toEqual([]);
      expect(await host.diff(id, olds, inputs)).toEqual({ changes: true, replaces: [], deletesFirst: false });
      return host.update(id, olds, inputs);
    },
    program: (text) => {
      writeFileSync(join(folder, "Pulumi.yaml"), "name: connector-deployer\nruntime: nodejs\n");
      writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
      writeFileSync(join(folder, "index.js"), text);
      return { folder, file: "index.js", env };
    },
    requestsOf: async (work) => {
      const before = front.requests.length;
      await work();
      return front.requests.slice(before);
    },
    live: async (id) => (await other.getConnection(id, never))?.config ?? {},
    named: async (name) =>
      (await other.listConnections(never)).filter((connection) => connection.config?.["name"] === name),
    stop: async () => {
      await Promise.all(hosts.map((host) => host.stop()));
      await front.stop();
      await server.close();
      removeFolder(folder);
    },
  };
};
