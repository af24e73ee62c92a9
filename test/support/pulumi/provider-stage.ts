import { onTestFinished } from "vitest";
import { createClient, type InfinoClient } from "../../../src/infino/index.ts";
import type { Adapter } from "../../../src/pulumi/lifecycle/adapter.ts";
import { createProvider, type Provider } from "../../../src/pulumi/lifecycle/create-provider.ts";
import { createService } from "../../../src/service/index.ts";
import { testCredentials } from "../service.ts";

type Answer = (request: Request, pass: () => Promise<Response>) => Promise<Response>;

export type ProviderStage = {
  /** A provider as a `pulumi` command has it; the earlier ones know nothing of it. */
  start(adapter: Adapter): Provider;
  /** Environment of the next provider. */
  readonly env: Record<string, string>;
  /** What another user of the service sees, and of the one at another address. */
  readonly other: InfinoClient;
  readonly elsewhere: InfinoClient;
  /** What was written while this ran. */
  writesOf(work: () => Promise<unknown>): Promise<readonly string[]>;
  /** Stands between the provider and the service from now on. */
  intercept(by: Answer): void;
};

export const addresses = { here: "http://here.process", elsewhere: "http://elsewhere.process" } as const;

export const never = new AbortController().signal;

/** Two services in process at different addresses, and providers that deploy to the one that `env` names. */
export const providerStage = async (dir = "/nowhere"): Promise<ProviderStage> => {
  const now = Date.now();
  let passed = 0;
  const clock = () => now + passed;
  const services = new Map(
    await Promise.all(
      Object.values(addresses).map(
        async (address) =>
          [
            new URL(address).host,
            await createService({ credentials: testCredentials, statusWait: 0, clock, runImports: false }),
          ] as const,
      ),
    ),
  );
  onTestFinished(async () => {
    for (const service of services.values()) await service.close();
  });
  const requests: string[] = [];
  let answer: Answer = (_request, pass) => pass();
  const pass = async (request: Request): Promise<Response> => {
    const service = services.get(new URL(request.url).host);
    return service === undefined ? new Response("", { status: 404 }) : service.fetch(request);
  };
  const env: Record<string, string> = {
    INFINO_ENDPOINT: addresses.here,
    INFINO_ACCESS_KEY: testCredentials.accessKey,
    INFINO_SECRET_KEY: testCredentials.secretKey,
  };
  const client = (endpoint: string): InfinoClient => createClient({ endpoint, ...testCredentials, fetch: pass });
  return {
    env,
    other: client(addresses.here),
    elsewhere: client(addresses.elsewhere),
    start: (adapter) =>
      createProvider(adapter, {
        env: { ...env },
        dir,
        clock,
        sleep: async (ms) => {
          passed += ms;
        },
        fetch: (request) => {
          requests.push(`${request.method} ${new URL(request.url).pathname}`);
          return answer(request, () => pass(request));
        },
      }),
    writesOf: async (work) => {
      const before = requests.length;
      await work();
      return requests.slice(before).filter((request) => !request.startsWith("GET"));
    },
    intercept: (by) => {
      answer = by;
    },
  };
};

export const failureOf = async (promise: Promise<unknown>): Promise<Error & Record<string, unknown>> => {
  const error = await promise.then(
    () => undefined,
    (failed: unknown) => failed,
  );
  if (!(error instanceof Error)) throw new Error("it did not fail");
  return error as Error & Record<string, unknown>;
};

/** Every dataset holds this many records. */
export const withRecords =
  (count: number): Answer =>
  async (_request, pass) => {
    const answer = await pass();
    return new Response((await answer.text()).replaceAll('"docs_count":0', `"docs_count":${count}`), answer);
  };
