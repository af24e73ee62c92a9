import { describe, expect, it } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import { editFile } from "../../src/manifest/editing/edit-file.ts";
import type { FileEdit } from "../../src/manifest/editing/types.ts";
import { parseSource } from "../../src/manifest/parse/source.ts";
import { findIn, jsonOf, type Member, type Tree } from "../../src/manifest/parse/tree.ts";

type Found = { readonly tree: Tree; readonly member?: Member };

/** Edits that are said by path in place of offsets. */
type Edits = {
  readonly value: (path: string, to: Json) => FileEdit;
  readonly key: (path: string, to: string) => FileEdit;
  readonly addMember: (path: string, key: string, value: Json) => FileEdit;
  readonly removeMember: (path: string) => FileEdit;
  readonly addItem: (path: string, index: number, value: Json) => FileEdit;
  readonly removeItem: (path: string, index: number) => FileEdit;
};

const editsOf = (file: string, text: string): Edits => {
  const { trees } = parseSource(file, text);
  const find = (path: string): Found => {
    const [document = "", ...segments] = path.split("/");
    const tree = trees[Number(document)];
    const found = tree && findIn(tree, segments);
    if (found === undefined) throw new Error(`nothing at ${path}`);
    return found;
  };
  const memberAt = (path: string): Member => {
    const { member } = find(path);
    if (member === undefined) throw new Error(`no member at ${path}`);
    return member;
  };
  return {
    value: (path, to) => {
      const { tree } = find(path);
      return { op: "value", start: tree.start, end: tree.end, from: jsonOf(tree), to };
    },
    key: (path, to) => {
      const { key, keyStart, keyEnd } = memberAt(path);
      return { op: "key", start: keyStart, end: keyEnd, from: key, to };
    },
    addMember: (path, key, value) => ({ op: "add-member", start: find(path).tree.start, key, value }),
    removeMember: (path) => {
      const { key, keyStart } = memberAt(path);
      return { op: "remove-member", start: keyStart, key };
    },
    addItem: (path, index, value) => ({ op: "add-item", start: find(path).tree.start, index, value }),
    removeItem: (path, index) => ({ op: "remove-item", start: find(path).tree.start, index }),
  };
};

const edited = (file: string, text: string, make: (edits: Edits) => readonly FileEdit[]): string => {
  const result = editFile(file, text, make(editsOf(file, text)));
  return "text" in result ? result.text : `problem: ${result.problem}`;
};

const json = (text: string, make: (edits: Edits) => readonly FileEdit[]): string => edited("x.json", text, make);
const yaml = (text: string, make: (edits: Edits) => readonly FileEdit[]): string => edited("x.yaml", text, make);

describe("a JSON file", () => {
  it("keeps the spelling of a text around what changes", () => {
    const before = '{"a": "caf\\u00e9 \\/ one \\ud83d\\ude00", "n": 1.0}';
    expect(json(before, ({ value }) => [value("0/a", "café / two 😀")])).toBe(before.replace("one", "two"));
  });

  it("writes letters as escapes where it has no others", () => {
    expect(json('{"a": "\\u00e9"}', ({ addMember }) => [addMember("0", "ü", "😀")])).toBe(
      '{"a": "\\u00e9", "\\u00fc": "\\ud83d\\ude00"}',
    );
  });

  it("keeps numbers that mean the same", () => {
    const before = '{"a": 1.0, "b": 1e2, "c": 3}';
    expect(json(before, ({ value }) => [value("0", { a: 1, b: 100, c: 4 })])).toBe('{"a": 1.0, "b": 1e2, "c": 4}');
  });

  it("gives new members a line where their neighbours have one", () => {
    const before = '{\n\t"a": ["x"],\n\t"b": {\n\t\t"c": 1\n\t}\n}\n';
    expect(json(before, ({ addMember }) => [addMember("0", "d", { e: 2 }), addMember("0/b", "f", ["y", "z"])])).toBe(
      '{\n\t"a": ["x"],\n\t"b": {\n\t\t"c": 1,\n\t\t"f": ["y", "z"]\n\t},\n\t"d": {\n\t\t"e": 2\n\t}\n}\n',
    );
  });

  it("stays as compact, and as wide, as it is", () => {
    expect(json('{"a":1,"b":[1,2]}', ({ addItem, addMember }) => [addItem("0/b", 2, 3), addMember("0", "c", {})])).toBe(
      '{"a":1,"b":[1,2,3],"c":{}}',
    );
    expect(json('{ "a": [ 1 ] }', ({ addItem }) => [addItem("0/a", 0, 0)])).toBe('{ "a": [ 0, 1 ] }');
  });

  it("takes several edits of one list by its items' places before", () => {
    const before = '[\n  "a",\n  "b",\n  "c"\n]';
    expect(
      json(before, ({ addItem, removeItem, value }) => [
        value("0/2", "C"),
        addItem("0", 3, "d"),
        removeItem("0", 1),
        addItem("0", 3, "e"),
        addItem("0", 0, "_"),
      ]),
    ).toBe('[\n  "_",\n  "a",\n  "C",\n  "d",\n  "e"\n]');
  });

  it("keeps its byte order mark and its line feeds", () => {
    const before = '\ufeff{\r\n  "a": 1\r\n}';
    expect(json(before, ({ addMember }) => [addMember("0", "b", 2)])).toBe('\ufeff{\r\n  "a": 1,\r\n  "b": 2\r\n}');
  });

  it("becomes a list when a component is added to a template of one", () => {
    expect(json('{\n  "_id": "a"\n}\n', () => [{ op: "add-component", value: { _id: "b" } }])).toBe(
      '[{\n  "_id": "a"\n}, {\n  "_id": "b"\n}]\n',
    );
    expect(json('[\n  {"_id": "a"}\n]\n', () => [{ op: "add-component", value: { _id: "b" } }])).toBe(
      '[\n  {"_id": "a"},\n  {"_id": "b"}\n]\n',
    );
  });

  it("can become empty, and full again", () => {
    expect(json('{\n  "a": [\n    1\n  ]\n}', ({ removeItem }) => [removeItem("0/a", 0)])).toBe('{\n  "a": []\n}');
    expect(json('{\n  "a": [],\n  "b": [\n    1\n  ]\n}', ({ addItem }) => [addItem("0/a", 0, 2)])).toBe(
      '{\n  "a": [\n    2\n  ],\n  "b": [\n    1\n  ]\n}',
    );
  });
});

describe("a YAML file", () => {
  const tenant =
    "# who\nid: t1\nauth: { account_id: '1' } # theirs\nvalues: # of all\n  # the first\n  a: 1 # one\n  b: two\n\nlast: |\n  x\n  y\n";

  it("changes the line of a value, and no other", () => {
    expect(yaml(tenant, ({ value }) => [value("0/values/a", 2), value("0/auth/account_id", "2")])).toBe(
      tenant.replace("a: 1", "a: 2").replace("'1'", "'2'"),
    );
  });

  it("takes a member's line and comment away, and leaves the comments of others", () => {
    expect(yaml(tenant, ({ removeMember }) => [removeMember("0/values/a")])).toBe(tenant.replace("  a: 1 # one\n", ""));
    expect(yaml("a: 1\n# of b\nb:\n  c: 1\n  # of nothing\nd: 2\n", ({ removeMember }) => [removeMember("0/b")])).toBe(
      "a: 1\n# of b\n  # of nothing\nd: 2\n".replace("  # of nothing\n", ""),
    );
  });

  it("gives new members the quotes and the form of their neighbours", () => {
    expect(
      yaml("a: 'x'\nb: 'y'\nc: { d: 1 }\n", ({ addMember }) => [
        addMember("0", "e", "z"),
        addMember("0", "f", { g: 2 }),
      ]),
    ).toBe("a: 'x'\nb: 'y'\nc: { d: 1 }\ne: 'z'\nf: { g: 2 }\n");
    expect(yaml("a:\n- b\n", ({ addMember }) => [addMember("0", "c", [1, { d: "yes", e: [] }])])).toBe(
      'a:\n- b\nc:\n- 1\n- d: "yes"\n  e: []\n',
    );
  });

  it("takes an item that stands behind two dashes", () => {
    expect(yaml("- - a # gone\n  # stays\n  - b\n- c\n", ({ removeItem }) => [removeItem("0/0", 0)])).toBe(
      "- # stays\n  - b\n- c\n",
    );
    expect(yaml("- a: 1\n  b: 2\n", ({ removeMember }) => [removeMember("0/0/a")])).toBe("- b: 2\n");
  });

  it("keeps the lines of a text that do not change", () => {
    expect(yaml(tenant, ({ value }) => [value("0/last", "x\nnew\ny\n")])).toBe(tenant.replace("  x\n", "  x\n  new\n"));
    expect(yaml("a: |-\n  x\nb: 1\n", ({ value }) => [value("0/a", "x\n")])).toBe("a: |\n  x\nb: 1\n");
    expect(yaml("a: >\n  one\n  two\nb: 1\n", ({ value }) => [value("0/a", "one 2\n")])).toBe(
      "a: >\n  one\n  2\nb: 1\n",
    );
  });

  it("quotes what would mean something else without quotes", () => {
    for (const text of [
      "true",
      "10",
      "",
      "a: b",
      "# a",
      "- a",
      "~",
      "a #b",
      "2024-01-01",
      "0x10",
      " a",
      "a\nb",
      "\u2028",
      "[a",
    ]) {
      const after = yaml("a: b\nc: d\n", ({ value }) => [value("0/a", text)]);
      expect(parseSource("x.yaml", after).trees.map(jsonOf)).toEqual([{ a: text, c: "d" }]);
      expect(after).toMatch(/^a: ".*"\nc: d\n$/);
    }
  });

  it("keeps what stands between braces over several lines", () => {
    const before = "a: { # all\n  b: 1, # one\n  c: 2 # two\n}\n";
    expect(yaml(before, ({ addMember }) => [addMember("0/a", "d", 3)])).toBe(
      "a: { # all\n  b: 1, # one\n  c: 2, # two\n  d: 3\n}\n",
    );
    expect(yaml(before, ({ removeMember }) => [removeMember("0/a/c")])).toBe("a: { # all\n  b: 1 # one\n}\n");
    expect(yaml("a: { b: 1, c: 2, }\n", ({ removeMember }) => [removeMember("0/a/c")])).toBe("a: { b: 1, }\n");
  });

  it("gets a document, or an item, for a new component", () => {
    expect(yaml("_id: a\n", () => [{ op: "add-component", value: { _id: "b", c: [1] } }])).toBe(
      "_id: a\n---\n_id: b\nc:\n  - 1\n",
    );
    expect(yaml("_id: a\n---\n- _id: b", () => [{ op: "add-component", value: { _id: "c" } }])).toBe(
      "_id: a\n---\n- _id: b\n- _id: c",
    );
  });

  it("keeps that there is no line feed at its end", () => {
    expect(yaml("a:\n  b: 1", ({ addMember }) => [addMember("0/a", "c", 2), addMember("0", "d", 3)])).toBe(
      "a:\n  b: 1\n  c: 2\nd: 3",
    );
  });

  it("is left alone where aliases stand for what is edited", () => {
    const before = "a: &x { b: 1 }\nc: *x\nd: 1\n";
    expect(yaml(before, ({ value }) => [value("0/a/b", 2)])).toMatch(/^problem: /);
    expect(yaml(before, ({ addMember }) => [addMember("0/c", "e", 2)])).toMatch(/^problem: /);
    expect(yaml(before, ({ removeMember }) => [removeMember("0/a")])).toMatch(/^problem: /);
    expect(yaml(before, ({ value }) => [value("0/d", 2)])).toBe(before.replace("d: 1", "d: 2"));
  });
});

describe("`set`", () => {
  const set = (path: readonly string[], value: Json): FileEdit => ({ op: "set", path, value });

  it.each([
    ["a: {}\n", "a: { b: { c: 1 } }\n"],
    ["a:\n", "a: { b: { c: 1 } }\n"],
    ["a: # none yet\nd: 1\n", "a: { b: { c: 1 } } # none yet\nd: 1\n"],
    ["a: true # on\n", "a: { b: { c: 1 } } # on\n"],
    ["a:\n  x: 1\n", "a:\n  x: 1\n  b: { c: 1 }\n"],
    ["a: { x: 1 }\n", "a: { x: 1, b: { c: 1 } }\n"],
    ["a:\n  b:\n    c: 2 # two\n", "a:\n  b:\n    c: 1 # two\n"],
    ["# nothing\n", "# nothing\na: { b: { c: 1 } }\n"],
    ["d: 1\n", "d: 1\na: { b: { c: 1 } }\n"],
  ])("changes one line of %j", (before, after) => {
    expect(editFile("x.yaml", before, [set(["a", "b", "c"], 1)])).toEqual({ text: after });
  });

  it("makes one mapping for several values", () => {
    expect(
      editFile("x.yaml", "a:\n", [set(["a", "b", "c"], 1), set(["a", "b", "d"], "x"), set(["a", "e"], [])]),
    ).toEqual({
      text: "a: { b: { c: 1, d: x }, e: [] }\n",
    });
  });

  it.each([
    ["through a value that is no mapping", "a: 1\n"],
    ["through what is switched off", "a: false\n"],
    ["into several documents", "a: {}\n---\na: {}\n"],
  ])("does not go %s", (_, before) => {
    expect(editFile("x.yaml", before, [set(["a", "b"], 1)])).toHaveProperty("problem");
  });
});

describe("edits", () => {
  it("are refused where something else stands", () => {
    const text = '{"a": 1, "b": [1]}';
    const { value } = editsOf("x.json", text);
    const edit = value("0/a", 2);
    expect(editFile("x.json", text, [{ ...edit, from: 3 } as FileEdit])).toHaveProperty("problem");
    expect(editFile("x.json", ` ${text}`, [edit])).toHaveProperty("problem");
    expect(editFile("x.json", text, [{ op: "remove-member", start: 1, key: "b" }])).toHaveProperty("problem");
    expect(editFile("x.json", text, [{ op: "remove-item", start: 14, index: 1 }])).toHaveProperty("problem");
    expect(editFile("x.json", text, [{ op: "add-item", start: 14, index: 2, value: 1 }])).toHaveProperty("problem");
  });

  it("are refused where they would make a key twice, or one that is reserved", () => {
    expect(json('{"a": 1, "b": 2}', ({ key }) => [key("0/a", "b")])).toMatch(/^problem: /);
    expect(json('{"a": {}}', ({ addMember }) => [addMember("0/a", "x", 1), addMember("0/a", "x", 2)])).toMatch(
      /^problem: /,
    );
    expect(json('{"a": 1}', ({ addMember }) => [addMember("0", "__proto__", 1)])).toMatch(/^problem: /);
    expect(yaml("a: 1\n", ({ key }) => [key("0/a", "$secret")])).toMatch(/^problem: /);
  });

  it("are refused where the file would say something else, as folded lines that are indented do", () => {
    expect(yaml("a: >\n  one\n  two\n", ({ value }) => [value("0/a", "one\n two\n")])).toMatch(/^problem: /);
  });

  it("are refused where one lies within what another takes away", () => {
    expect(json('{"a": {"b": 1}}', ({ removeMember, value }) => [removeMember("0/a"), value("0/a/b", 2)])).toMatch(
      /^problem: /,
    );
  });

  it("can swap keys", () => {
    expect(json('{"a": 1, "b": 2}', ({ key }) => [key("0/a", "b"), key("0/b", "a")])).toBe('{"b": 1, "a": 2}');
  });
});

describe("text in which a template language stands", () => {
  const text = '{{% if x %}}{"a": "caf\\u00e9", "n": {{@ n @}}, "b": 1}{{% endif %}}';
  const at = (token: string): { start: number; end: number } => {
    const start = text.indexOf(token);
    return { start, end: start + token.length };
  };

  it("has its scalars changed where they stand", () => {
    expect(
      editFile("x.json", text, [
        { op: "value", ...at('"caf\\u00e9"'), from: "café", to: "café au lait" },
        { op: "value", ...at("1"), from: 1, to: "one" },
        { op: "key", ...at('"b"'), from: "b", to: "c" },
      ]),
    ).toEqual({ text: text.replace("caf\\u00e9", "caf\\u00e9 au lait").replace("1", '"one"').replace('"b"', '"c"') });
  });

  it("has nothing else changed", () => {
    expect(editFile("x.json", text, [{ op: "value", ...at("1"), from: 1, to: [1] }])).toHaveProperty("problem");
    expect(editFile("x.json", text, [{ op: "value", ...at("1"), from: 2, to: 3 }])).toHaveProperty("problem");
    expect(editFile("x.json", text, [{ op: "value", ...at("{{@ n @}}"), from: 2, to: 3 }])).toHaveProperty("problem");
    expect(editFile("x.json", text, [{ op: "add-component", value: {} }])).toHaveProperty("problem");
  });
});
