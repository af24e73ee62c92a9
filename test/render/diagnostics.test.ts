import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../src/diagnostic.ts";
import { renderDiagnostics, renderValidation } from "../../src/render/index.ts";

const at = (text: string, column: number, endColumn: number, facts: Partial<Diagnostic> = {}): Diagnostic => ({
  code: "unknown-variable",
  severity: "error",
  message: 'unknown variable "bse_url"',
  location: { file: "templates/system.yaml", line: 4, column, endColumn, text },
  ...facts,
});

const render = (...diagnostics: readonly Diagnostic[]): readonly string[] =>
  renderDiagnostics(diagnostics, { colour: false }).split("\n");

describe("a diagnostic", () => {
  test("has its place, code, message, line, caret and hint", () => {
    expect(render(at("url: <<@ bse_url @>>", 6, 21, { hint: 'did you mean "base_url"?', tenant: "t001" }))).toEqual([
      'templates/system.yaml:4:6 error unknown-variable: unknown variable "bse_url" (tenant t001)',
      "  4 | url: <<@ bse_url @>>",
      "    |      ^^^^^^^^^^^^^^^",
      '  hint: did you mean "base_url"?',
      "",
      "1 error, 0 warnings",
    ]);
  });

  test.each([
    ["tabs before it", "\t\tkey: <<@ x @>>", 8, 17, "      key: <<@ x @>>", "           ^^^^^^^^^"],
    ["wide letters before it", "名前: <<@ x @>>", 5, 14, "  名前: <<@ x @>>", "        ^^^^^^^^^"],
    ["wide letters in it", "a: 名前", 4, 6, "  a: 名前", "     ^^^^"],
    ["emoji of two units before it", "🎉: x", 5, 6, "  🎉: x", "      ^"],
    ["combining marks before it", "e\u0301: x", 5, 6, "  e\u0301: x", "     ^"],
    ["controls before it", "\u001b: x", 4, 5, "  \\u001b: x", "          ^"],
    ["no end", "abc", 2, 0, "  abc", "   ^"],
    ["a place after the end of the line", "abc", 40, 41, "  abc", "     ^"],
  ])("has its caret in the right place with %s", (_, text, column, endColumn, shown, carets) => {
    const [, line, caret] = render(at(text, column, endColumn === 0 ? column + 1 : endColumn));
    expect(line).toBe(`  4 |${shown.slice(1)}`);
    expect(caret).toBe(`    |${carets.slice(1)}`);
  });

  test("shows of a very long line what is around the range", () => {
    const [, line = "", caret = ""] = render(at(`${"a".repeat(5000)}HERE${"b".repeat(5000)}`, 5001, 5005));
    expect(line.length).toBeLessThan(130);
    expect(line.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("HERE");
  });

  test("without a line shows none, without a place names what it is about", () => {
    const bare: Diagnostic = { code: "plain-secret", severity: "error", message: "a secret in clear" };
    expect(render({ ...bare, location: { file: "a.yaml", line: 1, column: 1 } })[1]).toBe("");
    expect(render({ ...bare, component: "acme-t001-crm" })[0]).toMatch(/^acme-t001-crm error plain-secret/);
  });
});

describe("many diagnostics", () => {
  test("are sorted by place, warnings before errors", () => {
    const one = at("x", 1, 2, { location: { file: "b.yaml", line: 1, column: 1 } });
    const two = at("x", 1, 2, { location: { file: "a.yaml", line: 10, column: 1 } });
    const three = at("x", 1, 2, { location: { file: "a.yaml", line: 9, column: 5 } });
    const four = at("x", 1, 2, { severity: "warning", location: { file: "z.yaml", line: 1, column: 1 } });
    const heads = render(one, two, three, four).filter((line) => line.includes("unknown-variable"));
    expect(heads.map((line) => line.split(" ")[0])).toEqual(["z.yaml:1:1", "a.yaml:9:5", "a.yaml:10:1", "b.yaml:1:1"]);
  });

  test("of one place in many tenants are one", () => {
    const lines = render(...["t1", "t2", "t3", "t4"].map((tenant) => at("x", 1, 2, { tenant })));
    expect(lines[0]).toContain("(in 4 tenants: t1, t2, t3 and 1 more)");
    expect(lines.at(-1)).toBe("1 error, 0 warnings");
  });

  test("of one code are cut, with how many there are more", () => {
    const all = Array.from({ length: 1000 }, (_, index) => at("x", 1, 2, { message: `number ${index}` }));
    const rare = at("x", 1, 2, { code: "duplicate-id", message: "twice" });
    const rendered = renderDiagnostics([...all, rare], { colour: false, most: 5 });
    expect(rendered.match(/unknown-variable:/g)).toHaveLength(5);
    expect(rendered).toContain("and 995 more unknown-variable");
    expect(rendered).toContain("duplicate-id: twice");
    expect(rendered.endsWith("1,001 errors, 0 warnings")).toBe(true);
  });

  test("end with a verdict when the files are validated", () => {
    const validation = {
      type: "validation",
      schemaVersion: 1,
      environment: "default",
      tenants: 2,
      resources: 8,
      rendered: 0,
    } as const;
    expect(renderValidation({ ...validation, diagnostics: [] }, { colour: false })).toBe(
      "valid: 2 tenants, 8 resources",
    );
    const warning = at("x", 1, 2, { severity: "warning" });
    expect(renderValidation({ ...validation, diagnostics: [warning] }, { colour: false })).toMatch(
      /\nvalid: 2 tenants/,
    );
    expect(renderValidation({ ...validation, diagnostics: [at("x", 1, 2)] }, { colour: false })).toMatch(
      /\ninvalid: 2/,
    );
  });
});
