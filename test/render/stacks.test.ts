import { describe, expect, it } from "vitest";
import type { StackReport, StackResult } from "../../src/pulumi/stacks/index.ts";
import { renderStackEvent, renderStacks } from "../../src/render/index.ts";

const counts = { create: 1, update: 2, replace: 0, delete: 0, same: 1234, other: 0 };

const result = (tenant: string, facts: Partial<StackResult> = {}): StackResult => ({
  tenant,
  stack: tenant,
  outcome: "done",
  counts,
  durationMs: 3100,
  ...facts,
});

const report = (results: readonly StackResult[], facts: Partial<StackReport> = {}): StackReport => {
  const summary = { done: 0, changes: 0, unchanged: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { outcome } of results) summary[outcome] += 1;
  return {
    type: "stacks",
    schemaVersion: 1,
    command: "up",
    environment: "default",
    startedAt: "2026-01-01T00:00:00.000Z",
    durationMs: 4000,
    interrupted: false,
    results,
    summary,
    ...facts,
  };
};

const text = (of: StackReport, detail = false): string => renderStacks(of, { format: "text", colour: false, detail });

const failed = (tenant: string): StackResult => {
  const { counts: _, ...rest } = result(tenant, {
    outcome: "failed",
    log: `/logs/${tenant}.up.log`,
    error: { code: "pulumi-failed", message: "pulumi up ended with exit code 1", lines: ["x: \u001b[2Jboom"] },
  });
  return rest;
};

describe("a table of stacks", () => {
  it("shows counts, `?` for those that pulumi did not say, and what failed with its log", () => {
    const skipped = result("c", { outcome: "skipped", error: { code: "no-stack", message: "it has no stack" } });
    expect(text(report([result("a"), failed("b"), skipped]))).toBe(
      [
        "TENANT  STACK  OUTCOME             CREATE  UPDATE  REPLACE  DELETE  SAME   TIME",
        "a       a      done                1       2       0        0       1,234  3.1 s",
        "b       b      failed              ?       ?       ?        ?       ?      3.1 s",
        "c       c      skipped (no-stack)  -       -       -        -       -      -",
        "",
        "c skipped: it has no stack",
        "b failed: pulumi up ended with exit code 1",
        "    x: \\u001b[2Jboom",
        "    log: /logs/b.up.log",
        "",
        "4.0 s",
        "1 done, 1 skipped, 1 failed of 3 stacks",
      ].join("\n"),
    );
  });

  it("says the same reason once, and shows the first twenty failures", () => {
    const skipped = { outcome: "skipped", error: { code: "earlier-wave", message: "the earlier wave" } } as const;
    const many = report([
      ...Array.from({ length: 30 }, (_, index) => failed(`f${index}`)),
      ...Array.from({ length: 30 }, (_, index) => result(`s${index}`, skipped)),
    ]);
    expect(text(many).match(/skipped: the earlier wave/g)).toHaveLength(1);
    expect(text(many)).toContain("30 stacks skipped: the earlier wave");
    expect(text(many).match(/log: /g)).toHaveLength(20);
    expect(text(many)).toContain("and 10 more; --detail shows them");
    expect(text(many, true).match(/log: /g)).toHaveLength(30);
  });

  it("is a block in Markdown that no name gets out of", () => {
    const wild = report([result("a", { outcome: "failed", error: { code: "x", message: "```\n# @all" } })]);
    const markdown = renderStacks(wild, { format: "markdown", colour: false, detail: false });
    expect(markdown).toMatch(
      /^### connector-deployer: 1 failed of 1 stack\n\n`pulumi up`, environment default, 4\.0 s\n/,
    );
    expect(markdown).toContain("````\nTENANT");
  });

  it("is only a sentence where there is nothing", () => {
    expect(text(report([], { interrupted: true }))).toBe("4.0 s\nnothing to do of 0 stacks, interrupted");
  });
});

describe("a line while stacks run", () => {
  it.each([
    [{ code: "wave-started", wave: "canary", stacks: 1 }, "wave canary: 1 stack"],
    [
      { code: "wave-skipped", wave: "", stacks: 2, because: "a" },
      "the rest: 2 stacks skipped, because a did not end well",
    ],
    [{ code: "stack-ended", result: result("a") }, "a done: 1 create, 2 update"],
    [{ code: "stack-ended", result: failed("b") }, "b failed"],
  ] as const)("%o", (event, line) => {
    expect(renderStackEvent(event)).toBe(line);
  });
});
