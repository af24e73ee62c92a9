import { describe, expect, test } from "vitest";
import type { ExitCode } from "../../src/cli/exit-code.ts";
import { exitOfApply, exitOfDrift, exitOfError, exitOfPlan, exitOrder } from "../../src/cli/exit-code.ts";
import type { Outcome, Refusal } from "../../src/contract/index.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { errorCodes } from "../../src/errors.ts";
import { aChange, aDriftReport, anApplyReport, aResult } from "../support/plans.ts";

const refusal: Refusal = { guard: "protected", tenant: "t009", message: "m", hint: "h", resources: [] };

const result = (outcome: Outcome, code?: string) =>
  aResult({ outcome, ...(code === undefined ? {} : { error: { code, message: "m" } }) });

const waited = (healthy: boolean) => aResult({ health: { status: "s", healthy, after: 1 } });

describe("the exit code of an error", () => {
  test.each<[ErrorCode, ExitCode]>([
    ["usage", 3],
    ["no-project", 3],
    ["invalid-files", 3],
    ["missing-secret", 3],
    ["missing-environment-variable", 3],
    ["invalid-plan", 3],
    ["unauthorized", 6],
    ["forbidden", 6],
    ["blocked", 7],
    ["lease-held", 7],
    ["stale-plan", 5],
    ["cancelled", 130],
    ["unreachable", 1],
    ["internal", 1],
  ])("%s is %i", (code, exit) => {
    expect(exitOfError(code)).toBe(exit);
  });

  test("is never that of success or of changes", () => {
    for (const code of Object.keys(errorCodes)) expect([0, 2]).not.toContain(exitOfError(code));
    expect(exitOfError("constructor")).toBe(1);
  });
});

describe("the exit code of an apply", () => {
  test.each<[string, Parameters<typeof anApplyReport>[0], ExitCode]>([
    ["nothing to do", {}, 0],
    ["all done", { results: [result("done"), result("done")] }, 0],
    ["some done, some failed", { results: [result("done"), result("failed", "target-problem")] }, 4],
    ["some done, some uncertain", { results: [result("done"), result("uncertain")] }, 4],
    ["all done and healthy", { results: [waited(true)] }, 0],
    ["something written that is not healthy", { results: [waited(true), waited(false), result("skipped")] }, 4],
    ["something unhealthy beside a refusal", { results: [waited(false)], refusals: [refusal] }, 7],
    ["all failed", { results: [result("failed"), result("skipped", "dependency")] }, 1],
    ["a conflict beside a failure", { results: [result("done"), result("failed"), result("conflict")] }, 5],
    ["a stale tenant", { results: [result("done"), result("skipped", "stale-plan")] }, 5],
    ["a refusal beside a conflict", { results: [result("conflict")], refusals: [refusal] }, 7],
    ["a refusal alone", { refusals: [refusal] }, 7],
    ["a lease that another run holds", { results: [result("done"), result("skipped", "lease-held")] }, 7],
    ["wrong credentials beside a refusal", { results: [result("failed", "forbidden")], refusals: [refusal] }, 6],
    ["an interrupt beside everything", { results: [result("failed", "unauthorized")], interrupted: true }, 130],
    ["something skipped for no reason that is known", { results: [result("skipped")] }, 1],
  ])("with %s", (_, facts, exit) => {
    expect(exitOfApply(anApplyReport(facts))).toBe(exit);
  });

  test("takes the first of those that hold", () => {
    expect(exitOrder).toEqual([130, 6, 7, 5, 4, 1]);
  });
});

describe("--exit-code", () => {
  test("makes changes and drift visible, and only when given", () => {
    const changes = [aChange()];
    expect(exitOfPlan({ changes }, true)).toBe(2);
    expect(exitOfPlan({ changes }, false)).toBe(0);
    expect(exitOfPlan({ changes: [aChange({ op: "noop", marks: ["retained"] })] }, true)).toBe(0);
    const item = {
      tenant: "t",
      target: "d",
      kind: "connection",
      _id: "c",
      id: "1",
      drift: "vanished",
      fields: [],
    } as const;
    expect(exitOfDrift(aDriftReport({ items: [item] }), true)).toBe(2);
    expect(exitOfDrift(aDriftReport({ items: [item] }), false)).toBe(0);
    expect(exitOfDrift(aDriftReport(), true)).toBe(0);
  });
});
