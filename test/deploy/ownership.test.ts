import { rm } from "node:fs/promises";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { describe, expect, it } from "vitest";
import { signedClient } from "../support/signed.ts";
import {
  credentials,
  env,
  opened,
  project as projectFile,
  projectFolder,
  startedService,
  system,
  tenant,
  write,
} from "./project-folder.ts";

const oneTenant = { "tenants/t002.yaml": tenant("t002", "state: absent\n") };

describe("a lost ledger", () => {
  it("stops the run where live objects carry our names", async () => {
    const service = await startedService();
    const dir = await projectFolder();
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    await project[Symbol.asyncDispose]();
    await rm(join(dir, ".connector-deployer"), { recursive: true });
    const again = await opened(dir, service);
    const plan = await again.plan();
    expect(plan.refusals[0]).toMatchObject({ guard: "empty-ledger" });
    expect(plan.refusals[0]).not.toHaveProperty("tenant");
    const report = await again.apply(plan);
    expect(report.results.every((result) => result.outcome === "skipped")).toBe(true);
    // A refused run leaves no trace that would let the next one through.
    expect((await again.plan()).refusals[0]).toMatchObject({ guard: "empty-ledger" });
    const adopting = await again.plan({ adopt: ["**"] });
    expect(adopting.refusals).toEqual([]);
  });

  it("does not stop a first deploy beside strangers", async () => {
    const service = await startedService();
    const client = signedClient(credentials, (request) => service.fetch(request));
    await client("PUT", "/source/elasticsearch", {
      config: { name: "acme-t0011-crm", base_url: "http://x", api_key: "k" },
    });
    const project = await opened(await projectFolder(), service);
    expect((await project.plan()).refusals).toEqual([]);
  });
});

/** The request as the account's first key signs it. */
const signedAgain = async (request: Request): Promise<Request> => {
  const headers = new Headers(request.headers);
  for (const name of ["authorization", "x-amz-date", "x-amz-content-sha256"]) headers.delete(name);
  const body = request.method === "GET" ? undefined : await request.text();
  const signer = new AwsClient({
    accessKeyId: env.INFINO_ACCESS_KEY,
    secretAccessKey: env.INFINO_SECRET_KEY,
    service: "es",
    region: "us-east-1",
  });
  return signer.sign(request.url, { method: request.method, headers, ...(body === undefined ? {} : { body }) });
};

describe("another access key", () => {
  const other = { ...env, INFINO_ACCESS_KEY: "IAK_OTHER" };

  it("is fine where what we own is there", async () => {
    const service = await startedService();
    const dir = await projectFolder(oneTenant);
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    // The same account behind another key: what the service checks is not what this is about.
    const again = await opened(dir, service, {
      env: other,
      fetch: async (request) => service.fetch(await signedAgain(request)),
    });
    const plan = await again.plan();
    expect(plan.refusals).toEqual([]);
    expect(plan.changes).toEqual([]);
  });

  it("is refused where nothing of it is there: it may be another account", async () => {
    const service = await startedService();
    const dir = await projectFolder(oneTenant);
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    const { createService } = await import("../../src/service/index.ts");
    const elsewhere = await createService({
      credentials: { accessKey: "IAK_OTHER", secretKey: env.INFINO_SECRET_KEY },
      statusWait: 0,
    });
    const again = await opened(dir, elsewhere, { env: other });
    const plan = await again.plan();
    expect(plan.refusals[0]).toMatchObject({ guard: "other-endpoint" });
    expect((await again.plan({ acceptTarget: true })).refusals).toEqual([]);
    await elsewhere.close();
  });
});

describe("a renamed component", () => {
  it("keeps its live object and its secret: nothing is written", async () => {
    const service = await startedService();
    const pinned = system.replace("config: {", "config: { name: pinned-<<@ system @>>,");
    const dir = await projectFolder({ "connectors/crm/templates/system.yaml": pinned, ...oneTenant });
    const project = await opened(dir, service);
    await project.apply(await project.plan());
    await write(dir, {
      "connectors/crm/templates/system.yaml": pinned.replace("_id: <<@ system @>>", "_id: <<@ system @>>-main"),
      "connectors/crm/templates/datatype.yaml":
        "_id: <<@ system @>>-<<@ datatype @>>\ntype: dataset\nname: <<@ system @>>-<<@ datatype @>>\n---\n_id: <<@ system @>>-<<@ datatype @>>-collect\ntype: import-job\nconnection: <<@ system @>>-main\nsource_dataset: contacts\ntarget_dataset: <<@ system @>>-<<@ datatype @>>\nquery: { query: { match_all: {} } }\n",
      "connector-deployer.yaml": `${projectFile}moved: [{ from: connection/acme-t001-crm, to: connection/acme-t001-crm-main }]\n`,
    });
    const writes: string[] = [];
    const renamed = await opened(dir, service, {
      fetch: (request) => {
        if (request.method !== "GET") writes.push(request.url);
        return service.fetch(request);
      },
    });
    const plan = await renamed.plan();
    expect(plan.changes.map(({ op, kind }) => [op, kind])).toEqual([
      ["rename", "connection"],
      ["noop", "import-job"],
    ]);
    expect((await renamed.apply(plan)).summary).toMatchObject({ rename: 1, failed: 0 });
    expect(writes).toEqual([]);
    expect((await renamed.plan()).changes).toEqual([]);
  });
});
