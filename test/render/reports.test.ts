import { describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { QueryReport, StatusReport } from "../../src/deploy/index.ts";
import { DeployerError } from "../../src/errors.ts";
import {
  codeSpan,
  driftSummary,
  printableJson,
  renderApplyReport,
  renderDrift,
  renderError,
  renderEvent,
  renderExplain,
  renderProgress,
  renderQuery,
  renderShortage,
  renderSources,
  renderStatus,
  renderTenants,
} from "../../src/render/index.ts";
import { aDriftReport, aField, anApplyReport, aResult, tenantId } from "../support/plans.ts";

const plain = { format: "text", colour: false, detail: false } as const;

describe("an apply report", () => {
  test("of a run that went well is its counts", () => {
    const results = [aResult(), aResult({ tenant: "t002", op: "update" }), aResult({ tenant: "t003", op: "delete" })];
    expect(renderApplyReport(anApplyReport({ results }), plain)).toBe(
      "1.2 s, 42 requests\n1 added, 1 changed, 1 deleted across 3 tenants",
    );
    expect(renderApplyReport(anApplyReport({ results }), { ...plain, detail: true })).toContain(
      "+ connection/acme-t001-crm done",
    );
  });

  test("of a run that waited says what is not healthy, what is alike once", () => {
    const health = { status: "error", reason: "401 from the source of t001", healthy: false, after: 5 };
    const rendered = renderApplyReport(
      anApplyReport({
        results: [
          aResult({ health }),
          aResult({ tenant: "t002", health: { ...health, reason: "401 from the source of t002" } }),
          aResult({ _id: "j", health: { status: "pending", healthy: true, note: "waits for its schedule", after: 5 } }),
        ],
        waited: { healthy: 1, unhealthy: 2 },
      }),
      plain,
    );
    expect(rendered).toMatch(/1 waited for\n.*j pending\n +waits for its schedule\n/);
    expect(rendered).toMatch(/2 unhealthy: .*\n {2}! .* error: 401 .* t001\n {2}! .* error: 401 .* t002\n/);
    expect(rendered).toMatch(/t002\n.*what to do: mend the cause.* connector-deployer status --wait\n/);
    expect(rendered.endsWith(", 1 healthy, 2 unhealthy")).toBe(true);
  });

  test("names what did not go well with cause and cure, and counts it", () => {
    const error = { code: "target-problem", message: "the target said no to acme-t002-crm", hint: "look at its log" };
    const rendered = renderApplyReport(
      anApplyReport({
        results: [
          aResult(),
          aResult({ tenant: "t002", outcome: "failed", error }),
          aResult({ tenant: "t002", kind: "import-job", _id: "j", outcome: "skipped" }),
          aResult({ tenant: "t003", op: "update", outcome: "conflict" }),
          aResult({ tenant: "t004", op: "delete", outcome: "uncertain" }),
        ],
        interrupted: true,
        refusals: [{ guard: "protected", tenant: "t005", message: "m", hint: "unprotect it", resources: [] }],
      }),
      plain,
    );
    expect(rendered).toContain("  + connection/acme-t002-crm failed\n      target-problem: the target said no");
    expect(rendered).toContain("what to do: look at its log");
    expect(rendered).toContain("what to do: unprotect it");
    expect(rendered.split("\n").at(-1)).toBe(
      "1 added, 0 changed, 0 deleted across 4 tenants, 1 uncertain, 1 failed, 1 conflict, 1 skipped, interrupted",
    );
  });

  test("shows a conflict's fields with both values", () => {
    const error = { code: "conflict", message: "live moved", hint: "plan again" };
    const fields = [aField("/config/timeout_secs", { from: 30, to: 7, class: "drift" })];
    const rendered = renderApplyReport(
      anApplyReport({ results: [aResult({ op: "update", outcome: "conflict", error, fields })] }),
      plain,
    );
    expect(rendered).toContain("connection/acme-t001-crm conflict\n      config.timeout_secs 30 → 7 (drift)\n");
  });

  test("of what a guard refused names the refusal once, and counts what it stands for", () => {
    const error = { code: "blocked", message: "12 deletes", hint: "raise it" };
    const rendered = renderApplyReport(
      anApplyReport({
        results: [
          aResult({ op: "delete", outcome: "skipped", error }),
          aResult({ op: "delete", _id: "b", outcome: "skipped", error }),
          aResult({ op: "noop", _id: "c", outcome: "skipped", error }),
        ],
        refusals: [{ guard: "delete-budget", message: "12 deletes", hint: "raise it", resources: [] }],
      }),
      plain,
    );
    expect(rendered.match(/12 deletes/g)).toHaveLength(1);
    expect(rendered.endsWith("0 added, 0 changed, 0 deleted across 1 tenant, 2 refused")).toBe(true);
  });

  test("of 20,000 failures with one cause is short", () => {
    const results = Array.from({ length: 20_000 }, (_, index) => {
      const tenant = tenantId(index);
      return aResult({
        tenant,
        outcome: "failed",
        error: { code: "unreachable", message: `acme-${tenant}-crm: no answer for ${tenant}` },
      });
    });
    const rendered = renderApplyReport(anApplyReport({ results }), plain);
    expect(rendered.split("\n").length).toBeLessThan(25);
    expect(rendered).toContain("and 19,990 more");
  });

  test("as Markdown has the counts as title and last line", () => {
    const rendered = renderApplyReport(anApplyReport({ results: [aResult({ outcome: "failed" })] }), {
      ...plain,
      format: "markdown",
    });
    const counts = "0 added, 0 changed, 0 deleted across 1 tenant, 1 failed";
    expect(rendered.startsWith(`### connector-deployer: ${counts}\n`)).toBe(true);
    expect(rendered.endsWith(`\n${counts}`)).toBe(true);
  });
});

describe("drift", () => {
  const changed = {
    tenant: "t001",
    target: "default",
    kind: "connection",
    _id: "acme-t001-crm",
    id: "conn-1",
    drift: "changed",
    fields: [
      aField("/config/a", { from: 30, to: 99, class: "drift" }),
      aField("/config/b", { from: "x", class: "drift" }),
    ],
  } as const;
  const vanished = { ...changed, _id: "acme-t001-erp", drift: "vanished", fields: [] } as const;

  test("of one thing is one line: what we wrote → what is there", () => {
    expect(renderDrift(aDriftReport({ items: [changed] }), plain)).toBe(
      '~ connection/acme-t001-crm changed: config.a 30 → 99, config.b "x" → (unset)',
    );
    expect(renderDrift(aDriftReport({ items: [vanished] }), plain)).toBe(
      "- connection/acme-t001-erp vanished (conn-1)",
    );
  });

  test("with detail has a line for each field", () => {
    expect(renderDrift(aDriftReport({ items: [changed, vanished] }), { ...plain, detail: true }).split("\n")).toEqual([
      "~ connection/acme-t001-crm changed",
      "    config.a 30 → 99",
      '    config.b "x" → (unset)',
      "- connection/acme-t001-erp vanished (conn-1)",
    ]);
  });

  test("of nothing says so", () => {
    expect(renderDrift(aDriftReport(), plain)).toBe("no drift across 3 tenants");
    expect(driftSummary(aDriftReport({ items: [changed, vanished] }))).toBe("2 drifted across 3 tenants");
  });

  test("as Markdown is a diff", () => {
    expect(renderDrift(aDriftReport({ items: [changed] }), { ...plain, format: "markdown" })).toContain(
      "```diff\n! connection/acme-t001-crm changed",
    );
  });
});

describe("status", () => {
  const item = { tenant: "t001", target: "default", kind: "connection", _id: "c", id: "1", state: "live" } as const;
  const report: StatusReport = {
    type: "status",
    schemaVersion: 1,
    tool: "t",
    environment: "default",
    items: [
      { ...item, health: "connected", healthy: true },
      { ...item, kind: "dataset", _id: "e", health: "green", healthy: true, records: 1234 },
      {
        ...item,
        kind: "import-job",
        _id: "f",
        health: "completed",
        healthy: true,
        lastRun: { at: "2026-01-15T10:30:00.123Z", processed: 1234, failed: 2 },
      },
      { ...item, _id: "d", health: "failed", reason: "401 from \u001b[2Jsource", healthy: false },
    ],
    tenants: [{ tenant: "t001", resources: 4, unhealthy: 1, open: 3 }],
  };

  test("shows what needs a person, and each tenant", () => {
    const rendered = renderStatus(report, { colour: false, detail: false });
    expect(rendered).toContain("! connection/d failed: 401 from \\u001b[2Jsource");
    expect(rendered).not.toContain("connection/c");
    expect(rendered).toMatch(
      /t001 +4 +1 connected, 1 green, 1 completed, 1 failed +3 changes left open by an interrupted run/,
    );
    expect(rendered.endsWith("4 resources, 1 unhealthy across 1 tenant")).toBe(true);
    const detailed = renderStatus(report, { colour: false, detail: true });
    expect(detailed).toContain("= connection/c connected\n");
    expect(detailed).toContain("= dataset/e green (1,234 records)\n");
    expect(detailed).toContain("completed (last run 2026-01-15 10:30:00Z, 1,234 records, 2 failed)\n");
  });
});

describe("lists and explanations", () => {
  test("tenants and sources are tables", () => {
    const tenant = { file: "tenants/a.yaml", state: "present", target: "default", secrets: {}, owned: 1200 } as const;
    const tenants = renderTenants([
      { ...tenant, id: "t001", labels: { wave: "canary", region: "eu" }, wave: "canary" },
      { ...tenant, id: "名前", labels: {}, wave: undefined },
    ]).split("\n");
    expect(tenants[0]).toMatch(/^TENANT {2}STATE/);
    expect(tenants[1]).toMatch(/^t001 {4}present {2}default {2}canary {2}1,200 {2}wave=canary region=eu$/);
    expect(tenants[2]).toMatch(/^名前 {4}present/);
    const source = { target: "default", id: "file", name: "File", description: "d", category: "c", connections: [] };
    expect(renderSources([{ ...source, connections: ["a", "b"] }])).toContain("a b");
    expect(renderTenants([])).toBe("no tenants");
    expect(renderSources([])).toBe("no sources");
  });

  test("an explanation leads from the value to the template and the variable's source", () => {
    const rendered = renderExplain(
      {
        tenant: "t001",
        component: "connection/acme-t001-crm",
        path: "/config/base_url",
        value: "https://x",
        origin: {
          template: { file: "connectors/crm/templates/system.yaml", line: 5, column: 23 },
          sources: [
            {
              variable: "<<@ base_url @>>",
              from: "multi-tenant auth.api_base_url",
              location: { file: "connector-deployer.yaml", line: 9, column: 25 },
              value: "https://x",
            },
            { variable: "$SECRET(k)", from: "secrets of the tenant" },
          ],
        },
      },
      { colour: false },
    );
    expect(rendered.split("\n")).toEqual([
      'connection/acme-t001-crm config.base_url = "https://x"',
      "  tenant t001",
      "  template connectors/crm/templates/system.yaml:5:23",
      '  <<@ base_url @>> from multi-tenant auth.api_base_url (connector-deployer.yaml:9:25) = "https://x"',
      "  $SECRET(k) from secrets of the tenant",
    ]);
  });
});

describe("errors and events", () => {
  test("an error says what happened and what to do; a defect says that it is one", () => {
    const error = new DeployerError("unreachable", "no answer from \u001b[31mhost", { hint: "start it" });
    expect(renderError(error, { colour: false, stack: false })).toBe(
      "error unreachable: no answer from \\u001b[31mhost\n  what to do: start it",
    );
    const defect = new DeployerError("internal", "boom", { cause: new Error("inner") });
    expect(renderError(defect, { colour: false, stack: false })).toBe(
      "error internal: this is a defect of connector-deployer: boom",
    );
    expect(renderError(defect, { colour: false, stack: true })).toMatch(/caused by:\n {2}Error: inner/);
  });

  test("an error over files carries their diagnostics", () => {
    const diagnostics = [{ code: "unknown-field", severity: "error", message: "unknown field" }];
    const error = new DeployerError("invalid-files", "the files have errors", { details: { diagnostics } });
    expect(renderError(error, { colour: false, stack: false })).toMatch(
      /^project error unknown-field[\s\S]*error invalid-files/,
    );
  });

  test("an ended change is one plain line", () => {
    const ended = { code: "change-ended", tenant: "t001", resource: "connection/acme-t001-crm", op: "insert" } as const;
    expect(renderEvent({ ...ended, outcome: "done" }, { colour: false })).toBe("+ connection/acme-t001-crm done");
    expect(renderEvent({ ...ended, outcome: "failed", reason: "500\nboom" }, { colour: false })).toBe(
      "+ connection/acme-t001-crm failed: 500\\nboom",
    );
    expect(
      renderEvent({ code: "change-started", tenant: "t", resource: "r", op: "insert" }, { colour: false }),
    ).toBeUndefined();
  });

  test("progress fits the terminal and shows what runs longest", () => {
    const running = Array.from({ length: 8 }, (_, index) => ({
      resource: `connection/${"x".repeat(200)}${index}`,
      op: "insert" as const,
      since: 1000,
    }));
    const rendered = renderProgress(
      {
        changes: 20_000,
        outcomes: { done: 4_990, failed: 10, conflict: 0, skipped: 0, uncertain: 0 },
        running,
        wave: "canary",
        started: 0,
        now: 65_400,
      },
      { colour: false, columns: 80 },
    ).split("\n");
    expect(rendered[0]).toBe("██████░░░░░░░░░░░░░░░░░░ 5,000 of 20,000 changes, 10 failed, wave canary, 1 mi…");
    expect(rendered).toHaveLength(7);
    expect(rendered.every((line) => line.length <= 80)).toBe(true);
    expect(rendered[6]).toBe("  and 3 more running");
  });
});

describe("escaping", () => {
  test("leaves JSON the same value, without anything that a terminal acts on", () => {
    const value = { "a\u009b": "\u001b[2J\u007f\u0085\u202e\u{e0001}", list: ["é", "名", "\n"] };
    const json = printableJson(JSON.stringify(value, null, 2));
    expect(json.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(json)).toEqual(value);
  });

  test("makes code spans that nothing can end", () => {
    expect(codeSpan("a``b`")).toBe("``` a``b` ```");
    expect(codeSpan("plain")).toBe("`plain`");
  });
});

describe("the answer to a query", () => {
  const report = (answer: Json) =>
    ({ type: "query-result", schemaVersion: 1, target: "default", answer }) satisfies QueryReport;
  const columns = [{ name: "_id" }, { name: "text" }, { name: "note" }];

  test("fits the terminal that it is on, and is whole elsewhere up to 80 characters", () => {
    const rows = [
      ["1", "x".repeat(100), "y".repeat(50)],
      ["2", "x", null],
    ];
    const table = renderQuery(report({ columns, rows, total: 2 }), { columns: 40 }).split("\n");
    expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(40);
    expect(table[1]).toMatch(/^1 {4}x+… {2}y+…$/);
    expect(renderQuery(report({ columns, rows, total: 2 }))).toContain(`${"x".repeat(79)}…  ${"y".repeat(50)}`);
  });

  test("keeps its header without rows, and says nothing of rows where aggregations were asked for", () => {
    expect(renderQuery(report({ columns, rows: [], total: 0 }))).toBe("_id  text  note\n\n0 rows");
    const aggregated = report({ hits: { total: { value: 2 }, hits: [] }, aggregations: { top: { value: 1 } } });
    expect(renderQuery(aggregated)).not.toContain("rows");
  });

  test("tells what it lacks of its rows", () => {
    expect(renderShortage(report({ columns, rows: [["1", "a", "b"]], total: 5000 }))).toContain("1 of 5,000 rows");
    expect(renderShortage(report({ columns, rows: [["1", "a", "b"]], total: 1 }))).toBeUndefined();
    expect(renderShortage(report({ hits: { total: { value: 20 }, hits: [{ _id: "1" }] } }))).toBeUndefined();
  });
});
