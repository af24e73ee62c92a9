import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PullReport } from "../../src/deploy/index.ts";
import { renderPulled, renderPullReport } from "../../src/render/index.ts";

const options = { colour: false, detail: false };

const reportOf = (more: Partial<PullReport>): PullReport => ({
  type: "pull-report",
  schemaVersion: 1,
  tool: "connector-deployer/0.0.0",
  environment: "default",
  dryRun: false,
  written: false,
  items: [],
  others: [],
  files: [],
  ...more,
});

const itemOf = (_id: string, left: PullReport["items"][number]["fields"][number]["left"] = []) => ({
  tenant: "t001",
  target: "default",
  kind: "connection",
  _id,
  id: "conn-1",
  unread: ["/config/api_key"],
  fields: [{ path: "/config/timeout_secs", from: 30, to: 5, places: [], left }],
});

/** The text that a unified diff makes of another one. */
const patched = (before: string, diff: string): string => {
  const old = before.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const now: string[] = [];
  let at = 0;
  for (const line of diff.split("\n").slice(2)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+/.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === "0" ? 0 : 1);
      while (at < start) now.push(old[at++] ?? "");
    } else if (line.startsWith("\\")) now.push((now.pop() ?? "").replace(/\n$/, ""));
    else if (line.startsWith("+")) now.push(`${line.slice(1)}\n`);
    else if (line.startsWith("-")) at++;
    else now.push(old[at++] ?? "");
  }
  return [...now, ...old.slice(at)].join("");
};

const lines = fc
  .array(fc.constantFrom("a", "b", "c", "", "d: 1"), { maxLength: 14 })
  .chain((list) => fc.constantFrom(list.join("\n"), ...(list.length === 0 ? [] : [`${list.join("\n")}\n`])));

describe("a file's difference", () => {
  it("makes the new text of the old one, whatever they are", () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = renderPulled({ items: [], others: [], files: [{ file: "f", before, after }] }, options);
        // A last line that loses or gets its line feed is said below a line that is taken away, too.
        const whole = diff.replace(/(^-[^\n]*\n)\\ No newline at end of file\n?/gm, "$1");
        expect(before === after ? before : patched(before, whole)).toBe(after);
      }),
      { numRuns: 500 },
    );
  });

  it("is a line for one that changed, with three around it", () => {
    const before = Array.from({ length: 20 }, (_, line) => `${line}\n`).join("");
    const after = before.replace("9\n", "nine\n");
    const diff = renderPulled({ items: [], others: [], files: [{ file: "a.yaml", before, after }] }, options);
    expect(diff.split("\n")).toEqual([
      "--- a/a.yaml",
      "+++ b/a.yaml",
      "@@ -7,7 +7,7 @@",
      " 6",
      " 7",
      " 8",
      "-9",
      "+nine",
      " 10",
      " 11",
      " 12",
    ]);
  });

  it("cannot control the terminal", () => {
    const file = { file: "a\u001b[2J", before: "x\n", after: "\u001b]0;y\n" };
    expect(renderPulled({ items: [], others: [], files: [file] }, options)).not.toContain("\u001b");
  });
});

describe("a report of what was pulled", () => {
  it("says what stays, and what could be written all the same", () => {
    const message = "the files changed it as well";
    const stays = itemOf("acme-t002-crm", [{ reason: "conflict", message }]);
    const files = [{ file: "tenants/t001.yaml", before: "a\n", after: "b\n" }];
    const report = reportOf({ items: [itemOf("acme-t001-crm"), stays], files });
    const text = renderPullReport(report, options);
    expect(text).toContain("? connection/acme-t002-crm conn-1\n    config.timeout_secs 30 → 5\n      stays: conflict:");
    expect(text).toContain(
      "nothing was written: 1 of 2 live edits cannot go into the files; --partial writes the rest",
    );
    expect(text.match(/not readable, and counts as unchanged: config.api_key/g)).toHaveLength(1);
    const written = renderPullReport({ ...report, written: true }, options);
    expect(written).toContain("~ tenants/t001.yaml\n\npulled 1 live edit in 1 file, 1 stays live only");
    expect(written).not.toContain("acme-t001-crm");
  });

  it("says so where nothing was edited", () => {
    expect(renderPullReport(reportOf({}), options)).toMatch(/^nothing to pull/);
  });

  it("says of what the files have already that only the ledger takes note", () => {
    const items = [{ ...itemOf("acme-t001-crm"), fields: [] }];
    expect(renderPulled({ items, others: [], files: [] }, options)).toContain("the files say already what was edited");
    expect(renderPullReport(reportOf({ items, written: true }), options)).toMatch(/^noted 1 resource as seen/);
    expect(renderPullReport(reportOf({ items, dryRun: true }), options)).toMatch(/\n\nwould note 1 resource as seen/);
  });
});
