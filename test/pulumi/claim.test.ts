import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import { datasetAdapter } from "../../src/pulumi/lifecycle/dataset-adapter.ts";
import { fileUploadAdapter } from "../../src/pulumi/lifecycle/file-upload-adapter.ts";
import { importJobAdapter } from "../../src/pulumi/lifecycle/import-job-adapter.ts";
import { failureOf, never, providerStage, withRecords } from "../support/pulumi/provider-stage.ts";

const config = { name: "crm", base_url: "http://127.0.0.1:1", api_key: "theirs" };

/** A job of an earlier attempt that had other arguments, of which the target tells nothing. */
const jobs = async () => {
  const stage = await providerStage();
  const { connection_id } = await stage.other.createConnection("elasticsearch", config, never);
  const inputs: Properties = {
    connection: connection_id,
    source: "elasticsearch",
    targetDataset: "contacts",
    sourceDataset: "contacts",
  };
  const first = await stage.start(importJobAdapter).create({ ...inputs, sourceDataset: "people", query: "SELECT 1" });
  const live = async () => (await stage.other.listImportJobs(never)).map(({ job_id }) => job_id);
  return { ...stage, inputs, first, live };
};

describe("a job of an earlier attempt, whose arguments cannot be read", () => {
  it("is made anew as it is asked for", async () => {
    const { start, inputs, first, live, writesOf } = await jobs();
    const provider = start(importJobAdapter);
    const written = await writesOf(async () => {
      const { id, outs = {} } = await provider.create(inputs);
      expect(id).not.toBe(first.id);
      expect(await live()).toEqual([id]);
      expect(outs).toMatchObject({ ...inputs, jobId: id });
      expect(await provider.diff(id, outs, inputs)).toMatchObject({ changes: false });
    });
    expect(written.map((request) => request.split(" ")[0])).toEqual(["DELETE", "PUT"]);
  });

  it("is not doubled where its deletion does not show", async () => {
    const { start, inputs, first, live, intercept } = await jobs();
    intercept(async (request, pass) => (request.method === "DELETE" ? Response.json({ success: true }) : pass()));
    expect(await failureOf(start(importJobAdapter).create(inputs))).not.toHaveProperty("properties");
    expect(await live()).toEqual([first.id]);
  });

  it("says that it is deleted where the new one fails, and the next run makes it", async () => {
    const { start, inputs, first, live, intercept } = await jobs();
    intercept(async (request, pass) => (request.method === "PUT" ? new Response("", { status: 400 }) : pass()));
    const failure = await failureOf(start(importJobAdapter).create(inputs));
    expect(failure.message).toMatch(new RegExp(`${first.id}.*is deleted`));
    expect(failure).not.toHaveProperty("properties");
    expect(await live()).toEqual([]);
    intercept((_request, pass) => pass());
    const { id } = await start(importJobAdapter).create(inputs);
    expect(await live()).toEqual([id]);
  });

  it("stays where it differs in what can be read", async () => {
    const { start, inputs, first, live, writesOf } = await jobs();
    const written = await writesOf(async () => {
      for (const more of [{}, { adopt: true }]) {
        const failure = await failureOf(start(importJobAdapter).create({ ...inputs, schedule: "1 1 * * *", ...more }));
        expect(failure).toMatchObject({ code: "blocked", message: expect.stringContaining(first.id) });
      }
    });
    expect(written).toEqual([]);
    expect(await live()).toEqual([first.id]);
  });

  it("is deleted once more by the resource that had it before, without harm to the new one", async () => {
    const { start, inputs, first, live } = await jobs();
    const provider = start(importJobAdapter);
    const { id } = await provider.create({ ...inputs, adopt: true });
    await provider.delete(first.id, first.outs ?? {});
    expect(await live()).toEqual([id]);
  });
});

describe("a dataset of an earlier attempt", () => {
  it("is claimed while it is empty", async () => {
    const { start } = await providerStage();
    await start(datasetAdapter).create({ name: "contacts" });
    expect((await start(datasetAdapter).create({ name: "contacts" })).id).toBe("contacts");
  });

  it("is somebody's where it holds records: it is named, and only taken over when asked for", async () => {
    const { start, intercept, writesOf } = await providerStage();
    await start(datasetAdapter).create({ name: "contacts" });
    intercept(withRecords(5));
    const inputs = { name: "contacts", onDelete: "delete" };
    const written = await writesOf(async () => {
      const failure = await failureOf(start(datasetAdapter).create(inputs));
      expect(failure).toMatchObject({ code: "blocked", message: expect.stringMatching(/contacts.*5.*adopt: true/) });
      expect((await start(datasetAdapter).create({ ...inputs, adopt: true })).id).toBe("contacts");
    });
    expect(written).toEqual([]);
  });
});

describe("a dataset that holds records when a file is uploaded for the first time", () => {
  const upload = async (more: Properties = {}) => {
    const dir = mkdtempSync(join(tmpdir(), "connector-claim-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    writeFileSync(join(dir, "data.jsonl"), '{"id":1}\n');
    const stage = await providerStage(dir);
    await stage.other.createDataset("contacts", never);
    const provider = stage.start(fileUploadAdapter);
    const { inputs = {} } = await provider.check({}, { dataset: "contacts", path: "data.jsonl", ...more });
    return { ...stage, create: () => failureOf(provider.create(inputs)) };
  };

  it.each([
    ["when it is listed", false],
    ["only when it is read", true],
  ])("is left alone and named, with Pulumi's way out: it shows %s", async (_, lags) => {
    const { intercept, create, writesOf } = await upload();
    const filled = withRecords(5);
    intercept((request, pass) =>
      lags && new URL(request.url).pathname === "/metadata" ? pass() : filled(request, pass),
    );
    const written = await writesOf(async () => {
      const failure = await create();
      expect(failure).toMatchObject({ code: "blocked", message: expect.stringMatching(/contacts.*adopt: true/) });
      expect(failure.message).not.toContain("--adopt");
    });
    expect(written).toEqual([]);
  });

  it("says that a file which is added would be added once more", async () => {
    const { intercept, create } = await upload({ mode: "append" });
    intercept(withRecords(5));
    expect((await create()).message).toContain("adopt: true adds");
  });
});
