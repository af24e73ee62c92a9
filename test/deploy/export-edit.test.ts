import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { addMembers } from "../../src/deploy/export-edit.ts";

const addition = { parent: "secrets", members: { one: { env: "ONE" }, "t-2": { env: "true" } } };

/** Every character that was there is there still, in its order. */
const isKept = (before: string, after: string): boolean => {
  let at = 0;
  for (const character of after) if (character === before[at]) at++;
  return at === before.length;
};

const files: readonly (readonly [string, string])[] = [
  ["a block at the end", "a: 1\nsecrets:\n  x: { env: X }\n"],
  ["a block at the end without a line feed", "a: 1\nsecrets:\n  x: { env: X }"],
  [
    "a block in the middle, with comments",
    "secrets: # all\n  # the first\n  x: { env: X } # that one\n  # the last\n\n# next\na: 1\n",
  ],
  ["a block that is indented by four", "secrets:\n    x:\n        env: X\na: 1\n"],
  ["a block that ends in lines of text", "secrets:\n  x:\n    file: |\n      a\n      b\n\na: 1\n"],
  ["a block that ends in text that keeps its line feeds", "secrets:\n  x:\n    file: |+\n      a\n\n\n"],
  ["a block that ends in an empty value", "secrets:\n  x:\na: 1\n"],
  ["braces on one line", 'secrets: { x: { env: "{" } }\n'],
  ["braces with a comma at the end", "secrets: { x: { env: X }, } # all\n"],
  ["braces over lines, with comments", "secrets: { # all\n  x: { env: X } # that one\n}\n"],
  ["empty braces", "secrets: {}\na: 1\n"],
  ["braces around everything", '{ "a": 1, "secrets": {} }\n'],
  ["nothing of the kind", "# only\na: 1 # one\n# the end\n"],
  ["nothing of the kind, in braces", '{"a": 1}'],
  ["line feeds of Windows", "a: 1\r\nsecrets:\r\n  x: { env: X }\r\n"],
  ["a mark of its encoding", "\ufeffa: 1\n"],
  ["a document that begins and ends as such", "---\na: 1\nsecrets:\n  x: { env: X }\n"],
  ["an anchor", "secrets: &all\n  x: { env: X }\n"],
];

describe("members are added to", () => {
  it.each(files)("%s, and nothing else changes", (_name, before) => {
    const after = addMembers("x.yaml", before, addition);
    if (after === undefined) throw new Error("not added");
    expect(isKept(before, after)).toBe(true);
    const content = parse(before);
    expect(parse(after)).toEqual({ ...content, secrets: { ...content.secrets, ...addition.members } });
  });

  it.each([
    ["several documents", "a: 1\n---\nb: 2\n"],
    ["something that refers to another place", "a: &all {}\nsecrets: *all\n"],
    ["a list", "secrets: []\n"],
    ["a member that is there", "secrets:\n  one: { env: X }\n"],
    ["what is no mapping", "[]\n"],
    ["what is not YAML", "a: [\n"],
  ])("nothing where it is %s", (_name, before) => {
    expect(addMembers("x.yaml", before, addition)).toBeUndefined();
  });

  it("JSON as JSON", () => {
    const after = addMembers("x.json", '{"a": 1, "secrets": {"x": {"env": "X"}}}', addition);
    expect(JSON.parse(after ?? "")).toMatchObject({ a: 1, secrets: { x: { env: "X" }, one: { env: "ONE" } } });
  });

  it("whatever it is, or not at all", () => {
    const line = fc.constantFrom(
      "secrets:",
      "  x: { env: X }",
      "  y:",
      "    env: |",
      "      a",
      "# c",
      "",
      "a: 1",
      "b: { c: 1,",
      " d: 2 }",
      "- e",
      "...",
      "  z: [1,",
      "   2]",
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 9 }), (lines) => {
        const before = lines.join("\n");
        const after = addMembers("x.yaml", before, addition);
        expect(after === undefined || isKept(before, after)).toBe(true);
        if (after === undefined) return;
        const content = parse(before);
        expect(parse(after)).toEqual({ ...content, secrets: { ...content?.secrets, ...addition.members } });
      }),
      { numRuns: 2000 },
    );
  });
});
