import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import type { Properties } from "../../../src/contract/index.ts";
import { createTenantProvider } from "../../../src/pulumi/whole-tenant/create-tenant-provider.ts";
import type { SignalSource } from "../../../src/pulumi/whole-tenant/stop-signal.ts";
import type { Service } from "../../../src/service/index.ts";
import { createService } from "../../../src/service/index.ts";
import { credentials, defaultFiles, env, type Files, write } from "../../deploy/project-folder.ts";

type Fetch = (request: Request) => Promise<Response>;

export type TenantStage = {
  /** The folder of the program; the project is in `deploy`. */
  readonly folder: string;
  readonly service: Service;
  /** `METHOD /path` of every request. */
  readonly requests: string[];
  /** Environment of the next provider. */
  readonly env: Record<string, string>;
  /** A provider as a `pulumi` command has it; the earlier ones know nothing of it. */
  start(signals?: SignalSource): ReturnType<typeof createTenantProvider>;
  write(files: Files): Promise<void>;
  /** What was written while this ran. */
  writesOf(work: () => Promise<unknown>): Promise<readonly string[]>;
  /** Stands between the provider and the service from now on. */
  intercept(by: (request: Request, pass: Fetch) => Promise<Response>): void;
};

/** A project folder, a service in process, and providers of whole tenants that deploy to it. */
export const tenantStage = async (files: Files = {}): Promise<TenantStage> => {
  const folder = await mkdtemp(join(tmpdir(), "connector-tenants-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "Pulumi.yaml"), "name: fleet\nruntime: nodejs\n");
  await write(join(folder, "deploy"), { ...defaultFiles, ...files });
  const service = await createService({ credentials, statusWait: 0, runImports: false });
  onTestFinished(() => service.close());
  const requests: string[] = [];
  const own: Record<string, string> = { ...env };
  let answer = (request: Request, pass: Fetch): Promise<Response> => pass(request);
  const isWrite = (request: string): boolean => !request.startsWith("GET");
  return {
    folder,
    service,
    requests,
    env: own,
    start: (signals) =>
      createTenantProvider(
        {
          env: { ...own },
          dir: folder,
          clock: Date.now,
          sleep: async () => undefined,
          fetch: (request) => {
            requests.push(`${request.method} ${new URL(request.url).pathname}`);
            return answer(request, (passed) => service.fetch(passed));
          },
        },
        // Shared files are read again by each call.
        { idle: 0, ...(signals === undefined ? {} : { signals }) },
      ),
    write: (changed) => write(join(folder, "deploy"), changed),
    writesOf: async (work) => {
      const before = requests.length;
      await work();
      return requests.slice(before).filter(isWrite);
    },
    intercept: (by) => {
      answer = by;
    },
  };
};

export const declared = (more: Properties = {}): Properties => ({ project: "./deploy", tenant: "t001", ...more });

export type Provider = ReturnType<typeof createTenantProvider>;

/** Checks and creates, as a first `pulumi up` does. */
export const make = async (provider: Provider, given: Properties = declared()) => {
  const { inputs = {}, failures = [] } = await provider.check({}, given);
  expect(failures).toEqual([]);
  const { id, outs = {} } = await provider.create(inputs);
  return { id, inputs, outs };
};

/** Checks and compares, as every `pulumi up` and preview does. */
export const compare = async (provider: Provider, id: string, olds: Properties, given: Properties = declared()) => {
  const { inputs = {}, failures = [] } = await provider.check({}, given);
  expect(failures).toEqual([]);
  return { inputs, ...(await provider.diff(id, olds, inputs)) };
};

export const errorOf = async (promise: Promise<unknown>): Promise<Error & Record<string, unknown>> => {
  const error = await promise.then(
    () => undefined,
    (failed: unknown) => failed,
  );
  if (!(error instanceof Error)) throw new Error("it did not fail");
  return error as Error & Record<string, unknown>;
};
