import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../support/pulumi/dynamic-host.ts";
import type { Run } from "../support/pulumi/engine-double.ts";
import { never, planted, type Stage, startStage } from "../support/pulumi/stage.ts";
import { type Story, storyProgram } from "../support/pulumi/story.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage("connection");
});
afterAll(() => stage.stop());

let count = 0;

/** A program of its own on the stage's service, and an engine with an empty state. */
const stageStory = () => {
  const prefix = `story-${++count}`;
  const engine = stage.engine();
  const program = (story: Omit<Story, "prefix"> = {}) => stage.program(storyProgram({ ...story, prefix }));
  return {
    prefix,
    engine,
    program,
    /** No state may hold what it must not, whatever was done. */
    up: async (story?: Omit<Story, "prefix">) => {
      const run = await engine.up(program(story));
      greps(engine.rawState());
      return run;
    },
    refresh: async () => {
      const run = await engine.refresh();
      greps(engine.rawState());
      return run;
    },
    preview: (story?: Omit<Story, "prefix">) => engine.preview(program(story)),
    /** What became of what, in order, without what stayed the same. */
    changes: ({ steps }: Run) =>
      steps.flatMap(({ op, name }) => (op === "same" ? [] : [`${op} ${name.replace(`${prefix}-`, "")}`])),
    jobs: async () =>
      (await stage.other.listImportJobs(never)).filter((job) => job.target_dataset === `${prefix}-contacts`),
    connections: () => stage.named(`${prefix}-crm`),
  };
};

const writes = async (work: () => Promise<unknown>): Promise<readonly string[]> =>
  (await stage.requestsOf(work)).filter((request) => !request.startsWith("GET"));

const greps = (state: string): void => {
  for (const text of [planted, root, stage.folder, stage.env["INFINO_SECRET_KEY"] ?? "", "node_modules"]) {
    expect(state).not.toContain(text);
  }
  const pointer = /"__provider": "(?:[^"\\]|\\.)*"/g;
  for (const [text] of state.matchAll(pointer)) expect(text).toMatch(/providers\/v1\/(connection|dataset|import-job)/);
  expect(state.replaceAll(pointer, "")).not.toMatch(/=>|function|require\(/);
};

describe("a program", { timeout: 120_000 }, () => {
  it("is previewed without a write, makes everything, and then asks the target for nothing", async () => {
    const { preview, up, changes, engine, connections, jobs, program } = stageStory();
    let run: Run | undefined;
    const previewed = await stage.requestsOf(async () => {
      run = await preview();
    });
    expect(previewed).toEqual([]);
    expect(run).toMatchObject({ ok: true, log: "" });
    expect(changes(run as Run).sort()).toEqual(["create collect", "create contacts", "create crm"]);
    expect(engine.resources()).toEqual([]);

    const made = await up();
    expect(made).toMatchObject({ ok: true, diagnostics: [], log: "" });
    expect(changes(made).at(-1)).toBe("create collect");
    const [[connection], [job]] = await Promise.all([connections(), jobs()]);
    expect(made.outputs).toEqual({ connectionId: connection?.id, jobId: job?.job_id, config: "[secret]" });
    expect(job).toMatchObject({ source_id: connection?.id, schedule: "0 0 * * *" });
    expect(engine.rawState()).toContain('"base_url": "http://127.0.0.1:1"');

    const another = stage.engine();
    another.importFile(engine.shownState());
    for (const state of [engine, another]) {
      const requests = await stage.requestsOf(async () => {
        run = await state.up(program());
      });
      expect(requests).toEqual([]);
      expect(run?.steps.map(({ op }) => op)).toEqual(["same", "same", "same"]);
      expect(run?.outputs).toEqual(made.outputs);
    }
  });

  it("with one changed value makes one update, and replaces a job that cannot be changed", async () => {
    const { preview, up, changes, jobs } = stageStory();
    await up();
    const previewed = await preview({ timeout: 60 });
    expect(changes(previewed)).toEqual(["update crm"]);
    expect(previewed.steps.find(({ op }) => op === "update")?.shown).toEqual(["config.timeout_secs"]);
    const sent = await writes(async () => expect(changes(await up({ timeout: 60 }))).toEqual(["update crm"]));
    expect(sent).toEqual([expect.stringMatching(/^PATCH \/source\//)]);

    const [before] = await jobs();
    const later = { timeout: 60, schedule: "0 6 * * *" };
    const expected = ["delete-replaced collect", "replace collect"];
    expect(changes(await preview(later))).toEqual(expected);
    expect(await jobs()).toEqual([before]);
    expect(changes(await up(later))).toEqual(expected);
    expect(await jobs()).toEqual([expect.objectContaining({ schedule: "0 6 * * *" })]);
    expect((await jobs())[0]?.job_id).not.toBe(before?.job_id);
  });

  it("replaces a connection with its job, which goes first and comes last, and takes away what it no longer declares", async () => {
    const { preview, up, changes, jobs, connections } = stageStory();
    await up();
    const expected = ["delete-replaced collect", "delete-replaced crm", "replace crm", "replace collect"];
    expect(changes(await preview({ source: "opensearch" }))).toEqual(expected);
    expect(changes(await up({ source: "opensearch" }))).toEqual(expected);
    const [[connection, ...more], [job]] = await Promise.all([connections(), jobs()]);
    expect(more).toEqual([]);
    expect(connection).toMatchObject({ type: "opensearch" });
    expect(job?.source_id).toBe(connection?.id);

    expect(changes(await up({ source: "opensearch", job: false }))).toEqual(["delete collect"]);
    expect(await jobs()).toEqual([]);
    expect(await connections()).toHaveLength(1);
  });

  it("shows after a refresh exactly what somebody else changed, sets it back, and makes anew what is gone", async () => {
    const { preview, up, changes, refresh, connections, jobs } = stageStory();
    await up();
    const [connection] = await connections();
    const id = String(connection?.id);
    await stage.other.updateConnection(id, { timeout_secs: 99 }, never);
    const refreshed = await refresh();
    expect(changes(refreshed)).toEqual(["refresh crm"]);
    const seen = ["config.timeout_secs"];
    expect(refreshed.steps.find(({ op }) => op === "refresh")).toMatchObject({ changed: seen, shown: seen });
    const previewed = await preview();
    expect(changes(previewed)).toEqual(["update crm"]);
    expect(previewed.steps.find(({ op }) => op === "update")?.shown).toEqual(["config.timeout_secs"]);
    const sent = await writes(async () => expect(changes(await up())).toEqual(["update crm"]));
    expect(sent).toEqual([`PATCH /source/${id}`]);
    expect(await stage.live(id)).toMatchObject({ timeout_secs: 30 });

    const [job] = await jobs();
    await stage.other.deleteImportJob(String(job?.job_id), never);
    expect(changes(await refresh())).toEqual(["delete collect"]);
    expect(changes(await up())).toEqual(["create collect"]);
    expect(await jobs()).toHaveLength(1);
  });

  it("deletes nothing after an error, and is destroyed in reverse order", async () => {
    const { up, changes, engine, jobs, connections, prefix } = stageStory();
    await up();
    const wrong = await up({ job: false, source: "elasticsaerch" });
    expect(wrong.ok).toBe(false);
    expect(changes(wrong)).toEqual([]);
    expect(wrong.log).toContain('did you mean "elasticsearch"');
    expect([...(await jobs()), ...(await connections())]).toHaveLength(2);

    const run = await engine.destroy();
    expect(run.ok).toBe(true);
    expect(changes(run)[0]).toBe("delete collect");
    expect(changes(run).sort()).toEqual(["delete collect", "delete contacts", "delete crm"]);
    expect([...(await jobs()), ...(await connections())]).toEqual([]);
    expect((await stage.other.listDatasets(never)).filter(({ index }) => index.startsWith(prefix))).toEqual([]);
    expect(engine.resources()).toEqual([]);
  });

  it("leaves out what needs a resource that failed, names that one, and goes on from there next time", async () => {
    const { up, changes, engine, jobs, connections, prefix } = stageStory();
    const { id } = await stage.make({
      source: "elasticsearch",
      auth: "none",
      name: `${prefix}-crm`,
      config: { base_url: "http://127.0.0.1:1" },
    });
    const run = await up();
    expect(run.ok).toBe(false);
    expect(changes(run).filter((change) => change !== "create contacts")).toEqual([]);
    const errors = run.diagnostics.filter(
      ({ severity, urn }) => severity === "error" && urn.endsWith(`::${prefix}-crm`),
    );
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining(id) })]);
    expect(run.log).not.toContain(planted);
    expect(await jobs()).toEqual([]);

    await stage.other.deleteConnection(id, never);
    const next = await up();
    expect(next.ok).toBe(true);
    expect(changes(next).slice(-2)).toEqual(["create crm", "create collect"]);
    expect([...(await jobs()), ...(await connections())]).toHaveLength(2);
    expect(engine.resources().filter(({ custom }) => custom)).toHaveLength(3);
  });
});
