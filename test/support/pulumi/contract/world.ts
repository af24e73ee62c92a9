import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConnectionWire, createClient, type InfinoClient } from "../../../../src/infino/index.ts";
import { serve } from "../../../../src/service/index.ts";
import { testCredentials } from "../../service.ts";
import { startUploadDouble, type UploadDouble } from "../../upload-double.ts";
import { asKind, type DynamicHost, programFolder, removeFolder } from "../dynamic-host.ts";
import { type Front, startFront } from "../front.ts";
import { type ProviderHost, startProviderHost } from "../provider-host.ts";

export type Env = Readonly<Record<string, string>>;

/** A target with a folder of a program, and Pulumi's real host in it. */
export type World = {
  readonly front: Front;
  /** Another user of the same target. */
  readonly other: InfinoClient;
  /** Only of the world that takes uploads. */
  readonly uploads?: UploadDouble;
  readonly env: Env;
  /** The folder of the program. */
  readonly folder: string;
  /** The host that most cases share. */
  host(kind: string): DynamicHost;
  /** Further hosts that cases share, by their number: each is another `pulumi` command to the objects of one case. */
  another(kind: string, number: number): Promise<DynamicHost>;
  /** A host in an environment or a folder of its own. */
  startHost(kind: string, given: { readonly env?: Env; readonly folder?: string }): Promise<DynamicHost>;
  /** A name that nobody else has. */
  name(): string;
  /** Writes a file below the folder of the program. */
  write(path: string, content: string): void;
  connections(): Promise<readonly ConnectionWire[]>;
  stop(): Promise<void>;
};

export const never = new AbortController().signal;

/** A secret that no answer but a connection's own configuration may hold. */
export const planted = "planted-contract-secret";

let count = 0;

const startWorld = async (service: string, stopService: () => Promise<void>, uploads?: UploadDouble) => {
  const front = await startFront(service);
  const folder = programFolder();
  const env = {
    INFINO_ENDPOINT: front.url,
    INFINO_ACCESS_KEY: testCredentials.accessKey,
    INFINO_SECRET_KEY: testCredentials.secretKey,
  };
  const write = (path: string, content: string): void => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  write("Pulumi.yaml", "name: contract\nruntime: nodejs\n");
  const any = await startProviderHost(folder, env);
  const others: DynamicHost[] = [];
  const shared = new Map<number, Promise<ProviderHost>>();
  const other = createClient({ endpoint: service, ...testCredentials });
  const world: World = {
    front,
    other,
    ...(uploads === undefined ? {} : { uploads }),
    env,
    folder,
    host: (kind) => asKind(kind, any),
    another: async (kind, number) => {
      const host = shared.get(number) ?? startProviderHost(folder, env);
      shared.set(number, host);
      return asKind(kind, await host);
    },
    startHost: async (kind, given) => {
      const host = asKind(kind, await startProviderHost(given.folder ?? folder, given.env ?? env));
      others.push(host);
      return host;
    },
    name: () => `contract-${++count}`,
    write,
    connections: () => other.listConnections(never),
    stop: async () => {
      const hosts = [any, ...(await Promise.all(shared.values())), ...others];
      await Promise.all(hosts.map((host) => host.stop()));
      await front.stop();
      await stopService();
      removeFolder(folder);
    },
  };
  return world;
};

/** The local service. */
export const startServiceWorld = async (): Promise<World> => {
  const server = await serve({ credentials: testCredentials, statusWait: 0, runImports: false });
  return startWorld(server.url, () => server.close());
};

/** The contract double of uploads: the local service does not take them. */
export const startUploadWorld = async (): Promise<World> => {
  const uploads = await startUploadDouble(testCredentials);
  return startWorld(uploads.endpoint, uploads.stop, uploads);
};
