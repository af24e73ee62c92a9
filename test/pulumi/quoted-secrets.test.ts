import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import type { Adapter } from "../../src/pulumi/lifecycle/adapter.ts";
import { pulumiKinds } from "../../src/pulumi/lifecycle/adapters.ts";
import { createProvider } from "../../src/pulumi/lifecycle/create-provider.ts";
import { credentialFingerprint } from "../../src/pulumi/lifecycle/fingerprint.ts";
import { createService } from "../../src/service/index.ts";
import { type Answer, expectClean, key, on, quotes, rejecting, saying } from "../support/quoting.ts";
import { testCredentials } from "../support/service.ts";

const address = "http://usr:PLANTED-url-pw@127.0.0.1:1/PLANTED-path";
const query = "PLANTED-query";
const quote = `${quotes()} ${address}`;
const quoteOfJob = `${quotes()} ${JSON.stringify(query)}`;

const adapterOf = (kind: string): Adapter => {
  const found = pulumiKinds.get(kind)?.adapter;
  if (found === undefined) throw new Error(`there is no ${kind}`);
  return found;
};

/** Providers of one service that share a front. */
const scene = async () => {
  const service = await createService({ credentials: testCredentials, statusWait: 0, runImports: false });
  onTestFinished(() => service.close());
  const dir = await mkdtemp(join(tmpdir(), "connector-quotes-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  let answer: Answer = (_, pass) => pass();
  const rim = {
    env: {
      INFINO_ENDPOINT: "http://infino.test",
      INFINO_ACCESS_KEY: testCredentials.accessKey,
      INFINO_SECRET_KEY: testCredentials.secretKey,
    },
    dir,
    clock: Date.now,
    sleep: async () => undefined,
    fetch: (request: Request) => answer(request, () => service.fetch(request)),
  };
  return {
    // A process of its own for each.
    provider: (kind = "connection") => createProvider(adapterOf(kind), rim),
    intercept: (by: Answer = (_, pass) => pass()) => {
      answer = by;
    },
  };
};

const connection = (config: Properties = {}): Properties => ({
  source: "elasticsearch",
  auth: "api_key",
  name: "acme",
  config: { base_url: address, api_key: key, timeout_secs: 30, ...config },
});

type Failed = Error & { readonly id?: string; readonly properties?: Properties; readonly reasons?: readonly string[] };

const failureOf = async (work: Promise<unknown>): Promise<Failed> => {
  const error = await work.then(
    () => undefined,
    (failed: unknown) => failed,
  );
  if (!(error instanceof Error)) throw new Error("it did not fail");
  expectClean(error.message);
  expectClean((error as Failed).reasons ?? []);
  // What Pulumi's host prints of some errors.
  expectClean(`${error}: ${error.stack}`);
  expect(`${error}: ${error.stack}`.split(error.message)).toHaveLength(2);
  return error;
};

const statusReason = (state: Properties | undefined): unknown => state?.["statusReason"];

describe("a target that quotes what it was sent", () => {
  it("gives no secret away where a create is refused, nor where it was done in part", async () => {
    const { provider, intercept } = await scene();
    intercept(on("POST", "/source", rejecting(400, quote)));
    expect((await failureOf(provider().create(connection()))).message).toContain("answered 400");
    let isMade = false;
    intercept(async (request, pass) => {
      if (request.method === "POST") isMade = true;
      return isMade && request.method === "GET" ? rejecting(403, quote)(request, pass) : pass();
    });
    const partial = await failureOf(provider().create(connection()));
    expect(partial.id).toBeDefined();
    expect(partial.reasons).toHaveLength(1);
    expectClean(statusReason(partial.properties) ?? "");
  });

  it("gives no secret away where a look, an update or a delete is refused", async () => {
    const { provider, intercept } = await scene();
    const { id, outs = {} } = await provider().create(connection());
    intercept(on("GET", "/source", rejecting(403, quote)));
    expect((await failureOf(provider().read(id, outs))).message).toContain("403");
    intercept(on("PATCH", "/source", rejecting(400, quote)));
    const news = connection({ timeout_secs: 31, api_key: "another one" });
    expect((await failureOf(provider().update(id, outs, news))).message).toContain("400");
    intercept(on("DELETE", "/source", rejecting(403, quote)));
    expect((await failureOf(provider().delete(id, outs))).message).toContain("403");
  });

  it("gives no secret away in what it says of a resource's health", async () => {
    const { provider, intercept } = await scene();
    intercept(on("GET", "/source", saying(`http://127.0.0.1:1: connection refused: ${quote}`)));
    const { id, outs = {} } = await provider().create(connection());
    expectClean(statusReason(outs));
    expect(statusReason(outs)).toMatch(/^http:\/\/127\.0\.0\.1:1: connection refused: /);
    const { props = {} } = await provider().read(id, outs);
    expectClean(statusReason(props));
    const { outs: after = {} } = await provider().update(id, outs, connection({ api_key: "another one" }));
    expectClean(statusReason(after));
    expect(statusReason(after)).toMatch(/^http:\/\/127\.0\.0\.1:1: connection refused: /);
  });

  it("keeps its words where they hold none", async () => {
    const { provider, intercept } = await scene();
    const words = "http://127.0.0.1:9200: connection refused, as of node elasticsearch-1";
    intercept(on("GET", "/source", saying(words)));
    const { outs } = await provider().create(connection({ base_url: "http://127.0.0.1:9200" }));
    expect(statusReason(outs)).toBe(words);
  });

  it("is not believed of a secret of which the state has a fingerprint", async () => {
    const { provider, intercept } = await scene();
    const words = "http://127.0.0.1:1: connection refused";
    intercept(on("GET", "/source", saying(words)));
    const { id, outs = {} } = await provider().create(connection());
    const { api_key: _, ...config } = connection()["config"] as Properties;
    const path = "/config/api_key";
    const fingerprints = { [path]: credentialFingerprint(testCredentials.secretKey, id, path, key) };
    const imported = { ...outs, config, fingerprints };
    expect(statusReason((await provider().read(id, imported)).props)).toBe(words);
    intercept(on("GET", "/source", saying(quote)));
    const { props = {} } = await provider().read(id, imported);
    expect(props).toHaveProperty("status");
    expect(props).not.toHaveProperty("statusReason");
  });

  it("gives no query of a job away", async () => {
    const { provider, intercept } = await scene();
    const { id: source } = await provider().create(connection());
    const given = {
      connection: source,
      source: "elasticsearch",
      sourceDataset: "tickets",
      targetDataset: "tickets",
      query: { term: { name: query, key } },
    };
    intercept(on("PUT", "/import", rejecting(400, quoteOfJob)));
    await failureOf(provider("import-job").create(given));
    intercept(on("GET", "/import", saying(quoteOfJob)));
    const { id, outs = {} } = await provider("import-job").create(given);
    expectClean(statusReason(outs) ?? "");
    intercept(on("GET", "/import", rejecting(403, quoteOfJob)));
    await failureOf(provider("import-job").read(id, outs));
    intercept(on("DELETE", "/import", rejecting(403, quoteOfJob)));
    await failureOf(provider("import-job").delete(id, outs));
  });
});
