import { spawn } from "node:child_process";
import { mkdir, rm, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ApplyReport, Project } from "../../src/deploy/index.ts";
import { formatPlan, openProject } from "../../src/deploy/index.ts";
import { baseEnv } from "../support/base-env.ts";
import type { Operation, UploadDouble } from "../support/upload-double.ts";
import { uploadDouble } from "../support/upload-double.ts";
import type { Files } from "./project-folder.ts";
import { env, opened, project as projectFile, projectFolder, startedService, write } from "./project-folder.ts";

const dataset = "acme-t001-crm-regions";
const csv = (...rows: readonly string[]): string => ["code,name", ...rows].join("\n");
const three = csv("no,Norway", "se,Sweden", "dk,Denmark");
const two = csv("fi,Finland", '"is","Ice, land"');

const template = (more = ""): string => `
- { _id: "<<@ system @>>-regions", type: dataset, on_delete: delete }
- { _id: "<<@ system @>>-regions-file", type: file, dataset: "<<@ system @>>-regions", path: data/regions.csv, on_delete: delete${more} }
`;

const files = (more = "", data: Files = { "data/regions.csv": three }): Files => ({
  "connector-deployer.yaml": projectFile.replace("settle: 5ms", "settle: 150ms\n    request_timeout: 300ms"),
  "connectors/crm/manifest.yaml": "system-template: templates/system.yaml\n",
  "connectors/crm/templates/system.yaml": template(more),
  "tenants/t002.yaml": "id: t002\nstate: absent\nconnectors: {}\n",
  ...data,
});

type Stage = {
  readonly dir: string;
  readonly double: UploadDouble;
  readonly project: Project;
  apply(options?: Parameters<Project["plan"]>[0]): Promise<ApplyReport>;
  /** What an apply by itself asks the target to change. */
  writes(): readonly Operation[];
};

const stage = async (more = "", data?: Files): Promise<Stage> => {
  const double = await uploadDouble();
  const dir = await projectFolder(files(more, data));
  const project = await openProject(dir, { env: { ...env, INFINO_ENDPOINT: double.endpoint } });
  onTestFinished(() => project[Symbol.asyncDispose]());
  return {
    dir,
    double,
    project,
    apply: async (options) => {
      const plan = await project.plan(options);
      double.requests.length = 0;
      return project.apply(plan);
    },
    writes: () => double.requests.filter((name) => ["create", "remove", "delete", "upload"].includes(name)),
  };
};

const outcomes = (report: ApplyReport): readonly string[] =>
  report.results.map(({ kind, op, outcome }) => `${op} ${kind} ${outcome}`);

const error = (report: ApplyReport) => report.results.find(({ kind }) => kind === "file")?.error;

const change = (dir: string, text: string): Promise<void> => write(dir, { "data/regions.csv": text });

const ofFile = "acme-t001-crm-regions-file";

describe("a file", () => {
  it("is uploaded into its dataset, counted, and then left alone", async () => {
    const { apply, double, project, writes } = await stage(", batch_size: 2");
    expect(outcomes(await apply())).toEqual(["insert dataset done", "insert file done"]);
    expect(double.lines(dataset)).toEqual(["no,Norway", "se,Sweden", "dk,Denmark"]);
    expect(double.uploads).toEqual([
      { dataset, format: "csv", batchSize: "2", name: "regions.csv", async: false, payload: "UNSIGNED-PAYLOAD" },
    ]);
    const again = await project.plan();
    expect(again.changes).toEqual([]);
    expect(again.summary.noop).toBe(2);
    expect(outcomes(await apply())).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it("costs a plan no listing of its own", async () => {
    const { apply, double, project } = await stage();
    await apply();
    double.requests.length = 0;
    await project.plan();
    expect(double.requests.toSorted()).toEqual(["connections", "jobs", "list"]);
  });

  it("that was only touched is not uploaded again", async () => {
    const { apply, dir, writes } = await stage();
    await apply();
    await change(dir, three);
    await utimes(join(dir, "data/regions.csv"), new Date(), new Date(Date.now() + 10_000));
    expect(outcomes(await apply())).toEqual([]);
    expect(writes()).toEqual([]);
  });

  it("with another content takes the place of the old one", async () => {
    const { apply, dir, double, project, writes } = await stage();
    await apply();
    await change(dir, two);
    const plan = await project.plan();
    expect(plan.changes.map(({ op, fields }) => [op, fields?.map(({ path }) => path)])).toEqual([
      ["update", ["/content"]],
    ]);
    expect(outcomes(await apply())).toEqual(["update file done"]);
    expect(writes()).toEqual(["delete", "upload"]);
    expect(double.lines(dataset)).toEqual(["fi,Finland", '"is","Ice, land"']);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("is not uploaded again for another mode, format or size of batches", async () => {
    const { apply, dir, project, writes } = await stage();
    await apply();
    const now = template(", format: csv, batch_size: 7, async_mode: true");
    await write(dir, { "connectors/crm/templates/system.yaml": now });
    const later = await openProject(dir, {
      env: { ...env, INFINO_ENDPOINT: (await project.plan()).targets["default"]?.endpoint },
    });
    await using _ = later;
    const report = await later.apply(await later.plan());
    expect(report.summary).toMatchObject({ update: 0, replace: 0, insert: 0, failed: 0 });
    expect(writes().filter((name) => name === "upload")).toHaveLength(1);
    expect((await later.plan()).changes).toEqual([]);
  });

  it("makes a plan stale when its content changes", async () => {
    const { dir, double, project } = await stage();
    const plan = await project.plan();
    await change(dir, two);
    await expect(project.apply(plan)).rejects.toMatchObject({ code: "stale-plan" });
    expect(double.uploads).toEqual([]);
  });

  it("of any format is counted as the target counts it", async () => {
    const formats = {
      "data/regions.json": '[{"a": "[1]"}, {"a": 2}]',
      "data/regions.ndjson": '{"a":1}\r\n{"a":2}\r\n',
    };
    for (const [path, text] of Object.entries(formats)) {
      const { apply, dir, double } = await stage("", { [path]: text });
      await write(dir, { "connectors/crm/templates/system.yaml": template().replace("data/regions.csv", path) });
      const { project } = { project: await openProject(dir, { env: { ...env, INFINO_ENDPOINT: double.endpoint } }) };
      await using _ = project;
      expect(outcomes(await project.apply(await project.plan()))).toEqual(["insert dataset done", "insert file done"]);
      expect(double.lines(dataset)).toHaveLength(2);
      expect(apply).toBeDefined();
    }
  });

  it("leaves records of somebody else alone until they are taken over", async () => {
    const { apply, double, project, writes } = await stage();
    double.add(dataset, "theirs");
    const plan = await project.plan();
    expect(plan.refusals.map(({ guard }) => guard)).toContain("adoption-needed");
    await apply({ adopt: [`file/${ofFile}`, `dataset/${dataset}`] });
    expect(writes()).toEqual([]);
    expect(outcomes(await apply())).toEqual(["update file done"]);
    expect(double.lines(dataset)).toHaveLength(3);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("does not replace records that came between the plan and the upload", async () => {
    const { double, project } = await stage();
    const plan = await project.plan();
    double.watch((operation, moment) => {
      if (operation === "create" && moment === "done") double.add(dataset, "theirs");
    });
    const report = await project.apply(plan);
    expect(report.results.at(-1)?.outcome).toBe("conflict");
    expect(double.lines(dataset)).toEqual(["theirs"]);
  });

  it("does not replace records that came between its last look and the upload", async () => {
    const { double, project } = await stage();
    const plan = await project.plan();
    double.watch((operation, moment) => {
      if (operation === "list" && moment === "done" && double.requests.includes("create"))
        double.add(dataset, "theirs");
    });
    const report = await project.apply(plan);
    expect(report.results.at(-1)).toMatchObject({ outcome: "failed", error: { code: "target-problem" } });
    expect(double.uploads).toEqual([]);
    expect(new Set(double.lines(dataset))).toEqual(new Set(["theirs"]));
  });
});

describe("a file that goes", () => {
  it("keeps its records unless its component and the run both say otherwise", async () => {
    const { apply, dir, double, project } = await stage();
    await apply();
    await write(dir, { "tenants/t001.yaml": "id: t001\nstate: absent\nconnectors: { crm: {} }\n" });
    expect((await apply()).summary).toMatchObject({ delete: 0, retained: 2 });
    expect(double.lines(dataset)).toHaveLength(3);
    expect(outcomes(await apply({ deleteData: true }))).toEqual(["delete file done", "delete dataset done"]);
    expect(double.lines(dataset)).toEqual([]);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("loses its records, not the dataset", async () => {
    const { apply, dir, double } = await stage();
    await apply();
    const only = template().split("\n").slice(0, 2).join("\n");
    await write(dir, { "connectors/crm/templates/system.yaml": only });
    const project = await openProject(dir, { env: { ...env, INFINO_ENDPOINT: double.endpoint } });
    await using _ = project;
    double.requests.length = 0;
    const report = await project.apply(await project.plan({ prune: true, deleteData: true, maxDeletes: 1 }));
    expect(outcomes(report)).toEqual(["delete file done"]);
    expect(double.requests).toContain("delete");
    expect(double.requests).not.toContain("remove");
    expect(double.lines(dataset)).toEqual([]);
  });
});

describe("a file that moves to another dataset", () => {
  const elsewhere = `${dataset}-2`;
  const moved = template().replaceAll('-regions"', '-regions-2"');
  const allowed = { prune: true, deleteData: true, maxDeletes: 9 } as const;

  it("is refused where data may not be lost", async () => {
    const { apply, dir, double, project } = await stage();
    await apply();
    await write(dir, { "connectors/crm/templates/system.yaml": moved });
    const later = await openProject(dir, { env: { ...env, INFINO_ENDPOINT: double.endpoint } });
    await using _ = later;
    expect((await later.plan()).refusals.map(({ guard }) => guard)).toEqual(["protected"]);
    expect(double.lines(dataset)).toHaveLength(3);
    expect(project).toBeDefined();
  });

  it.each(["half", "one-short", undefined] as const)("is uploaded there, then taken away here (%s)", async (fault) => {
    const { apply, dir, double } = await stage();
    await apply();
    await write(dir, { "connectors/crm/templates/system.yaml": moved });
    const later = await openProject(dir, { env: { ...env, INFINO_ENDPOINT: double.endpoint } });
    await using _ = later;
    if (fault !== undefined) {
      double.faults.push({ on: "upload", fault });
      const report = await later.apply(await later.plan(allowed));
      expect(report.results.some(({ kind, outcome }) => kind === "file" && outcome !== "done")).toBe(true);
      expect(double.lines(dataset)).toHaveLength(3);
    }
    const report = await later.apply(await later.plan(allowed));
    expect(report.summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
    await later.apply(await later.plan(allowed));
    expect(double.lines(elsewhere)).toEqual(["no,Norway", "se,Sweden", "dk,Denmark"]);
    expect(double.lines(dataset)).toEqual([]);
    expect((await later.plan(allowed)).changes).toEqual([]);
  });
});

const errorsOf = async (project: Project) =>
  (await project.validate()).diagnostics.filter(({ severity }) => severity === "error");

describe("a file that is wrong", () => {
  it("sends nothing, and names row and column", async () => {
    const { apply, dir, double, writes } = await stage();
    await apply();
    await change(dir, csv("no,Norway", "se", "dk,Denmark"));
    const report = await apply();
    expect(error(report)).toMatchObject({
      code: "invalid-files",
      message: expect.stringContaining('row 3, column 2 ("name")'),
    });
    expect(JSON.stringify(report)).not.toContain("Denmark");
    expect(writes()).toEqual([]);
    expect(double.lines(dataset)).toHaveLength(3);
    await change(dir, two);
    expect(outcomes(await apply())).toEqual(["update file done"]);
  });

  it("is refused where it holds no records: it would empty the dataset", async () => {
    const { apply, dir, double, writes } = await stage();
    await apply();
    await change(dir, "code,name\n");
    expect(error(await apply())).toMatchObject({ code: "invalid-files" });
    expect(writes()).toEqual([]);
    expect(double.lines(dataset)).toHaveLength(3);
  });

  const place = { file: "connectors/crm/templates/system.yaml", line: 3 };
  const situations: Readonly<Record<string, { path: string; code: string; make?: (dir: string) => Promise<void> }>> = {
    "is not there": { path: "data/nothing.csv", code: "file-not-found" },
    "is a folder": {
      path: "data/a.csv",
      code: "invalid-value",
      make: async (dir) => void (await mkdir(join(dir, "data/a.csv"))),
    },
    "leaves the project": { path: "../regions.csv", code: "path-outside-project" },
    "is absolute": { path: "/etc/hosts.csv", code: "path-outside-project" },
    "is a link that leaves the project": {
      path: "data/link.csv",
      code: "path-outside-project",
      make: (dir) => symlink("/etc/hosts", join(dir, "data/link.csv")),
    },
    "is in a folder that is such a link": {
      path: "data/etc/hosts.csv",
      code: "path-outside-project",
      make: (dir) => symlink("/etc", join(dir, "data/etc")),
    },
    "is the key of the ledger": { path: ".connector-deployer/key.csv", code: "invalid-value" },
    "is the key of the ledger by another name": {
      path: "data/key.csv",
      code: "invalid-value",
      make: async (dir) => {
        await write(dir, { ".connector-deployer/key": "secret" });
        await symlink("../.connector-deployer/key", join(dir, "data/key.csv"));
      },
    },
    "has a name that says no format": {
      path: "data/regions",
      code: "invalid-value",
      make: (dir) => write(dir, { "data/regions": three }),
    },
  };

  it.each(Object.entries(situations))("that %s is named with its place", async (_, { path, code, make }) => {
    const dir = await projectFolder(files());
    await make?.(dir);
    await write(dir, { "connectors/crm/templates/system.yaml": template().replace("data/regions.csv", path) });
    const project = await opened(dir, await startedService());
    expect(await errorsOf(project)).toMatchObject([{ code, location: place, tenant: "t001" }]);
    await expect(project.plan()).rejects.toMatchObject({ code: "invalid-files" });
  });

  it("by another digest than the one that is given is named", async () => {
    const dir = await projectFolder(files(`, content: "sha256:${"0".repeat(64)}"`));
    const project = await opened(dir, await startedService());
    expect(await errorsOf(project)).toMatchObject([{ code: "invalid-value", location: place }]);
  });

  it("has its other fields checked too", async () => {
    const dir = await projectFolder(files(", mode: merge, batch_size: 0, async_mode: 3"));
    const project = await opened(dir, await startedService());
    const codes = (await errorsOf(project)).map(({ code }) => code);
    expect(codes.toSorted()).toEqual(["invalid-value", "invalid-value", "wrong-type"]);
  });

  it("that cannot be read any more when it is applied sends nothing", async () => {
    const { dir, double, project } = await stage();
    const plan = await project.plan();
    double.watch(async (operation, moment) => {
      if (operation === "create" && moment === "done") await rm(join(dir, "data/regions.csv"));
    });
    const report = await project.apply(plan);
    expect(report.results.at(-1)).toMatchObject({ outcome: "failed", error: { code: "invalid-files" } });
    expect(double.uploads).toEqual([]);
  });

  it("that changes after the plan was checked sends nothing", async () => {
    const { dir, double, project } = await stage();
    const plan = await project.plan();
    double.watch(async (operation, moment) => {
      if (operation === "create" && moment === "done") await change(dir, two);
    });
    const report = await project.apply(plan);
    expect(report.results.at(-1)).toMatchObject({ outcome: "failed", error: { code: "stale-plan" } });
    expect(double.uploads).toEqual([]);
  });
});

describe("a target that fails an upload", () => {
  const right = ["fi,Finland", '"is","Ice, land"'];

  const faults: Readonly<Record<string, Parameters<UploadDouble["faults"]["push"]>[0]>> = {
    "deletes the records and hangs up": { on: "delete", fault: "cut" },
    "deletes half the records and hangs up": { on: "delete", fault: "half" },
    "takes the file and hangs up": { on: "upload", fault: "cut" },
    "takes the file and answers with something else": { on: "upload", fault: "malformed" },
  };

  it.each(Object.entries(faults))("but %s is found out by counting", async (_, fault) => {
    const { apply, dir, double, project, writes } = await stage();
    await apply();
    await change(dir, two);
    double.faults.push(fault);
    expect(outcomes(await apply())).toEqual(["update file done"]);
    expect(writes().filter((name) => name === "upload")).toHaveLength(1);
    expect(double.lines(dataset)).toEqual(right);
    expect((await project.plan()).changes).toEqual([]);
  });

  const halves: typeof faults = {
    "refuses the upload": { on: "upload", fault: "refuse", status: 503 },
    "takes half and hangs up": { on: "upload", fault: "half" },
    "takes one record too few": { on: "upload", fault: "one-short" },
    "does not take a record": { on: "upload", fault: "one-failed" },
    "leaves an old record": { on: "delete", fault: "one-short" },
  };

  it.each(Object.entries(halves))("and %s fails the change, and the next run does it in full", async (_, fault) => {
    const { apply, dir, double, project, writes } = await stage();
    await apply();
    await change(dir, two);
    double.faults.push(fault);
    expect(outcomes(await apply())).toEqual(["update file failed"]);
    expect(writes().filter((name) => name === "upload").length).toBeLessThanOrEqual(1);
    expect((await project.plan()).refusals).toEqual([]);
    const next = await apply();
    expect(next.summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
    expect(double.lines(dataset)).toEqual(right);
    expect((await project.plan()).changes).toEqual([]);
  });

  it.each(Object.entries(halves))("and %s is known even if the old content comes back", async (_, fault) => {
    const { apply, dir, double, project } = await stage();
    await apply();
    await change(dir, two);
    double.faults.push(fault);
    await apply();
    await change(dir, three);
    expect((await apply()).summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
    expect(double.lines(dataset)).toEqual(["no,Norway", "se,Sweden", "dk,Denmark"]);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("in a first upload is done again in full, and needs no adoption", async () => {
    for (const fault of ["half", "one-short"] as const) {
      const { apply, double, project } = await stage();
      double.faults.push({ on: "upload", fault });
      expect(outcomes(await apply())).toEqual(["insert dataset done", "insert file failed"]);
      expect(double.lines(dataset)).toHaveLength(2);
      const plan = await project.plan();
      expect(plan.refusals).toEqual([]);
      expect((await project.apply(plan)).summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
      expect(double.lines(dataset)).toEqual(["no,Norway", "se,Sweden", "dk,Denmark"]);
      expect((await project.plan()).changes).toEqual([]);
    }
  });

  it("by counts that lag is waited for, as long as the target's settle", async () => {
    const { apply, dir, double } = await stage();
    await apply();
    await change(dir, two);
    double.lag(3);
    expect(outcomes(await apply())).toEqual(["update file done"]);
    expect(double.lines(dataset)).toEqual(right);
    await change(dir, three);
    double.lag(1_000);
    expect(error(await apply())).toMatchObject({ code: "target-problem" });
  });

  it("refuses everything at once without touching what is there", async () => {
    const { apply, dir, double, writes } = await stage();
    await apply();
    await change(dir, two);
    double.faults.push({ on: "delete", fault: "refuse", status: 403 });
    expect(outcomes(await apply())).toEqual(["update file failed"]);
    expect(writes()).toEqual(["delete"]);
    expect(double.lines(dataset)).toHaveLength(3);
  });
});

describe("an asynchronous upload", () => {
  it("is followed to its end", async () => {
    const { apply, double, project } = await stage(", async_mode: true");
    expect(outcomes(await apply())).toEqual(["insert dataset done", "insert file done"]);
    expect(double.uploads).toMatchObject([{ async: true }]);
    expect(double.requests.filter((name) => name === "run")).toHaveLength(3);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("whose job fails says why, and is done again", async () => {
    const { apply, double } = await stage(", async_mode: true");
    double.faults.push({ on: "upload", fault: "job-fails" });
    expect(error(await apply())).toMatchObject({ message: expect.stringContaining("disk full; row 7") });
    expect((await apply()).summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
    expect(double.lines(dataset)).toHaveLength(3);
  });

  it("ends when the run is abandoned", async () => {
    const { double, project } = await stage(", async_mode: true");
    const abort = new AbortController();
    double.faults.push({ on: "upload", fault: "job-hangs" });
    double.watch((operation) => {
      if (operation === "run") abort.abort();
    });
    const report = await project.apply(await project.plan(), { abort: abort.signal });
    expect(report.results.at(-1)?.outcome).not.toBe("done");
  });
});

describe("a file that is appended", () => {
  const more = ", mode: append";

  it("adds each new content once", async () => {
    const { apply, dir, double, project, writes } = await stage(more);
    await apply();
    await change(dir, two);
    expect(outcomes(await apply())).toEqual(["update file done"]);
    expect(writes()).toEqual(["upload"]);
    expect(double.lines(dataset)).toHaveLength(5);
    expect(outcomes(await apply())).toEqual([]);
    expect((await project.plan()).changes).toEqual([]);
  });

  it("is found out by counting where the answer is lost", async () => {
    const { apply, dir, double, project } = await stage(more);
    await apply();
    await change(dir, two);
    double.faults.push({ on: "upload", fault: "cut" });
    expect(outcomes(await apply())).toEqual(["update file done"]);
    expect(double.lines(dataset)).toHaveLength(5);
    expect((await project.plan()).changes).toEqual([]);
  });

  it.each([0, 1])("is never repeated alone: a half is left to a person (%i uploads before)", async (before) => {
    const { apply, dir, double, project } = await stage(more);
    if (before > 0) {
      await apply();
      await change(dir, two);
    }
    double.faults.push({ on: "upload", fault: "half" });
    const first = await project.plan();
    expect((await project.apply(first)).summary).toMatchObject({ uncertain: 1 });
    const uploads = double.uploads.length;
    const lines = double.lines(dataset).length;
    expect((await project.apply(first)).summary.uncertain).toBeGreaterThanOrEqual(0);
    for (let run = 0; run < 2; run++) {
      const plan = await project.plan();
      expect(plan.refusals).not.toEqual([]);
      await project.apply(plan);
    }
    expect(double.uploads).toHaveLength(uploads);
    await apply({ adopt: [`file/${ofFile}`] });
    expect((await project.plan()).changes).toEqual([]);
    expect(double.uploads).toHaveLength(uploads);
    expect(double.lines(dataset)).toHaveLength(lines);
  });
});

describe("records that were taken over", () => {
  it.each([
    ["append", 1],
    ["replace", 2],
  ])("are not known: mode %s has uploaded %i times after the next apply", async (mode, uploads) => {
    const { apply, double, project } = await stage(`, mode: ${mode}`);
    await apply();
    await project.forget({ resources: [`file/${ofFile}`] });
    await apply({ adopt: [`file/${ofFile}`] });
    await apply();
    expect(double.uploads).toHaveLength(uploads);
    expect((await project.plan()).changes).toEqual([]);
  });
});

describe("a run that is killed in the middle of an upload", () => {
  const script = fileURLToPath(new URL("../support/apply-process.ts", import.meta.url));

  /** Applies in a process of its own and kills it at a moment; false: it came to its end. */
  const killedAt = async (
    { dir, double }: Stage,
    operation: Operation,
    moment: string,
    plan?: string,
  ): Promise<boolean> => {
    const child = spawn(process.execPath, [script, dir, ...(plan === undefined ? [] : [plan])], {
      env: { ...baseEnv(), ...env, INFINO_ENDPOINT: double.endpoint },
      stdio: "ignore",
    });
    const ended = new Promise<boolean>((resolve) => child.once("exit", (_, signal) => resolve(signal === "SIGKILL")));
    double.watch(async (now, when) => {
      if (now !== operation || when !== moment) return;
      child.kill("SIGKILL");
      await ended;
    });
    const killed = await ended;
    double.watch(() => undefined);
    return killed;
  };

  const moments = [
    ["delete", "asked"],
    ["delete", "done"],
    ["upload", "half"],
    ["upload", "asked"],
    ["upload", "done"],
  ] as const;

  it.each(moments)("at %s %s: the next one does it in full", async (operation, moment) => {
    const one = await stage();
    await one.apply();
    await change(one.dir, two);
    one.double.faults.push({ on: "upload", fault: "half" });
    expect(await killedAt(one, operation, moment)).toBe(true);
    one.double.faults.length = 0;
    const plan = await one.project.plan();
    expect(plan.refusals).toEqual([]);
    expect((await one.project.apply(plan)).summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
    expect(one.double.lines(dataset)).toEqual(["fi,Finland", '"is","Ice, land"']);
    expect((await one.project.plan()).changes).toEqual([]);
  });

  it.each(moments.slice(2))(
    "at %s %s, for the first time: nothing is taken for somebody else's",
    async (operation, moment) => {
      const one = await stage();
      one.double.faults.push({ on: "upload", fault: "half" });
      expect(await killedAt(one, operation, moment)).toBe(true);
      one.double.faults.length = 0;
      const plan = await one.project.plan();
      expect(plan.refusals).toEqual([]);
      expect((await one.project.apply(plan)).summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
      expect(one.double.lines(dataset)).toEqual(["no,Norway", "se,Sweden", "dk,Denmark"]);
      expect((await one.project.plan()).changes).toEqual([]);
    },
  );

  it.each(moments.slice(2))("at %s %s: the same plan can be applied again", async (operation, moment) => {
    const one = await stage();
    const plan = await one.project.plan();
    await write(one.dir, { "plan.json": formatPlan(plan) });
    // What the target took before the run was killed is a part.
    one.double.faults.push({ on: "upload", fault: "half" });
    expect(await killedAt(one, operation, moment, join(one.dir, "plan.json"))).toBe(true);
    one.double.faults.length = 0;
    expect((await one.project.apply(plan)).summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
    expect(one.double.lines(dataset)).toEqual(["no,Norway", "se,Sweden", "dk,Denmark"]);
    expect((await one.project.plan()).changes).toEqual([]);
  });

  it.each([0, 1])("is not done again where it appends (%i uploads before)", async (before) => {
    const one = await stage(", mode: append");
    if (before > 0) {
      await one.apply();
      await change(one.dir, two);
    }
    const plan = await one.project.plan();
    await write(one.dir, { "plan.json": formatPlan(plan) });
    expect(await killedAt(one, "upload", "done", join(one.dir, "plan.json"))).toBe(true);
    const lines = one.double.lines(dataset).length;
    expect((await one.project.apply(plan)).summary).toMatchObject({ failed: 0, uncertain: 1 });
    await one.project.apply(await one.project.plan());
    expect(one.double.lines(dataset)).toHaveLength(lines);
  });

  it("and the old content came back: what is there is not trusted", async () => {
    const one = await stage();
    await one.apply();
    await change(one.dir, two);
    expect(await killedAt(one, "upload", "done")).toBe(true);
    await change(one.dir, three);
    expect((await one.apply()).summary).toMatchObject({ failed: 0, uncertain: 0, conflict: 0 });
    expect(one.double.lines(dataset)).toEqual(["no,Norway", "se,Sweden", "dk,Denmark"]);
  });
});
