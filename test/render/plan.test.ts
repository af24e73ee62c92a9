import { describe, expect, test } from "vitest";
import { renderPlan } from "../../src/render/index.ts";
import { aChange, aField, aPlan, tenantId } from "../support/plans.ts";

const text = (plan: Parameters<typeof renderPlan>[0], detail = false): string =>
  renderPlan(plan, { format: "text", colour: false, detail });

const lastLine = (rendered: string): string => rendered.split("\n").at(-1) ?? "";

const tenants = (many: number): readonly string[] => Array.from({ length: many }, (_, index) => tenantId(index + 1));

describe("a plan as text", () => {
  test("without changes says so, and ends with the same kind of line", () => {
    expect(text(aPlan({ summary: { tenants: 12, noop: 40 } }))).toBe(
      "no changes\n0 to add, 0 to change, 0 to delete across 12 tenants",
    );
  });

  test("shows each operation with its sign and ends with the counts", () => {
    const rendered = text(
      aPlan({
        changes: [
          aChange({ op: "insert", _id: "acme-t001-a" }),
          aChange({ _id: "acme-t001-b", fields: [aField("/config/timeout_secs", { from: 30, to: 60 })] }),
          aChange({ op: "replace", _id: "acme-t001-c", fields: [aField("/source", { from: "a", to: "b" })] }),
          aChange({ op: "delete", _id: "acme-t001-d" }),
          aChange({ op: "adopt", _id: "acme-t001-e", id: "conn-9" }),
          aChange({ op: "forget", _id: "acme-t001-f", id: "conn-8" }),
          aChange({ op: "rename", _id: "acme-t001-g" }),
          aChange({ op: "noop", _id: "acme-t001-quiet" }),
          aChange({ op: "noop", kind: "dataset", _id: "acme-t001-kept", marks: ["retained"] }),
        ],
        summary: { retained: 1 },
      }),
    );
    expect(rendered.split("\n")).toEqual([
      "- connection/acme-t001-d",
      '± connection/acme-t001-c source "a" → "b"',
      "+ connection/acme-t001-a",
      "~ connection/acme-t001-b config.timeout_secs 30 → 60",
      "= connection/acme-t001-e (adopt conn-9)",
      "= connection/acme-t001-f (forget conn-8, it is gone already)",
      "~ connection/acme-t001-g (rename)",
      "= dataset/acme-t001-kept (retained)",
      "",
      "1 to add, 1 to change, 1 to delete, 1 to replace, 1 to rename, 1 to adopt, 1 to forget, 1 retained across 1 tenant",
    ]);
  });

  test("puts what is the same in many tenants on one line, outliers before it", () => {
    const same = tenants(998).map((tenant) =>
      aChange({ tenant, fields: [aField("/config/timeout_secs", { from: 30, to: 60 })] }),
    );
    const outlier = aChange({ tenant: "t999", fields: [aField("/config/timeout_secs", { from: 10, to: 60 })] });
    const gone = aChange({ tenant: "t998", op: "delete", kind: "import-job", _id: "acme-t998-crm-contact-collect" });
    expect(text(aPlan({ changes: [...same, outlier, gone] })).split("\n")).toEqual([
      "- import-job/acme-t998-crm-contact-collect",
      "~ connection/acme-t999-crm config.timeout_secs 10 → 60",
      "~ config.timeout_secs 30 → 60 in 998 connections (t001, t002, t003 and 995 more)",
      "",
      "0 to add, 999 to change, 1 to delete across 999 tenants",
    ]);
  });

  test("groups additions whose names differ only by the tenant", () => {
    const changes = tenants(4).map((tenant) => aChange({ tenant, op: "insert" }));
    expect(text(aPlan({ changes })).split("\n")[0]).toBe(
      "+ connection/acme-<tenant>-crm in 4 tenants (t001, t002, t003 and 1 more)",
    );
  });

  test("groups values that differ only by the tenant, and never numbers that look like one", () => {
    const changes = ["30", "31"].map((tenant) =>
      aChange({
        tenant,
        fields: [
          aField("/config/base_url", { from: `https://${tenant}.old`, to: `https://${tenant}.new` }),
          aField("/config/timeout_secs", { from: 30, to: 31 }),
        ],
      }),
    );
    expect(text(aPlan({ changes })).split("\n").slice(0, 3)).toEqual([
      "~ connection/acme-<tenant>-crm in 2 tenants (30, 31)",
      '    config.base_url "https://<tenant>.old" → "https://<tenant>.new"',
      "    config.timeout_secs 30 → 31",
    ]);
  });

  test("says where a difference comes from, and shows drift as what is live → what is desired", () => {
    const rendered = text(
      aPlan({
        changes: [
          aChange({
            marks: ["drift"],
            fields: [
              aField("/config/a", { from: 99, to: 30, class: "drift" }),
              aField("/config/b", { from: 1, to: 2, class: "both" }),
              aField("/config/c", { from: "x", class: "removed" }),
              aField("/query", { to: "select 1", class: "unknown" }),
            ],
          }),
        ],
      }),
    );
    expect(rendered.split("\n").slice(0, 5)).toEqual([
      "~ connection/acme-t001-crm",
      "    config.a 99 → 30 (drift)",
      "    config.b 1 → 2 (files and drift)",
      '    config.c "x" → (unset) (removed)',
      '    query (unset) → "select 1" (unknown)',
    ]);
  });

  test("shows of a secret only whether it changed or could not be resolved, at any depth", () => {
    const changes = [
      aChange({
        fields: [
          aField("/config/a", { to: { $secret: "$SECRET(hush)", fingerprint: "aa" } }),
          aField("/config/b", {
            from: { $secret: "$SECRET(hush)", fingerprint: "aa" },
            to: { $secret: "$SECRET(hush)", fingerprint: "bb" },
          }),
          aField("/config/c", { to: { $secret: "$SECRET(hush)" } }),
          aField("/config/d", { from: "PLAINTEXT", to: { $secret: "$SECRET(hush)", fingerprint: "aa" } }),
          aField("/config/f", {
            from: { $secret: "$SECRET(hush)", fingerprint: "aa" },
            to: { $secret: "$SECRET(hush)", fingerprint: "aa" },
            class: "unknown",
          }),
          aField("/config/e", { from: [], to: [{ key: { $secret: "$SECRET(hush)", fingerprint: "aa" } }] }),
        ],
      }),
      aChange({ op: "insert", _id: "new", properties: { key: { $secret: "$SECRET(hush)", fingerprint: "aa" } } }),
    ];
    for (const detail of [false, true]) {
      const rendered = text(aPlan({ changes }), detail);
      expect(rendered).toContain("config.a (secret)\n");
      expect(rendered).toContain("config.b (secret, changed)\n");
      expect(rendered).toContain("config.c (secret, unresolved)\n");
      expect(rendered).toContain("config.d (secret, changed)\n");
      expect(rendered).toContain("config.f (secret, unknown)\n");
      expect(rendered).toContain('[{"key":"(secret)"}]');
      expect(rendered).not.toMatch(/hush|PLAINTEXT|\baa\b|\bbb\b/);
    }
  });

  test("shows marks", () => {
    const rendered = text(
      aPlan({
        changes: [
          aChange({ op: "insert", _id: "a", marks: ["vanished", "unresolved"] }),
          aChange({ op: "delete", _id: "b", marks: ["drift"] }),
          aChange({ op: "noop", _id: "c", marks: ["duplicate"], duplicates: ["conn-8", "conn-9"] }),
        ],
      }),
    );
    expect(rendered).toContain("+ connection/a (vanished, unresolved)");
    expect(rendered).toContain("- connection/b (drift)");
    expect(rendered).toContain("= connection/c (duplicate: conn-8, conn-9)");
    expect(rendered).not.toContain("no changes");
  });

  test("lists what --prune would delete apart from the changes", () => {
    const rendered = text(aPlan({ prunable: [aChange({ op: "delete" })], summary: { tenants: 1 } }));
    expect(rendered.split("\n")).toEqual([
      "1 resource would be deleted with --prune:",
      "  - connection/acme-t001-crm",
      "",
      "no changes",
      "0 to add, 0 to change, 0 to delete across 1 tenant",
    ]);
  });

  test("names findings and refusals with what to do about them", () => {
    const rendered = text(
      aPlan({
        findings: [
          {
            finding: "adoption",
            tenant: "t001",
            target: "default",
            kind: "connection",
            _id: "acme-t001-crm",
            ids: ["c1"],
          },
          { finding: "ambiguous", tenant: "t001", target: "default", kind: "dataset", _id: "d", ids: ["d1", "d2"] },
          { finding: "unmanaged", target: "default", kind: "connection", ids: ["c7"] },
          { finding: "protected", tenant: "t001", target: "default", kind: "dataset", _id: "p", ids: ["p1"] },
          { finding: "unreadable", tenant: "t001", target: "default", kind: "dataset", _id: "u", ids: [] },
        ],
        refusals: [
          ...tenants(5).map((tenant) => ({
            guard: "vanished-tenant" as const,
            tenant,
            message: `the file of ${tenant} is gone`,
            hint: `say state: absent, or destroy -t ${tenant}`,
            resources: [`connection/acme-${tenant}-crm`],
          })),
          { guard: "delete-budget", message: "40 of 100 would be deleted", hint: "raise --max-deletes", resources: [] },
        ],
        summary: { tenants: 5 },
      }),
    );
    expect(rendered).toContain("? connection/acme-t001-crm exists already and is not ours: c1");
    expect(rendered).toContain("connector-deployer adopt connection/acme-t001-crm");
    expect(rendered).toContain("d1, d2");
    expect(rendered).toContain("1 live object that nobody declared");
    expect(rendered).not.toContain("c7");
    expect(rendered).toContain("5 tenants (t001, t002, t003 and 2 more) are refused");
    expect(rendered).toContain("say state: absent, or destroy -t <tenant>");
    expect(rendered.indexOf("delete-budget")).toBeLessThan(rendered.indexOf("vanished-tenant"));
    expect(lastLine(rendered)).toBe("0 to add, 0 to change, 0 to delete across 5 tenants");
  });

  test("shortens long values around the place where they differ", () => {
    const long = `${"select column from table where ".repeat(20)}tenant = `;
    const rendered = text(
      aPlan({ changes: [aChange({ fields: [aField("/query", { from: `${long}1`, to: `${long}2` })] })] }),
    );
    const [line = ""] = rendered.split("\n");
    expect(line.length).toBeLessThan(260);
    expect(line).toMatch(/…[^→]*tenant = 1" → …[^→]*tenant = 2"/);
    const detailed = text(
      aPlan({ changes: [aChange({ fields: [aField("/query", { from: `${long}1`, to: `${long}2` })] })] }),
      true,
    );
    expect(detailed).toContain(`${long}1`);
  });

  test("says of a file's content that it changed, and shows no digest", () => {
    const [from, to] = ["a", "b"].map((sign) => `sha256:${sign.repeat(64)}`);
    const changes = [aChange({ op: "update", fields: [aField("/content", { from: from ?? "", to: to ?? "" })] })];
    const rendered = text(aPlan({ changes }));
    expect(rendered).toContain("content changed");
    expect(rendered).not.toContain("sha256");
  });

  test("shows with detail the target, and every value of every change", () => {
    const changes = tenants(3).map((tenant) =>
      aChange({
        tenant,
        op: "insert",
        properties: { source: "elasticsearch", config: { base_url: `https://${tenant}` } },
      }),
    );
    const rendered = text(aPlan({ changes }), true);
    expect(rendered).toContain("target default http://127.0.0.1:9200");
    for (const tenant of tenants(3)) expect(rendered).toContain(`config: {"base_url":"https://${tenant}"}`);
  });

  test("colours only when asked", () => {
    const plan = aPlan({ changes: [aChange({ op: "delete" })] });
    expect(text(plan)).not.toContain("\u001b");
    expect(renderPlan(plan, { format: "text", colour: true, detail: false })).toContain("\u001b[31m-\u001b[39m");
  });
});

describe("hostile text in a plan", () => {
  const hostile = "\u001b]0;owned\u0007\u009b31m\r\n\u202e`x` <img src=x> @everyone | **b**";
  const plan = aPlan({
    environment: hostile,
    changes: [
      aChange({
        tenant: hostile,
        _id: hostile,
        kind: hostile,
        id: hostile,
        op: "adopt",
        fields: [aField(`/${hostile}`, { from: hostile, to: { [hostile]: [hostile] } })],
      }),
      aChange({ tenant: "x", op: "insert", _id: hostile, properties: { [hostile]: hostile } }),
    ],
    prunable: [aChange({ op: "delete", _id: hostile })],
    findings: [{ finding: "ambiguous", target: hostile, kind: hostile, _id: hostile, ids: [hostile] }],
    refusals: [{ guard: "protected", tenant: hostile, message: hostile, hint: hostile, resources: [hostile] }],
  });

  test.each(["text", "markdown"] as const)("cannot move the cursor or break a line of %s", (format) => {
    for (const detail of [false, true]) {
      const rendered = renderPlan(plan, { format, colour: false, detail });
      expect(rendered.replaceAll("\n", "").replaceAll("@\u200b", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(rendered).toContain("\\u001b]0;owned\\u0007\\u009b31m\\r\\n\\u202e");
    }
  });

  test("cannot leave a Markdown fence", () => {
    const fences = aPlan({ changes: [aChange({ op: "insert", _id: "````\n# title" })] });
    const rendered = renderPlan(fences, { format: "markdown", colour: false, detail: false });
    expect(rendered).toContain("\n`````diff\n");
    expect(rendered).not.toMatch(/^# title/m);
  });
});

describe("a plan as Markdown", () => {
  test("has the counts as its title and last line, a coloured overview and a folded detail", () => {
    const changes = [
      ...tenants(3).map((tenant) =>
        aChange({ tenant, fields: [aField("/config/timeout_secs", { from: 30, to: 60 })] }),
      ),
      aChange({ tenant: "t009", op: "delete" }),
    ];
    const rendered = renderPlan(aPlan({ changes }), { format: "markdown", colour: true, detail: false });
    const counts = "0 to add, 3 to change, 1 to delete across 4 tenants";
    expect(rendered.startsWith(`### connector-deployer: ${counts}\n`)).toBe(true);
    expect(lastLine(rendered)).toBe(counts);
    expect(rendered).toContain("```diff\n- connection/acme-t009-crm\n! config.timeout_secs 30 → 60 in 3 connections");
    expect(rendered).toContain("<details><summary>every change (4)</summary>\n\n```diff\n");
    expect(rendered).not.toContain("\u001b");
  });

  test("fits into a comment", () => {
    const changes = Array.from({ length: 3000 }, (_, index) =>
      aChange({ tenant: tenantId(index), op: "insert", _id: `thing-${index}-${"x".repeat(200)}` }),
    );
    const rendered = renderPlan(aPlan({ changes }), { format: "markdown", colour: false, detail: false });
    expect(rendered.length).toBeLessThan(65_536);
    expect(lastLine(rendered)).toMatch(/^3,000 to add/);
  });
});

describe("a big plan", () => {
  const many = 20_000;

  test.each([
    [
      "the same everywhere",
      (index: number) => aChange({ tenant: tenantId(index % 1000), fields: [aField("/config/a", { from: 1, to: 2 })] }),
    ],
    [
      "different everywhere",
      (index: number) =>
        aChange({ tenant: tenantId(index % 1000), fields: [aField("/config/a", { from: index, to: -index })] }),
    ],
    ["names without a pattern", (index: number) => aChange({ op: "insert", _id: `thing-${index}` })],
    [
      "fields without a pattern",
      (index: number) => aChange({ fields: [aField(`/config/k${index}`, { from: 1, to: 2 })] }),
    ],
  ])("stays short with %s", (_, change) => {
    const plan = aPlan({ changes: Array.from({ length: many }, (_, index) => change(index)) });
    const rendered = text(plan);
    expect(rendered.split("\n").length).toBeLessThan(150);
    expect(rendered).toMatch(/20,000 to (add|change)/);
  });

  test("keeps the lines that stand for many and joins the rest", () => {
    const changes = [
      ...tenants(500).map((tenant) => aChange({ tenant, fields: [aField("/config/a", { from: 1, to: 2 })] })),
      ...tenants(500).map((tenant, index) =>
        aChange({ tenant, _id: `x-${tenant}`, fields: [aField("/config/a", { from: 1, to: 100 + index })] }),
      ),
    ];
    expect(text(aPlan({ changes })).split("\n").slice(0, 2)).toEqual([
      "~ config.a 1 → 2 in 500 connections (t001, t002, t003 and 497 more)",
      "~ config.a (values differ) in 500 connections (t001, t002, t003 and 497 more)",
    ]);
  });
});
