import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equal } from "../../src/canonical.ts";
import type { Json } from "../../src/contract/index.ts";
import { editFile } from "../../src/manifest/editing/edit-file.ts";
import type { FileEdit } from "../../src/manifest/editing/types.ts";
import { parseSource } from "../../src/manifest/parse/source.ts";
import { jsonOf, type Tree } from "../../src/manifest/parse/tree.ts";

const runs = { numRuns: Number(process.env["EDITING_RUNS"] ?? 300) };

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "a",
        "b ",
        " ",
        "#",
        ": ",
        "é",
        "😀",
        "\n",
        "'",
        '"',
        "\\",
        "<<@ x @>>",
        "- ",
        ",",
        "]",
        "{",
        "yes",
      ),
      fc.string({ maxLength: 3 }),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(""));

const key = fc
  .oneof(fc.constantFrom("a", "b", "c-d", "_id", "é", "f g"), text)
  .filter((name) => !/^(?:__proto__|\$secret)$/.test(name) && name !== "<<");

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    text,
    fc.constantFrom<Json>(1, -2.5, 1e-7, true, false, null, "x", "10", "true"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

const root = fc.oneof(
  fc.dictionary(key, json, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  fc.array(json, { minLength: 1, maxLength: 4 }),
);

/** Writes a value in a layout that a stream of choices decides. */
type Choose = (ways: number) => number;

const asJson = (value: Json, choose: Choose, indent: string): string => {
  if (typeof value === "string") {
    const plain = JSON.stringify(value);
    return choose(3) === 0
      ? plain.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      : plain;
  }
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 100 && choose(4) === 0)
    return `${value}.0`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const lines = choose(2) === 0;
  const inner = lines ? `${indent}${["  ", "\t", "    "][choose(3)]}` : indent;
  const space = ["", " "][choose(2)] ?? "";
  const entries: [string | undefined, Json][] = Array.isArray(value)
    ? value.map((item) => [undefined, item])
    : Object.entries(value);
  const parts = entries.map(([name, item]) => {
    const written = asJson(item, choose, inner);
    return name === undefined ? written : `${asJson(name, choose, "")}${[":", ": ", " : "][choose(3)]}${written}`;
  });
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return `${open}${space}${close}`;
  if (lines) return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
  return `${open}${space}${parts.join([",", ", "][choose(2)])}${space}${close}`;
};

const plain = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const words = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

const yamlScalar = (value: Json, choose: Choose): string => {
  if (typeof value !== "string") return JSON.stringify(value);
  const way = choose(3);
  if (way === 0 && plain.test(value) && !words.test(value)) return value;
  if (way === 1 && /^[ -~éa-z]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
};

const flowYaml = (value: Json, choose: Choose, indent: string): string => {
  if (typeof value !== "object" || value === null) return yamlScalar(value, choose);
  const entries: [string | undefined, Json][] = Array.isArray(value)
    ? value.map((item) => [undefined, item])
    : Object.entries(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return `${open}${close}`;
  const lines = choose(3) === 0;
  const inner = `${indent}  `;
  const parts = entries.map(([name, item]) => {
    const written = flowYaml(item, choose, inner);
    return name === undefined ? written : `${yamlScalar(name, choose)}: ${written}`;
  });
  const last = choose(4) === 0 ? "," : "";
  if (!lines) return `${open} ${parts.join(", ")}${last} ${close}`;
  const comment = choose(3) === 0 ? " # between" : "";
  return `${open}\n${inner}${parts.join(`,${comment}\n${inner}`)}${last}\n${indent}${close}`;
};

const blockYaml = (value: Json, choose: Choose, indent: string): string[] => {
  const entries: [string | undefined, Json][] = Array.isArray(value)
    ? value.map((item) => [undefined, item])
    : Object.entries(value ?? {});
  return entries.flatMap(([name, item]): string[] => {
    const above = choose(8) === 0 ? [`${indent}# above`] : choose(12) === 0 ? [""] : [];
    const head = indent + (name === undefined ? "-" : `${yamlScalar(name, choose)}:`);
    const behind = choose(6) === 0 ? " # behind" : "";
    const isBlock = typeof item === "object" && item !== null && Object.keys(item).length > 0 && choose(3) > 0;
    if (isBlock) {
      const further =
        Array.isArray(item) && name !== undefined && choose(2) === 0 ? "" : (["  ", "    "][choose(2)] ?? "");
      const lines = blockYaml(item, choose, indent + (name === undefined ? "  " : further));
      const [first = "", ...rest] = lines;
      if (name === undefined && first.trim() !== "" && !first.trim().startsWith("#")) {
        return [...above, `${head} ${first.trimStart()}`, ...rest];
      }
      return [...above, head + behind, ...lines, ...(choose(8) === 0 ? [`${indent}      # deeper`] : [])];
    }
    if (typeof item === "string" && /^[a-z][ -~]*(\n[a-z][ -~]*)*\n?$/.test(item) && choose(2) === 0) {
      const chomp = item.endsWith("\n") ? "" : "-";
      return [
        ...above,
        `${head} |${chomp}`,
        ...item
          .replace(/\n$/, "")
          .split("\n")
          .map((line) => `${indent}   ${line}`),
      ];
    }
    if (item === null && choose(2) === 0) return [...above, head + behind];
    return [...above, `${head} ${flowYaml(item, choose, indent)}${behind}`];
  });
};

type Layouted = { readonly file: string; readonly text: string; readonly values: readonly Json[] };

const layouted = fc
  .record({
    values: fc.array(root, { minLength: 1, maxLength: 2 }),
    isJson: fc.boolean(),
    seed: fc.infiniteStream(fc.nat(999)),
    ends: fc.nat(7),
  })
  .map(({ values, isJson, seed, ends }): Layouted => {
    const choose: Choose = (ways) => Number(seed.next().value) % ways;
    const used = isJson ? values.slice(0, 1) : values;
    const documents = used.map((value) =>
      isJson
        ? asJson(value, choose, "")
        : choose(4) === 0
          ? flowYaml(value, choose, "")
          : blockYaml(value, choose, "").join("\n"),
    );
    const body = documents.join("\n---\n") + (ends % 2 === 0 ? "\n" : "");
    const feeds = ends % 4 < 2 ? body : body.replaceAll("\n", "\r\n");
    return { file: isJson ? "x.json" : "x.yaml", text: (ends >= 6 ? "\ufeff" : "") + feeds, values: used };
  });

const pick = (tree: Tree, choose: Choose, depth: number): { tree: Tree; path: (string | number)[] } => {
  const count = tree.type === "list" ? tree.items.length : tree.type === "map" ? tree.members.length : 0;
  if (count === 0 || (depth > 0 && choose(3) === 0)) return { tree, path: [] };
  const index = choose(count);
  if (tree.type === "list") {
    const inner = pick(tree.items[index] ?? tree, choose, depth + 1);
    return { tree: inner.tree, path: [index, ...inner.path] };
  }
  if (tree.type === "map") {
    const member = tree.members[index];
    const inner = pick(member?.value ?? tree, choose, depth + 1);
    return { tree: inner.tree, path: [member?.key ?? "", ...inner.path] };
  }
  return { tree, path: [] };
};

const put = (value: Json, path: readonly (string | number)[], make: (before: Json) => Json): Json => {
  const [head, ...rest] = path;
  if (head === undefined) return make(value);
  if (Array.isArray(value)) return value.map((item, index) => (index === head ? put(item, rest, make) : item));
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([name, item]) => [name, name === head ? put(item, rest, make) : item]),
  );
};

/** Several edits in one list or mapping, and what it then says. */
const editsIn = (
  tree: Tree,
  choose: Choose,
  fresh: () => Json,
): { edits: FileEdit[]; make: (before: Json) => Json } => {
  const { start, end } = tree;
  if (tree.type === "list" && choose(3) > 0) {
    const edits: FileEdit[] = [];
    const items: Json[] = [];
    for (let index = 0; index <= tree.items.length; index++) {
      for (let times = choose(4) === 0 ? 1 + choose(2) : 0; times > 0; times--) {
        const value = fresh();
        edits.push({ op: "add-item", start, index, value });
        items.push(value);
      }
      const item = tree.items[index];
      if (item === undefined) break;
      const way = choose(4);
      if (way === 0) edits.push({ op: "remove-item", start, index });
      else if (way === 1) {
        const to = fresh();
        edits.push({ op: "value", start: item.start, end: item.end, from: jsonOf(item), to });
        items.push(to);
      } else items.push(jsonOf(item));
    }
    return { edits, make: () => items };
  }
  if (tree.type === "map" && choose(3) > 0) {
    const edits: FileEdit[] = [];
    const members: [string, Json][] = [];
    const used = new Set(tree.members.map((member) => member.key));
    for (const member of tree.members) {
      const way = choose(5);
      const { value } = member;
      if (way === 0) edits.push({ op: "remove-member", start: member.keyStart, key: member.key });
      else if (way === 1) {
        const to = fresh();
        edits.push({ op: "value", start: value.start, end: value.end, from: jsonOf(value), to });
        members.push([member.key, to]);
      } else if (way === 2) {
        const to = `${member.key}é2`;
        edits.push({ op: "key", start: member.keyStart, end: member.keyEnd, from: member.key, to });
        used.add(to);
        members.push([to, jsonOf(value)]);
      } else members.push([member.key, jsonOf(value)]);
    }
    for (let times = choose(3); times > 0; times--) {
      const name = ["new", "new one", "10", "neü"][choose(4)] ?? "";
      if (used.has(name)) continue;
      used.add(name);
      const value = fresh();
      edits.push({ op: "add-member", start, key: name, value });
      members.push([name, value]);
    }
    return { edits, make: () => Object.fromEntries(members) };
  }
  const to = fresh();
  return { edits: [{ op: "value", start, end, from: jsonOf(tree), to }], make: () => to };
};

const shuffled = <T>(items: readonly T[], choose: Choose): T[] =>
  items
    .map((item) => ({ item, at: choose(997) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** The lines above what is edited and the key before it, and the lines below. */
const around = (text: string, { start, end }: Tree): readonly [string, string] => {
  const offset = text.startsWith("\ufeff") ? 1 : 0;
  const above = text.slice(0, start + offset).replace(/(?:[ \t]*(?:#[^\n]*)?\r?\n|[ \t])*$/, "");
  const feed = text[end + offset - 1] === "\n" ? end + offset - 1 : text.indexOf("\n", end + offset);
  const below = feed === -1 ? "" : text.slice(feed).replace(/^(?:\r?\n[ \t]*(?:#[^\n]*)?(?=\r?\n|$))*/, "");
  return [above.slice(0, above.lastIndexOf("\n") + 1), below.trim() === "" ? "" : below];
};

let problems = 0;
let total = 0;

describe("edits of files in any layout", () => {
  test("say what they ask for, and keep what they do not touch", () => {
    const reasons = new Map<string, number>();
    fc.assert(
      fc.property(
        layouted,
        fc.infiniteStream(fc.nat(999)),
        fc.infiniteStream(json),
        ({ file, text: before, values }, seed, news) => {
          const choose: Choose = (ways) => Number(seed.next().value) % ways;
          const { trees } = parseSource(file, before);
          // A comment below lines of text belongs to them, and is no layout of the same values.
          fc.pre(equal(trees.map(jsonOf), values));
          const at = choose(trees.length);
          const tree = trees[at];
          if (tree === undefined) return;
          const chosen = pick(tree, choose, 0);
          const { edits, make } = editsIn(chosen.tree, choose, () => news.next().value);
          const wanted = values.map((value, index) => (index === at ? put(value, chosen.path, make) : value));
          fc.pre(wanted.every((value) => value !== null));
          const additions = edits.every(({ op }) => op.startsWith("add-"));
          const result = editFile(
            file,
            before,
            additions
              ? edits
              : shuffled(
                  edits.filter(({ op }) => !op.startsWith("add-")),
                  choose,
                ).concat(edits.filter(({ op }) => op.startsWith("add-"))),
          );
          total++;
          if ("problem" in result) {
            problems++;
            reasons.set(result.problem, (reasons.get(result.problem) ?? 0) + 1);
            if (process.env["EDITING_SHOW"] === result.problem)
              throw new Error(`${JSON.stringify(before)} ${JSON.stringify(edits)}`);
            return;
          }
          const after = parseSource(file, result.text);
          expect(after.trees.map(jsonOf)).toEqual(wanted);
          expect(result.text.startsWith("\ufeff")).toBe(before.startsWith("\ufeff"));
          const [head, rest] = around(before, chosen.tree);
          expect(result.text.startsWith(head)).toBe(true);
          expect(result.text.endsWith(rest)).toBe(true);
          if (additions) {
            let from = 0;
            const lost = [...before.replace(/\s/g, "")].filter((character) => {
              const found = result.text.indexOf(character, from);
              if (found !== -1) from = found + 1;
              return found === -1;
            });
            expect(lost).toEqual([]);
          }
        },
      ),
      runs,
    );
    if (process.env["EDITING_RUNS"] !== undefined)
      process.stdout.write(`${total} edits, ${problems} refused ${JSON.stringify([...reasons])}\n`);
    expect(problems / total).toBeLessThan(0.05);
  });
});
