import { setTimeout as delay } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { confirm } from "../../src/cli/confirm.ts";
import { showProgress } from "../../src/cli/progress.ts";
import type { ReportEvent } from "../../src/engine/index.ts";
import { createTerminal } from "./terminal.ts";

const until = async (holds: () => boolean): Promise<void> => {
  for (let left = 200; left > 0 && !holds(); left--) await delay(20);
};

const change = (index: number): { readonly tenant: string; readonly resource: string; readonly op: "insert" } => ({
  tenant: `t${index}`,
  resource: `connection/acme-t${index}-crm`,
  op: "insert",
});

const started = (index: number): ReportEvent => ({ code: "change-started", ...change(index) });
const ended = (index: number, outcome: "done" | "failed" = "done"): ReportEvent => ({
  code: "change-ended",
  ...change(index),
  outcome,
  ...(outcome === "failed" ? { reason: "the target said no" } : {}),
});
const applying = (changes: number): ReportEvent => ({ code: "apply-started", run: "r", tenants: 1, changes });

describe("a question", () => {
  test("is answered with what was asked for", async () => {
    const terminal = createTerminal();
    const answered = confirm("type yes:", ["yes"], terminal.session);
    terminal.type("  yes \n");
    await expect(answered).resolves.toBeUndefined();
    expect(terminal.shown()).toBe("type yes: ");
  });

  test.each([
    ["another word", (terminal: ReturnType<typeof createTerminal>) => terminal.type("y\n")],
    ["nothing", (terminal: ReturnType<typeof createTerminal>) => terminal.type("\n")],
    ["the end of input", (terminal: ReturnType<typeof createTerminal>) => terminal.close()],
    ["an interrupt", (terminal: ReturnType<typeof createTerminal>) => terminal.stop.abort()],
  ])("that gets %s as its answer ends the command", async (_, act) => {
    const terminal = createTerminal();
    const answered = confirm("type yes:", ["yes"], terminal.session);
    act(terminal);
    await expect(answered).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("progress", () => {
  test("on a terminal is a display with counts and what runs, and failures as lines that stay", async () => {
    const terminal = createTerminal();
    const hide = await showProgress(terminal.session, 3);
    terminal.report({ code: "observe-started", target: "default", tenants: 3 });
    await until(() => terminal.shown().includes("comparing with target default"));
    terminal.report(applying(3));
    terminal.report(started(1));
    terminal.report(ended(1));
    terminal.report(started(2));
    terminal.report(ended(2, "failed"));
    terminal.report(started(3));
    await until(() => terminal.shown().includes("2 of 3 changes"));
    hide();
    const shown = stripVTControlCharacters(terminal.shown());
    expect(shown).toContain("2 of 3 changes, 1 failed");
    expect(shown).toContain("  + connection/acme-t3-crm ");
    expect(shown.match(/connection\/acme-t2-crm failed: the target said no/g)).toHaveLength(1);
    expect(shown).not.toContain("acme-t1-crm done");
  });

  test.each([
    ["as a line that stays", false, 1],
    ["once, in the report on the same terminal", true, 0],
  ])("on a terminal shows what is waited for, and what does not become healthy %s", async (_, isTTY, lines) => {
    const terminal = createTerminal();
    Object.assign(terminal.session.io.stdout, { isTTY });
    const hide = await showProgress(terminal.session, 2);
    const health = (index: number, status: string, healthy?: boolean): ReportEvent => ({
      code: "health",
      tenant: `t${index}`,
      resource: `connection/acme-t${index}-crm`,
      status,
      ...(healthy === undefined ? {} : { healthy }),
    });
    terminal.report(applying(3));
    terminal.report({ code: "wait-started", resources: 3, timeout: 60_000 });
    terminal.report(health(1, "connected", true));
    terminal.report(health(2, "error", false));
    terminal.report(health(3, "disconnected"));
    await until(() => terminal.shown().includes("1 of 3 healthy"));
    hide();
    const shown = stripVTControlCharacters(terminal.shown());
    expect(shown).toContain("waiting: 1 of 3 healthy, 1 unhealthy");
    expect(shown).toContain("  connection/acme-t3-crm disconnected");
    expect(shown.match(/! connection\/acme-t2-crm error/g) ?? []).toHaveLength(lines);
    expect(shown).not.toContain("acme-t1-crm connected");
  });

  test.each([
    ["without a terminal", { isTerminal: false }],
    ["in CI", { env: { CI: "true" } }],
    ["without colour", { env: { NO_COLOR: "1" } }],
    ["beside JSON", { format: "json" as const }],
  ])("%s is a line for each change", async (_, facts) => {
    const terminal = createTerminal(facts);
    const hide = await showProgress(terminal.session, 3);
    terminal.report(applying(2));
    terminal.report(started(1));
    terminal.report(ended(1));
    terminal.report(ended(2, "failed"));
    hide();
    expect(terminal.shown()).toBe(
      "+ connection/acme-t1-crm done\n+ connection/acme-t2-crm failed: the target said no\n",
    );
  });

  test("is silent when asked to be", async () => {
    const terminal = createTerminal({ quiet: true });
    const hide = await showProgress(terminal.session, 3);
    terminal.report(ended(1));
    hide();
    expect(terminal.shown()).toBe("");
  });

  test("of 20,000 changes writes a few times, not once for each", async () => {
    for (const isTerminal of [true, false]) {
      const terminal = createTerminal({ isTerminal });
      let writes = 0;
      terminal.session.io.stderr.on("data", () => {
        writes += 1;
      });
      const hide = await showProgress(terminal.session, 3);
      terminal.report(applying(20_000));
      for (let index = 0; index < 20_000; index++) {
        terminal.report(started(index));
        terminal.report(ended(index));
      }
      await delay(250);
      hide();
      expect(writes).toBeLessThan(20);
      expect(terminal.activity.outcomes().done).toBe(20_000);
      expect(terminal.activity.running()).toEqual([]);
    }
  });
});
