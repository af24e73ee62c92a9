import { expect, it } from "vitest";
import { root } from "../support/pulumi/dynamic-host.ts";
import { missingEngine, type RealEngine, startRealEngine } from "../support/pulumi/real-engine.ts";
import { changedPaths } from "../support/pulumi/secret-marks.ts";
import { never, planted, type Stage, startStage } from "../support/pulumi/stage.ts";
import { type Story, storyProgram } from "../support/pulumi/story.ts";
import { skip } from "../support/skip.ts";

const what = "a program in Pulumi's real engine is made, left alone, refreshed, changed, replaced and destroyed";
const reason = missingEngine();

const greps = async (stage: Stage, engine: RealEngine): Promise<void> => {
  const pointers: string[] = [];
  const text = JSON.stringify(await engine.state(), (key, value: unknown) => {
    if (key !== "__provider" || typeof value !== "string") return value;
    pointers.push(value);
    return undefined;
  });
  for (const secret of [planted, stage.env["INFINO_SECRET_KEY"] ?? "", root, stage.folder]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/=>|function|require\(/);
  for (const pointer of pointers) expect(pointer).toMatch(/"connector-deployer\/providers\/v1\/[a-z-]+"\);$/);
  expect(pointers).toHaveLength(6);
};

const story = async (stage: Stage, engine: RealEngine): Promise<void> => {
  const program = (more: Omit<Story, "prefix"> = {}) => stage.program(storyProgram({ ...more, prefix: "real" }));
  const writes = async (work: () => Promise<unknown>) =>
    (await stage.requestsOf(work)).filter((request) => !request.startsWith("GET"));
  const up = async () => {
    const outcome = await engine.run("up", "--yes", "--skip-preview");
    expect(outcome.text).not.toContain(planted);
    expect(outcome.ok, outcome.text).toBe(true);
    await greps(stage, engine);
    return outcome.counts;
  };
  const job = async () => (await stage.other.listImportJobs(never))[0];
  const changes = async () =>
    (await engine.previewSteps()).flatMap(({ op, urn, before, after }) =>
      op === "same" ? [] : [[op, urn.split("::").at(-1), changedPaths(before, after)]],
    );

  program();
  const preview = await engine.run("preview");
  expect(preview, preview.text).toMatchObject({ ok: true, counts: { "to create": 4 } });
  expect(stage.front.requests).toEqual([]);
  expect(await up()).toEqual({ created: 4 });
  expect(await stage.requestsOf(async () => expect(await up()).toEqual({ unchanged: 4 }))).toEqual([]);

  const [connection] = await stage.named("real-crm");
  const id = String(connection?.id);
  await stage.other.updateConnection(id, { timeout_secs: 99 }, never);
  const refreshed = await engine.run("refresh", "--yes", "--skip-preview", "--diff");
  expect(refreshed, refreshed.text).toMatchObject({ ok: true, counts: { updated: 1, unchanged: 3 } });
  expect(refreshed.text.match(/^ +[~+-] .*$/gm)?.map((line) => line.trim())).toEqual([
    "~ pulumi-nodejs:dynamic/connector-deployer:Connection: (update)",
    "~ live (hidden)",
    expect.stringMatching(/^~ config +: \{$/),
    "~ timeout_secs: 30 => 99",
    "~ 1 updated",
  ]);
  await greps(stage, engine);
  expect(await changes()).toEqual([["update", "real-crm", ["config.timeout_secs"]]]);
  const sent = await writes(async () => expect(await up()).toEqual({ updated: 1, unchanged: 3 }));
  expect(sent).toEqual([`PATCH /source/${id}`]);
  expect(await stage.live(id)).toMatchObject({ timeout_secs: 30 });

  const before = await job();
  program({ timeout: 60, schedule: "0 6 * * *" });
  expect(await up()).toEqual({ updated: 1, replaced: 1, unchanged: 2 });
  expect(await job()).toMatchObject({ source_id: id, schedule: "0 6 * * *" });
  expect((await job())?.job_id).not.toBe(before?.job_id);

  program({ timeout: 60, schedule: "0 6 * * *", source: "opensearch" });
  const order = await writes(async () => expect(await up()).toEqual({ replaced: 2, unchanged: 2 }));
  expect(order.map((request) => request.replace(/\/[^/]*$/, ""))).toEqual([
    "DELETE /import/jobs",
    "DELETE /source",
    "POST /source",
    "PUT /import",
  ]);

  const destroyed = await engine.run("destroy", "--yes", "--skip-preview");
  expect(destroyed, destroyed.text).toMatchObject({ ok: true, counts: { deleted: 4 } });
  expect(await stage.other.listImportJobs(never)).toEqual([]);
  expect(await stage.other.listConnections(never)).toEqual([]);
  expect((await stage.other.listDatasets(never)).filter(({ index }) => index.startsWith("real-"))).toEqual([]);
  expect(await engine.state()).toEqual([]);
};

if (reason !== undefined) skip(what, reason);
else {
  it(what, { timeout: 300_000 }, async () => {
    const stage = await startStage("connection");
    try {
      stage.program(storyProgram({ prefix: "real" }));
      const engine = await startRealEngine(stage.folder, stage.env, "story");
      try {
        await story(stage, engine);
      } finally {
        engine.remove();
      }
    } finally {
      await stage.stop();
    }
  });
}
