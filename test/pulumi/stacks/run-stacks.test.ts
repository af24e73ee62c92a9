import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { StackEvent, StackReport, StacksOptions, StackTenant } from "../../../src/pulumi/stacks/index.ts";
import { knownSecrets, runStacks } from "../../../src/pulumi/stacks/index.ts";
import type { FakePulumi } from "./fake-pulumi.ts";
import { createFakePulumi } from "./fake-pulumi.ts";

const tenant = (id: string, facts: Partial<StackTenant> = {}): StackTenant => ({
  id,
  state: "present",
  wave: undefined,
  secrets: {},
  ...facts,
});

const tenants = (...ids: readonly string[]): readonly StackTenant[] => ids.map((id) => tenant(id));

const never = new AbortController().signal;

const run = async (
  fake: FakePulumi,
  options: Partial<StacksOptions> & Pick<StacksOptions, "tenants">,
): Promise<StackReport & { readonly events: readonly StackEvent[] }> => {
  const events: StackEvent[] = [];
  const report = await runStacks({
    command: "up",
    stacks: new Set(options.tenants.map(({ id }) => id)),
    waves: [],
    environment: "default",
    dir: fake.program,
    env: fake.env,
    logDir: join(fake.root, "logs"),
    parallel: 4,
    onError: "continue",
    extra: [],
    secrets: async () => [],
    stop: never,
    abort: never,
    clock: Date.now,
    report: (event) => events.push(event),
    ...options,
  });
  return { ...report, events };
};

const outcomes = ({ results }: StackReport): Readonly<Record<string, string>> =>
  Object.fromEntries(
    results.map(({ tenant: id, outcome, error }) => [id, error === undefined ? outcome : `${outcome} ${error.code}`]),
  );

/** The most that ran at once. */
const mostAtOnce = async (fake: FakePulumi): Promise<number> => {
  let running = 0;
  let most = 0;
  for (const { at } of await fake.calls()) {
    if (at === "SIGINT") continue;
    running += at === "begin" ? 1 : -1;
    most = Math.max(most, running);
  }
  return most;
};

describe("stacks that are run", () => {
  it("are run in the folder of the program, unattended, with what is handed on last", async () => {
    await using fake = await createFakePulumi();
    const report = await run(fake, { tenants: tenants("t001"), extra: ["--refresh"] });
    const [call] = await fake.calls();
    expect(call).toMatchObject({
      cwd: fake.program,
      argv: [
        ...["up", "--stack", "t001", "--yes", "--skip-preview", "--non-interactive", "--color", "never"],
        ...["--refresh", "--stack=t001"],
      ],
    });
    expect(report.results).toMatchObject([
      {
        tenant: "t001",
        stack: "t001",
        outcome: "done",
        counts: { create: 2, update: 0, replace: 0, delete: 0, same: 1 },
      },
    ]);
    expect(report.summary).toMatchObject({ done: 1, failed: 0 });
  });

  it("are as many at once as asked for, and no more", async () => {
    await using fake = await createFakePulumi({
      by: Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((id) => [id, { wait: 300 }])),
    });
    await run(fake, { tenants: tenants("a", "b", "c", "d", "e", "f", "g"), parallel: 3 });
    expect(await mostAtOnce(fake)).toBe(3);
    expect(await fake.work()).toHaveLength(7);
  });

  it("are made first where they are missing, and only by up and preview", async () => {
    await using fake = await createFakePulumi();
    const stacks = new Set<string>();
    const up = await run(fake, { tenants: tenants("t001"), stacks, secretsProvider: "passphrase" });
    expect(up.results).toMatchObject([{ outcome: "done", isNew: true }]);
    expect(await fake.work()).toEqual(["stack init t001", "up t001"]);
    expect((await fake.calls())[0]?.argv.slice(4, 7)).toEqual(["--no-select", "--secrets-provider", "passphrase"]);
    const preview = await run(fake, { command: "preview", tenants: tenants("t002"), stacks });
    expect(preview.results).toMatchObject([{ outcome: "changes", isNew: true, counts: { create: 2 } }]);
    const before = (await fake.calls()).length;
    for (const command of ["destroy", "refresh"] as const) {
      expect(outcomes(await run(fake, { command, tenants: tenants("t003"), stacks }))).toEqual({
        t003: "skipped no-stack",
      });
    }
    expect(await fake.calls()).toHaveLength(before);
  });

  it("are not brought up for tenants that leave, and are destroyed for those and for tenants without a file", async () => {
    await using fake = await createFakePulumi();
    const leaving = [tenant("t001", { state: "absent" }), tenant("t002", { state: "gone" })];
    expect(outcomes(await run(fake, { tenants: leaving }))).toEqual({ t001: "skipped absent", t002: "skipped absent" });
    expect(await fake.calls()).toEqual([]);
    expect(outcomes(await run(fake, { command: "destroy", tenants: leaving }))).toEqual({ t001: "done", t002: "done" });
  });

  it("are unchanged where nothing was to be done, and of unknown changes where pulumi does not say it", async () => {
    await using fake = await createFakePulumi({
      by: { same: { print: "Resources:\n    2 unchanged\n" }, silent: { print: "done!\n" } },
    });
    const { results } = await run(fake, { tenants: tenants("same", "silent") });
    expect(results[0]).toMatchObject({ outcome: "unchanged", counts: { same: 2 } });
    expect(results[1]?.outcome).toBe("done");
    expect(results[1]).not.toHaveProperty("counts");
  });
});

describe("a failure", () => {
  it("of a tenant's file is that tenant's alone, and keeps nobody from looking at what it has", async () => {
    await using fake = await createFakePulumi();
    const problems = ["tenants/b.yaml:1:5: wrong"];
    const all = [tenant("a"), tenant("b", { state: "broken", problems })];
    const up = await run(fake, { tenants: all });
    expect(outcomes(up)).toEqual({ a: "done", b: "failed invalid-files" });
    expect(up.results[1]?.error?.lines).toEqual(problems);
    expect((await fake.calls()).filter(({ argv }) => argv.includes("b"))).toEqual([]);
    expect(outcomes(await run(fake, { tenants: all, command: "refresh" }))).toEqual({ a: "done", b: "done" });
  });

  it("stays with its stack, and names what pulumi called an error and the log", async () => {
    await using fake = await createFakePulumi({
      by: {
        t002: {
          exit: 1,
          print:
            "Diagnostics:\n  x:y:Connection (acme-t002-crm):\n    error: grüße 🎉: cannot be reached\n\n  pulumi:pulumi:Stack (p-t002):\n    error: update failed\n\nResources:\n    2 unchanged\n    1 errored\n",
        },
      },
    });
    const report = await run(fake, { tenants: tenants("t001", "t002", "t003") });
    expect(outcomes(report)).toEqual({ t001: "done", t002: "failed pulumi-failed", t003: "done" });
    const failed = report.results[1];
    expect(failed?.error?.lines).toEqual(["acme-t002-crm: grüße 🎉: cannot be reached"]);
    expect(failed?.log).toBe(join(fake.root, "logs", "t002.up.log"));
    expect(await readFile(failed?.log ?? "", "utf8")).toContain("grüße 🎉");
  });

  it("starts nothing new with on-error stop", async () => {
    await using fake = await createFakePulumi({ by: { a: { exit: 1, print: "error: no\n" } } });
    const report = await run(fake, { tenants: tenants("a", "b", "c"), parallel: 1, onError: "stop" });
    expect(outcomes(report)).toEqual({ a: "failed pulumi-failed", b: "skipped stopped", c: "skipped stopped" });
    expect(await fake.work()).toEqual(["up a"]);
  });

  it("skips the later waves, whatever on-error says; waves run one after the other", async () => {
    await using fake = await createFakePulumi({
      by: { b: { exit: 1, print: "error: no\n" }, c: { wait: 200 } },
    });
    const all = [
      tenant("a", { wave: "late" }),
      tenant("b", { wave: "middle" }),
      tenant("c", { wave: "first" }),
      tenant("d", { wave: "middle" }),
      tenant("e"),
    ];
    const report = await run(fake, { tenants: all, waves: ["first", "middle", "late"] });
    expect(await fake.work()).toEqual(["up c", expect.any(String), expect.any(String)]);
    expect(outcomes(report)).toEqual({
      c: "done",
      b: "failed pulumi-failed",
      d: "done",
      a: "skipped earlier-wave",
      e: "skipped earlier-wave",
    });
    const [first, second] = await fake.calls();
    expect([first?.at, second?.at]).toEqual(["begin", "end"]);
    expect(report.events).toContainEqual({ code: "wave-skipped", wave: "late", stacks: 1, because: "b" });
  });

  it("of a preview keeps no other preview from being made", async () => {
    await using fake = await createFakePulumi({ by: { a: { exit: 1, print: "error: no\n" } } });
    const all = [tenant("a", { wave: "first" }), tenant("b", { wave: "late" })];
    const report = await run(fake, { command: "preview", tenants: all, waves: ["first", "late"] });
    expect(outcomes(report)).toEqual({ a: "failed pulumi-failed", b: "changes" });
  });

  it("to start at all is the stack's too", async () => {
    await using fake = await createFakePulumi();
    const report = await run(fake, { tenants: tenants("a"), env: { PATH: fake.root } });
    expect(report.results).toMatchObject([
      { outcome: "failed", error: { message: expect.stringContaining("ENOENT") } },
    ]);
  });

  it("shows no value of a secret, in clear or in base64, and hands none on in arguments", async () => {
    const [key, token] = ["planted-key-of-t001", "planted-token-42"];
    const encoded = Buffer.from(key).toString("base64");
    await using fake = await createFakePulumi({
      by: {
        t001: { exit: 1, print: `error: refused ${key} and ${token} and ${encoded} at https://u:hunter22@x.example\n` },
      },
    });
    const env = { ...fake.env, T001_CRM_KEY: key, PULUMI_ACCESS_TOKEN: token };
    const planted = tenant("t001", { secrets: { crm: { env: "T001_CRM_KEY" }, gone: { file: "no-such-file" } } });
    const report = await run(fake, {
      tenants: [planted],
      env,
      secrets: ({ secrets }) => knownSecrets(Object.values(secrets), env, fake.root),
    });
    const shown = JSON.stringify([report.results, report.events]);
    expect(report.results[0]?.error?.lines?.[0]).toContain("refused [redacted] and [redacted]");
    for (const secret of [key, token, encoded, "hunter22"]) {
      expect(shown).not.toContain(secret);
      for (const { argv } of await fake.calls()) expect(argv.join(" ")).not.toContain(secret);
    }
    expect((await fake.calls())[0]?.env["T001_CRM_KEY"]).toBe(key);
  });

  it("hides what stands in a secret's file, line by line", async () => {
    await using fake = await createFakePulumi();
    await writeFile(join(fake.root, "key.pem"), "-----BEGIN-----\nplantedline1\nplantedline2\n");
    const values = await knownSecrets([{ file: "key.pem" }, { command: ["never-run"] }], {}, fake.root);
    expect(values).toEqual(expect.arrayContaining(["plantedline1", "plantedline2"]));
  });
});

describe("a log", () => {
  it("is a new private file in a private folder that git ignores", async () => {
    await using fake = await createFakePulumi();
    const logs = join(fake.root, "logs");
    const { results } = await run(fake, { tenants: tenants("t001") });
    await writeFile(join(logs, "t001.up.log"), "what an earlier run said\n", { mode: 0o644 });
    await run(fake, { tenants: tenants("t001") });
    const path = results[0]?.log ?? "";
    expect([(await stat(logs)).mode & 0o777, (await stat(path)).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(await readFile(path, "utf8")).toBe("Resources:\n    + 2 created\n    1 unchanged\n\nDuration: 1s\n");
    expect(await readFile(join(logs, ".gitignore"), "utf8")).toBe("*\n");
  });

  it("that cannot be written is an error before anything is started", async () => {
    await using fake = await createFakePulumi();
    await writeFile(join(fake.root, "file"), "");
    const logDir = join(fake.root, "file", "logs");
    await expect(run(fake, { tenants: tenants("t001"), logDir })).rejects.toMatchObject({ code: "usage" });
    expect(await fake.calls()).toEqual([]);
  });

  it("that one stack cannot have is the failure of that stack", async () => {
    await using fake = await createFakePulumi();
    await mkdir(join(fake.root, "logs", "t001.up.log"), { recursive: true });
    const report = await run(fake, { tenants: tenants("t001", "t002") });
    expect(outcomes(report)).toEqual({ t001: "failed usage", t002: "done" });
  });

  it("of any size goes past this process", async () => {
    const line = "x".repeat(1023);
    await using fake = await createFakePulumi({
      by: {
        lines: { print: `${line}\n`, repeat: 64 * 1024 },
        endless: { print: `${line}y`, repeat: 64 * 1024, exit: 1 },
      },
    });
    const before = process.memoryUsage().rss;
    const { results } = await run(fake, { tenants: tenants("lines", "endless") });
    expect((await stat(results[0]?.log ?? "")).size).toBe(64 * 1024 * 1024);
    expect(results.map(({ outcome }) => outcome)).toEqual(["failed", "done"]);
    expect(JSON.stringify(results).length).toBeLessThan(4096);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  });
});

describe("an interrupt", () => {
  it("starts nothing new, asks pulumi once to cancel, and waits for it", async () => {
    await using fake = await createFakePulumi({ by: { a: { hang: "polite" }, b: { hang: "polite" } } });
    const stop = new AbortController();
    const running = run(fake, { tenants: tenants("a", "b", "c"), parallel: 2, stop: stop.signal });
    await fake.begun(2);
    stop.abort();
    const report = await running;
    expect(outcomes(report)).toEqual({ a: "cancelled cancelled", b: "cancelled cancelled", c: "skipped interrupted" });
    expect(report.interrupted).toBe(true);
    expect((await fake.calls()).filter(({ at }) => at === "SIGINT")).toHaveLength(2);
    expect(report.events).toContainEqual({ code: "cancelling", stacks: 2, times: 1 });
  });

  it("ends what will not end after the second one", { timeout: 30_000 }, async () => {
    await using fake = await createFakePulumi({ by: { a: { hang: "stubborn" } } });
    const [stop, abort] = [new AbortController(), new AbortController()];
    const running = run(fake, { tenants: tenants("a"), stop: stop.signal, abort: abort.signal });
    await fake.begun(1);
    stop.abort();
    abort.abort();
    const report = await running;
    expect(report.results).toMatchObject([
      { outcome: "cancelled", error: { message: "it was ended before it was done" } },
    ]);
  });
});
