import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../src/manifest/parse/parse-json.ts";
import { parseYaml } from "../../src/manifest/parse/parse-yaml.ts";
import { quickYaml } from "../../src/manifest/parse/quick-yaml.ts";
import { readText } from "../../src/manifest/parse/source.ts";
import type { Tree } from "../../src/manifest/parse/tree.ts";
import { jsonOf } from "../../src/manifest/parse/tree.ts";

const scalars = (tree: Tree): Extract<Tree, { type: "scalar" }>[] =>
  tree.type === "scalar"
    ? [tree]
    : tree.type === "list"
      ? tree.items.flatMap(scalars)
      : tree.members.flatMap(({ value }) => scalars(value));

const codes = (text: string): string[] => parseYaml(text).problems.map(({ code }) => code);

describe("JSON", () => {
  const safe = fc
    .jsonValue({ noUnicodeString: false } as object)
    .filter((value) => !JSON.stringify(value).includes("__proto__"))
    .filter((value) => !/\d{16}|e[+-]?\d/.test(JSON.stringify(value)));

  test("is read as JSON.parse reads it", () => {
    fc.assert(
      fc.property(safe, fc.integer({ min: 0, max: 3 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const { tree, problems } = parseJson(text);
        expect(problems).toEqual([]);
        expect(tree && jsonOf(tree)).toEqual(JSON.parse(text));
      }),
    );
  });

  test("is refused where JSON.parse refuses it", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"',
      "1",
      "-",
      "0",
      ".5",
      "e1",
      "true",
      "nul",
      " ",
      "\n",
      "\\",
      "{{@ x @}}",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join("");
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const { tree, problems } = parseJson(text);
        const wrong = problems.some(({ code }) => code === "yaml-syntax" || code === "unquoted-variable");
        expect(tree !== undefined && !wrong).toBe(valid);
      }),
      { numRuns: 2000 },
    );
  });

  test("nested too deeply is a problem, not a crash", () => {
    expect(parseJson("[".repeat(100_000)).problems[0]?.message).toContain("nested deeper");
  });
});

describe("YAML", () => {
  test("gives the place of every value", () => {
    const text = 'a: one\nb: { c: "two", d: [3, null] }\ne:\n  - four five\n  - 6.5\n';
    const { trees } = parseYaml(text);
    expect(trees.flatMap(scalars).map(({ start, end }) => text.slice(start, end))).toEqual([
      "one",
      '"two"',
      "3",
      "null",
      "four five",
      "6.5",
    ]);
  });

  test("nested too deeply is a problem, not a crash", () => {
    expect(codes("[".repeat(20_000))).toEqual(["yaml-syntax"]);
    expect(codes(`${"[".repeat(300)}${"]".repeat(300)}`)).toContain("yaml-syntax");
    expect(codes(Array.from({ length: 300 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"))).toContain(
      "yaml-syntax",
    );
  });

  test("may use aliases, and may not explode by them", () => {
    expect(jsonOf(parseYaml("a: &x [1, 2]\nb: *x\nc: *x\n").trees[0] ?? expect.fail())).toEqual({
      a: [1, 2],
      b: [1, 2],
      c: [1, 2],
    });
    const many = `a: &x ${JSON.stringify(Array(2000).fill(1))}\nb: [${Array(20).fill("*x").join(", ")}]\n`;
    expect(codes(many)).toEqual(["alias-bomb"]);
  });

  test("stays with the core schema, whatever a directive says", () => {
    expect(parseYaml("%YAML 1.1\n---\na: yes\n").trees.map(jsonOf)).toEqual([{ a: "yes" }]);
  });

  test("with a key that is no text is refused", () => {
    expect(codes("? [a]\n: 1\n")).toEqual(["wrong-type"]);
    expect(codes("{ a: 1 }: 2\n")).toEqual(["wrong-type"]);
  });

  test("finds ten thousand keys of one mapping without comparing each with each", () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}: ${index}\n`).join("");
    expect(codes(`${text}k0: 0\n`)).toEqual(["duplicate-yaml-key"]);
  });
});

describe("the quick way to read YAML", () => {
  const odd = fc.constantFrom(
    ...[
      "a",
      "id",
      "crm",
      "a-b",
      "a b",
      "x:y",
      "https://a.b/c?d=e&f",
      "#a",
      "a#b",
      "a #b",
      "é",
      "-",
      "-a",
      "- a",
      "--",
      "...",
    ],
    ...[
      "'a'",
      "'it''s'",
      '"a"',
      '"a\\n"',
      '"a: b"',
      "'",
      '"',
      "a'",
      'a"b"',
      "''",
      '""',
      "'a' b",
      '"a"b',
      '"a":',
      "a:",
      ":a",
      "?",
    ],
    ...[
      "1",
      "-1",
      "+1",
      "01",
      "-0",
      "0",
      "1.5",
      "1.50",
      "-0.0",
      ".5",
      "5.",
      "1e3",
      "0x1F",
      "0o17",
      ".inf",
      "-.INF",
      ".NaN",
    ],
    ...["12345678901234567890", "123456789012345", "2020-01-01", "12:30", "1_000", "1,2", "1.2.3"],
    ...[
      "true",
      "True",
      "yes",
      "null",
      "~",
      "NULL",
      "nan",
      "&a",
      "*a",
      "!t",
      "|",
      ">",
      ">-",
      "%",
      "@",
      "`",
      "<<",
      "<<@ x @>>",
    ],
    ...[
      "$ENV(A)",
      "__proto__",
      "constructor",
      "$secret",
      "a]",
      "[a",
      "{a",
      "a}",
      "a,b",
      ",",
      "\t",
      "\\",
      "=",
      "+",
      "(a)",
      "^",
    ],
  );
  const plain = fc.constantFrom(
    "a",
    "id",
    "a b",
    "https://a.b/c?d=e&f",
    "'a'",
    '"a: b"',
    "1",
    "-1.5",
    "true",
    "null",
    "é",
    "x:y",
  );
  const word = fc.oneof({ weight: 5, arbitrary: plain }, { weight: 1, arbitrary: odd });
  const flow = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 2 },
      word,
      fc
        .tuple(fc.array(tie("value"), { maxLength: 3 }), fc.constantFrom(", ", ",", " , "))
        .map(([items, by]) => `[${items.join(by)}]`),
      fc
        .tuple(
          fc.array(fc.tuple(word, fc.constantFrom(": ", ":", ":  "), tie("value")), { maxLength: 3 }),
          fc.constantFrom("", " "),
        )
        .map(([members, pad]) => `{${pad}${members.map((member) => member.join("")).join(", ")}${pad}}`),
    ),
  })).value;
  const line = fc
    .tuple(
      fc.constantFrom("", "", "  ", "  ", "    ", " ", "   ", "\t"),
      fc.oneof(
        { weight: 4, arbitrary: word.map((key) => `${key}:`) },
        { weight: 1, arbitrary: fc.constantFrom("- ", "-", "? ", "") },
      ),
      fc.constantFrom(" ", " ", "", "  "),
      fc.oneof(flow, fc.constant("")),
      fc.constantFrom("", "", "", " ", " # c", "#c", "\r", "\n"),
    )
    .map((parts) => parts.join(""));
  const plainLine = fc
    .tuple(
      fc.constantFrom("", "  ", "    "),
      fc.constantFrom("a", "b", "c", "'d'", '"e"'),
      fc.oneof(flow, fc.constant("")),
    )
    .map(([indent, key, value]) => `${indent}${key}: ${value}`);
  const document = fc
    .tuple(
      fc.constantFrom("", "", "", "---\n", "--- \n", "# c\n", "%YAML 1.2\n---\n"),
      fc.array(fc.oneof({ weight: 1, arbitrary: line }, { weight: 4, arbitrary: plainLine }), { maxLength: 5 }),
    )
    .map(([head, lines]) => head + lines.join("\n"));

  const slowly = (text: string): unknown => {
    const { trees, problems } = parseYaml(text);
    return problems.length > 0 || trees.length !== 1 ? "refused" : trees.map(jsonOf)[0];
  };

  const ordinary = `# a tenant
id: t042
labels: { wave: canary, region: eu }   # two labels
connectors:
  crm:
    auth: { account_id: "8812", is_fullsync: { contact: true } }
    parameter_values:
      page_size: 50
      url: https://example.org/a?b=c#d
      tags: [a, 'b c', -1.5]
  erp:

secrets: { key: { env: T042_KEY } }
`;

  test("reads an ordinary tenant", () => {
    expect(quickYaml(ordinary)).toEqual(slowly(ordinary));
    expect(quickYaml(ordinary)).toMatchObject({ id: "t042", connectors: { erp: null } });
  });

  test("says the same as the other way, or nothing, of a tenant with slips of the pen", () => {
    const slip = fc.tuple(
      fc.nat(ordinary.length),
      fc.nat(3),
      fc.constantFrom(..." :#,{}[]'\"\n-?&*!|>%@\t\\.0a~<", "", "  ", ": ", " #", "\n  ", "\n\n", "- ", "---\n"),
    );
    let answered = 0;
    fc.assert(
      fc.property(fc.array(slip, { minLength: 1, maxLength: 3 }), (slips) => {
        const text = slips.reduce((was, [at, cut, put]) => was.slice(0, at) + put + was.slice(at + cut), ordinary);
        const quick = quickYaml(text);
        if (quick === undefined) return;
        answered++;
        expect(quick).toEqual(slowly(text));
      }),
      { numRuns: 1000 },
    );
    expect(answered).toBeGreaterThan(20);
  });

  test("says the same as the other way, or nothing", () => {
    let answered = 0;
    fc.assert(
      fc.property(document, (text) => {
        const quick = quickYaml(text);
        if (quick === undefined) return;
        answered++;
        expect(quick).toEqual(slowly(text));
      }),
      { numRuns: 1500 },
    );
    expect(answered).toBeGreaterThan(20);
  });
});

describe("a file that is none", () => {
  test.skipIf(process.platform === "win32")("is named, and nobody waits for what may come out of it", () => {
    const folder = mkdtempSync(join(tmpdir(), "no-file-"));
    execFileSync("mkfifo", [join(folder, "pipe.json")]);
    for (const path of [join(folder, "pipe.json"), folder, "/dev/zero"]) {
      expect(readText(path, "a.json")).toMatchObject({ code: "file-not-found", severity: "error" });
    }
    rmSync(folder, { recursive: true });
  });
});
