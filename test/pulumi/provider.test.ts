import { describe, expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { connectionAdapter } from "../../src/pulumi/lifecycle/connection-adapter.ts";
import { createProvider } from "../../src/pulumi/lifecycle/create-provider.ts";
import { createService } from "../../src/service/index.ts";
import { testCredentials } from "../support/service.ts";

const planted = "planted-api-key-0";
const inputs: Properties = {
  source: "elasticsearch",
  auth: "api_key",
  name: "acme",
  config: { base_url: "http://127.0.0.1:1", api_key: planted },
};

type Answer = (request: Request, pass: () => Promise<Response>) => Promise<Response>;

/** A provider on a service in process, with a clock that only moves when somebody sleeps. */
const stage = async (answer: Answer = (_request, pass) => pass()) => {
  let now = Date.now();
  const clock = () => now;
  const service = await createService({ credentials: testCredentials, statusWait: 0, clock });
  onTestFinished(() => service.close());
  const requests: string[] = [];
  const rim = {
    env: {
      INFINO_ENDPOINT: "http://in.process",
      INFINO_ACCESS_KEY: testCredentials.accessKey,
      INFINO_SECRET_KEY: testCredentials.secretKey,
    },
    dir: "/nowhere",
    clock,
    sleep: async (ms: number) => {
      now += ms;
    },
    fetch: async (request: Request) => {
      requests.push(request.method);
      return answer(request, () => service.fetch(request));
    },
  };
  return {
    start: () => createProvider(connectionAdapter, rim),
    requests,
    pass: (ms: number) => {
      now += ms;
    },
  };
};

const failureOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe("a create", () => {
  it("that cannot be read back is recorded all the same", async () => {
    let broken = true;
    const { start } = await stage(async (request, pass) =>
      broken && request.method === "GET" && !request.url.endsWith("/connections")
        ? new Response("", { status: 500 })
        : pass(),
    );
    const provider = start();
    const error = await failureOf(provider.create(inputs));
    expect(error).toMatchObject({ id: expect.any(String), properties: inputs, reasons: [expect.any(String)] });
    expect(JSON.stringify((error as { reasons: unknown }).reasons)).not.toContain(planted);
    expect((error as Error).message).not.toContain(planted);
    const { id, properties } = error as { id: string; properties: Properties };

    // Pulumi updates next time what it recorded so.
    broken = false;
    const { outs } = await provider.update(id, properties, inputs);
    expect(outs).toMatchObject({ ...inputs, live: { source: "elasticsearch" } });
    expect(await provider.diff(id, outs ?? {}, inputs)).toMatchObject({ changes: false });
  });

  it("claims no attempt that is older than an hour", async () => {
    const { start, pass, requests } = await stage();
    await start().create(inputs);
    pass(3_600_001);
    expect(await failureOf(start().create(inputs))).toMatchObject({ code: "blocked" });
    expect(requests.filter((method) => method !== "GET")).toEqual(["POST"]);
  });

  it("claims an attempt that is younger", async () => {
    const { start, pass, requests } = await stage();
    const { id } = await start().create(inputs);
    pass(3_000_000);
    expect((await start().create(inputs)).id).toBe(id);
    expect(requests.filter((method) => method !== "GET")).toEqual(["POST", "PATCH"]);
  });

  it("claims an attempt with values that the target worked out itself", async () => {
    const key = JSON.stringify({ project_id: "acme-project", private_key: planted });
    const bigquery = {
      source: "bigquery",
      auth: "service_account_key",
      name: "acme-bigquery",
      config: { dataset_ids: "sales", service_account_key: key },
    };
    const { start } = await stage();
    const { id, outs } = await start().create(bigquery);
    expect(outs).toHaveProperty("live.config.project_id", "acme-project");
    expect((await start().create(bigquery)).id).toBe(id);
  });
});

describe("a target that spells values in its own way", () => {
  /** Gives base addresses back with a slash at their end. */
  const slashes: Answer = async (_request, pass) => {
    const answer = await pass();
    const text = (await answer.text()).replaceAll('"http://127.0.0.1:1"', '"http://127.0.0.1:1/"');
    return new Response(text, answer);
  };

  it("makes no difference, before and after a refresh", async () => {
    const { start } = await stage(slashes);
    const provider = start();
    const { id, outs = {} } = await provider.create(inputs);
    expect(outs).toMatchObject({ config: inputs["config"], live: { config: { base_url: "http://127.0.0.1:1/" } } });
    expect(await provider.diff(id, outs, inputs)).toMatchObject({ changes: false });
    const { props = {}, inputs: read } = await provider.read(id, outs);
    expect(read).toEqual(inputs);
    expect(await provider.diff(id, props, inputs)).toMatchObject({ changes: false });
    const news = { ...inputs, config: { ...(inputs["config"] as Properties), timeout_secs: 60 } };
    expect((await provider.update(id, props, news)).outs).toMatchObject(news);
  });
});

describe("what a provider returns", () => {
  it("holds no undefined", async () => {
    const provider = (await stage()).start();
    const { id, outs = {} } = await provider.create(inputs);
    const answers = [outs, await provider.read(id, outs), await provider.update(id, outs, { ...inputs, adopt: true })];
    for (const answer of answers) expect(JSON.parse(JSON.stringify(answer))).toStrictEqual(answer);
  });
});
