import { describe, expect, test } from "vitest";
import type { CollapseReport } from "../../src/deploy/index.ts";
import { renderCollapsed, renderCollapseReport } from "../../src/render/index.ts";

const location = { file: "templates/contact.json", line: 4, column: 1 };
const report: CollapseReport = {
  type: "collapse-report",
  schemaVersion: 1,
  tool: "connector-deployer",
  connector: ".",
  expanded: ".expanded",
  files: [
    { file: "templates/contact.json", created: false, before: '{\n  "n": 1\n}\n', after: '{\n  "n": 2\n}\n' },
    { file: "test-env.json", created: true },
  ],
  placed: [
    { name: "pipes/a.conf.json", path: "/n", from: 1, to: 2, into: "template", location },
    { name: "pipes/a.conf.json", path: "/api_key", into: "template", location },
    { name: "pipes/b.conf.json", path: "", to: { _id: "b" }, into: "template", location },
    { name: "pipes/c.conf.json", path: "", from: { _id: "c" }, into: "template", location },
  ],
  unplaced: [
    { name: "pipes/a.conf.json", path: "/x\u001b[2J", to: "y", reason: "mixed", message: "edit the file", location },
    { name: "pipes/d.conf.json", path: "", reason: "unreadable", message: "no JSON" },
  ],
  dryRun: true,
  written: false,
};
const options = { colour: false, detail: false };

describe("a collapsed expansion", () => {
  test("is shown with where each edit goes, what has no place, and the files' differences", () => {
    expect(renderCollapseReport(report, options)).toBe(`~ pipes/a.conf.json n 1 → 2
    templates/contact.json:4 (template)
~ pipes/a.conf.json api_key
    templates/contact.json:4 (template)
+ pipes/b.conf.json
    templates/contact.json:4 (template)
- pipes/c.conf.json
    templates/contact.json:4 (template)

? pipes/a.conf.json x\\u001b[2J (unset) → "y"
    no place: mixed (templates/contact.json:4): edit the file
? pipes/d.conf.json
    no place: unreadable: no JSON

--- a/templates/contact.json
+++ b/templates/contact.json
@@ -1,3 +1,3 @@
 {
-  "n": 1
+  "n": 2
 }

+ test-env.json (values are not shown)

would collapse 4 edits in 2 files, 2 without a place`);
  });

  test("is shown shortly once it was written, since it was shown before", () => {
    const text = renderCollapseReport({ ...report, unplaced: [], dryRun: false, written: true }, options);
    expect(text).toBe("~ templates/contact.json\n+ test-env.json\n\ncollapsed 4 edits in 2 files");
  });

  test("says why nothing was written", () => {
    const refused = renderCollapseReport({ ...report, dryRun: false }, options);
    expect(refused).toMatch(/nothing was written: 2 of 6 edits have no place; --partial writes the rest$/);
    const vain = renderCollapseReport({ ...report, placed: [], files: [] }, options);
    expect(vain).toMatch(/\n\nnothing would be written: 2 edits have no place$/);
    const nothing = { ...report, placed: [], unplaced: [], files: [] };
    expect(renderCollapseReport(nothing, options)).toMatch(/^nothing to collapse/);
  });

  test("shows no more than people read, unless they ask", () => {
    const [one] = report.placed;
    const many = {
      ...report,
      unplaced: [],
      files: [],
      placed: Array.from({ length: 60 }, () => one).flatMap((edit) => edit ?? []),
    };
    expect(renderCollapsed(many, options).split("\n")).toHaveLength(101);
    expect(renderCollapsed(many, { ...options, detail: true }).split("\n")).toHaveLength(120);
  });

  test("has colours where they are wanted", () => {
    expect(renderCollapsed(report, { colour: true, detail: false })).toContain('\u001b[32m+  "n": 2\u001b[39m');
  });
});
