import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pointer } from "../../../../src/pulumi/pointer.ts";
import { baseEnv } from "../../base-env.ts";
import { call, type Messages, messages, providerClient, struct } from "../grpc.ts";
import type { State } from "../provider-host.ts";

const loadLate = createRequire(import.meta.url).resolve("../load-late.cjs");
const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/dynamic-provider/index.js");

/** A host that was asked for nothing yet, not even to be configured. */
export type BareHost = {
  configure(): Promise<void>;
  /** Checks first, as only a check fills in what follows from files. */
  create(kind: string, given: State): Promise<{ readonly id: string }>;
  cancel(): Promise<void>;
  stop(): Promise<void>;
};

export const startBareHost = async (folder: string, env: Readonly<Record<string, string>>): Promise<BareHost> => {
  const child = spawn(process.execPath, ["--require", loadLate, sdk, "127.0.0.1:1"], {
    cwd: folder,
    env: { ...baseEnv(), ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "exit");
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const client = providerClient(Number(line));
  const Empty = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"))(
    "google-protobuf/google/protobuf/empty_pb.js",
  ) as { readonly Empty: new () => unknown };
  return {
    configure: async () => {
      const request = new messages.ConfigureRequest();
      request.setArgs(struct({}));
      await call(client, "configure", request);
    },
    create: async (kind, given) => {
      const check = new messages.CheckRequest();
      check.setOlds(struct({}));
      check.setNews(struct({ ...given, __provider: pointer(kind) }));
      const checked = await call<Messages.CheckResponse>(client, "check", check);
      const request = new messages.CreateRequest();
      request.setProperties(checked.getInputs());
      const answer = await call<Messages.CreateResponse>(client, "create", request);
      return { id: answer.getId() };
    },
    cancel: async () => {
      await call(client, "cancel", new Empty.Empty());
    },
    stop: async () => {
      client.close();
      child.kill();
      await ended;
    },
  };
};
