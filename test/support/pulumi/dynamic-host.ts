import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pointer } from "../../../src/pulumi/pointer.ts";
import { call, type Messages, messages, providerClient, type Struct, struct } from "./grpc.ts";

export const root = join(import.meta.dirname, "../../..");
const sdk = createRequire(import.meta.url).resolve("@pulumi/pulumi/cmd/dynamic-provider/index.js");

export type State = { readonly [key: string]: unknown };
export type Failure = { readonly property: string; readonly reason: string };

/** What Pulumi's engine can ask a dynamic provider, with the values that it would pass. */
export type DynamicHost = {
  check(olds: State, news: State): Promise<{ inputs: State; failures: readonly Failure[] }>;
  diff(
    id: string,
    olds: State,
    news: State,
  ): Promise<{ changes: boolean; replaces: readonly string[]; deletesFirst: boolean }>;
  create(inputs: State): Promise<{ id: string; outs: State }>;
  read(id: string, state: State | undefined, inputs: State): Promise<{ id: string; props: State; inputs: State }>;
  update(id: string, olds: State, news: State): Promise<State>;
  delete(id: string, state: State): Promise<void>;
  /** Everything that the host printed. */
  printed(): string;
  stop(): Promise<void>;
};

const marked = (state: State, kind: string): State => ({ ...state, __provider: pointer(kind) });
const plain = (value: Struct | undefined): State => value?.toJavaScript() ?? {};

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
  const child = spawn(process.execPath, [sdk, "127.0.0.1:1"], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", ...env },
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
      request.setNews(struct(marked(news, kind)));
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
      request.setNews(struct(marked(news, kind)));
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
      request.setProperties(struct(marked(inputs, kind)));
      const answer = await call<Messages.CreateResponse>(client, "create", request);
      return { id: answer.getId(), outs: plain(answer.getProperties()) };
    },
    read: async (id, state, inputs) => {
      const request = new messages.ReadRequest();
      request.setId(id);
      if (state !== undefined) request.setProperties(struct(marked(state, kind)));
      request.setInputs(struct(marked(inputs, kind)));
      const answer = await call<Messages.ReadResponse>(client, "read", request);
      return { id: answer.getId(), props: plain(answer.getProperties()), inputs: plain(answer.getInputs()) };
    },
    update: async (id, olds, news) => {
      const request = new messages.UpdateRequest();
      request.setId(id);
      request.setOlds(struct(olds));
      request.setNews(struct(marked(news, kind)));
      const answer = await call<Messages.UpdateResponse>(client, "update", request);
      return plain(answer.getProperties());
    },
    delete: async (id, state) => {
      const request = new messages.DeleteRequest();
      request.setId(id);
      request.setProperties(struct(marked(state, kind)));
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
