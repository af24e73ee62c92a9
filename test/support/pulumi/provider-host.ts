import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { baseEnv } from "../base-env.ts";
import { call, type Messages, messages, partialFailure, providerClient, type Struct, struct } from "./grpc.ts";

const loadLate = createRequire(import.meta.url).resolve("./load-late.cjs");
const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/dynamic-provider/index.js");

export type State = { readonly [key: string]: unknown };
export type Failure = { readonly property: string; readonly reason: string };
export type Difference = {
  readonly changes: boolean;
  readonly replaces: readonly string[];
  readonly deletesFirst: boolean;
};

/**
 * Pulumi's real host of dynamic providers. It serves every kind: which provider is asked follows from the pointer,
 * `__provider`, in the values.
 */
export type ProviderHost = {
  check(olds: State, news: State): Promise<{ readonly inputs: State; readonly failures: readonly Failure[] }>;
  /** Olds are outputs, news are inputs. */
  diff(id: string, olds: State, news: State): Promise<Difference>;
  create(inputs: State): Promise<{ readonly id: string; readonly outs: State }>;
  /** Without a state it is a look-up by id. */
  read(
    id: string,
    state: State | undefined,
    inputs: State,
  ): Promise<{ readonly id: string; readonly props: State; readonly inputs: State | undefined }>;
  update(id: string, olds: State, news: State): Promise<State>;
  delete(id: string, state: State): Promise<void>;
  /** Everything that the host printed. */
  printed(): string;
  stop(): Promise<void>;
};

/** A create or update that failed after the object was made. */
export class PartialFailure extends Error {
  override readonly name = "PartialFailure";
  readonly id: string;
  readonly outs: State;
  readonly reasons: readonly string[];

  constructor(message: string, id: string, outs: State, reasons: readonly string[]) {
    super(message);
    this.id = id;
    this.outs = outs;
    this.reasons = reasons;
  }
}

const plain = (value: Struct | undefined): State => value?.toJavaScript() ?? {};

const orPartial = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer;
  } catch (error) {
    const found = partialFailure(error);
    if (found === undefined) throw error;
    throw new PartialFailure(
      found.getReasonsList().join("\n"),
      found.getId(),
      plain(found.getProperties()),
      found.getReasonsList(),
    );
  }
};

/** Starts a host in a folder, with these variables beside PATH. */
export const startProviderHost = async (
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<ProviderHost> => {
  const child = spawn(process.execPath, ["--require", loadLate, sdk, "127.0.0.1:1"], {
    cwd: folder,
    env: { ...baseEnv(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    output += `${line}\n`;
  });
  const port = await Promise.race([
    once(lines, "line").then(([line]) => Number(line)),
    ended.then(() => Promise.reject(new Error(`the host ended: ${output}`))),
  ]);
  const client = providerClient(port);
  const configure = new messages.ConfigureRequest();
  configure.setArgs(struct({}));
  await call(client, "configure", configure);

  return {
    check: async (olds, news) => {
      const request = new messages.CheckRequest();
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      const answer = await call<Messages.CheckResponse>(client, "check", request);
      const failures = answer.getFailuresList();
      return {
        inputs: plain(answer.getInputs()),
        failures: failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
      };
    },
    diff: async (id, olds, news) => {
      const request = new messages.DiffRequest();
      request.setId(id);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      const answer = await call<Messages.DiffResponse>(client, "diff", request);
      if (answer.getChanges() === messages.DiffResponse.DiffChanges.DIFF_UNKNOWN) throw new Error("diff does not say");
      return {
        changes: answer.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
        replaces: answer.getReplacesList(),
        deletesFirst: answer.getDeletebeforereplace(),
      };
    },
    create: async (inputs) => {
      const request = new messages.CreateRequest();
      request.setProperties(struct(inputs));
      const answer = await orPartial(call<Messages.CreateResponse>(client, "create", request));
      return { id: answer.getId(), outs: plain(answer.getProperties()) };
    },
    read: async (id, state, inputs) => {
      const request = new messages.ReadRequest();
      request.setId(id);
      if (state !== undefined) request.setProperties(struct(state));
      request.setInputs(struct(inputs));
      const answer = await call<Messages.ReadResponse>(client, "read", request);
      return { id: answer.getId(), props: plain(answer.getProperties()), inputs: answer.getInputs()?.toJavaScript() };
    },
    update: async (id, olds, news) => {
      const request = new messages.UpdateRequest();
      request.setId(id);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      const answer = await orPartial(call<Messages.UpdateResponse>(client, "update", request));
      return plain(answer.getProperties());
    },
    delete: async (id, state) => {
      const request = new messages.DeleteRequest();
      request.setId(id);
      request.setProperties(struct(state));
      await call(client, "delete", request);
    },
    printed: () => output,
    stop: async () => {
      client.close();
      child.kill();
      await ended;
    },
  };
};
