import { createRequire } from "node:module";
import type * as Messages from "@pulumi/pulumi/proto/provider_pb.js";
import type * as MonitorMessages from "@pulumi/pulumi/proto/resource_pb.js";
import type * as StatusMessages from "@pulumi/pulumi/proto/status_pb.js";

// The SDK's own copies: it does not list them as ours.
const ours = createRequire(import.meta.url);
const sdk = createRequire(ours.resolve("@pulumi/pulumi"));

type Callback<T> = (error: Error | null, answer: T) => void;

export type { Messages };

/** One gRPC client; a method for each call. */
export type Client = {
  readonly [method: string]: (request: unknown, callback: Callback<unknown>) => void;
};

/** Plain values as Pulumi sends them. */
export type Struct = NonNullable<ReturnType<Messages.CheckRequest["getOlds"]>>;

/** Answers one call; what it throws is the call's error. */
export type Handler = (request: never) => unknown;

type Server = {
  addService(service: unknown, implementation: object): void;
  bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
  forceShutdown(): void;
};
type Grpc = {
  readonly credentials: { createInsecure(): unknown };
  readonly ServerCredentials: { createInsecure(): unknown };
  readonly Server: new () => Server;
};
type Service = Readonly<Record<string, { readonly responseType: new () => unknown }>>;
type Services = { readonly ResourceMonitorService: Service; readonly EngineService: Service };
type Structs = { readonly Struct: { fromJavaScript(value: object): Struct } };
type ClientClass = new (address: string, credentials: unknown, options: object) => Client & { close(): void };

const grpc = sdk("@grpc/grpc-js") as Grpc;
export const messages = ours("@pulumi/pulumi/proto/provider_pb.js") as typeof Messages;

export const monitorMessages = ours("@pulumi/pulumi/proto/resource_pb.js") as typeof MonitorMessages;
export type { MonitorMessages };

const { Status } = ours("@pulumi/pulumi/proto/status_pb.js") as typeof StatusMessages;
const { ResourceMonitorService } = ours("@pulumi/pulumi/proto/resource_grpc_pb.js") as Services;
const { EngineService } = ours("@pulumi/pulumi/proto/engine_grpc_pb.js") as Services;
const { Struct } = sdk("google-protobuf/google/protobuf/struct_pb.js") as Structs;
const { ResourceProviderClient } = ours("@pulumi/pulumi/proto/provider_grpc_pb.js") as {
  readonly ResourceProviderClient: ClientClass;
};

export const struct = (value: object): Struct => Struct.fromJavaScript(value);

export const providerClient = (port: number): Client & { close(): void } =>
  new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {});

export const call = <Answer>(client: Client, method: string, request: unknown): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const send = client[method];
    if (send === undefined) throw new Error(`there is no call ${method}`);
    send.call(client, request, (error, answer) => (error === null ? resolve(answer as Answer) : reject(error)));
  });

/** What a failed call says of an object that it made all the same. */
export const partialFailure = (error: unknown): Messages.ErrorResourceInitFailed | undefined => {
  if (!(error instanceof Error) || !("metadata" in error)) return undefined;
  const { metadata } = error as { readonly metadata: { get(key: string): readonly (string | Buffer)[] } };
  const [bytes] = metadata.get("grpc-status-details-bin");
  if (!Buffer.isBuffer(bytes)) return undefined;
  const [detail] = Status.deserializeBinary(bytes).getDetailsList();
  if (detail === undefined || detail.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") return undefined;
  return messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
};

/** Serves Pulumi's resource monitor and engine; a call without a handler fails. Gives the address. */
export const serveEngine = async (
  handlers: Readonly<Record<string, Handler>>,
  { unknown }: { unknown(): void },
): Promise<{ readonly address: string; stop(): void }> => {
  const server = new grpc.Server();
  const implement = (service: Service): object =>
    Object.fromEntries(
      Object.entries(service).map(([name, { responseType: Answer }]) => [
        name,
        async ({ request }: { request: never }, callback: Callback<unknown>) => {
          try {
            const handler = handlers[name];
            if (handler === undefined) {
              unknown();
              throw new Error(`the test double of the engine has no ${name}`);
            }
            callback(null, (await handler(request)) ?? new Answer());
          } catch (error) {
            callback(error instanceof Error ? error : new Error(String(error)), undefined);
          }
        },
      ]),
    );
  for (const service of [ResourceMonitorService, EngineService]) server.addService(service, implement(service));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
};
