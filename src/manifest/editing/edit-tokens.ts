import { equal } from "../../canonical.ts";
import type { Json } from "../../contract/index.ts";
import { parseYaml } from "../parse/parse-yaml.ts";
import { isScalarValue } from "./edit-scalar.ts";
import { refuse } from "./layout.ts";
import type { FileEdit } from "./types.ts";
import { jsonString, respelled, spelledOf } from "./write-text.ts";

const token =
  /^(?:"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)$/;

const read = (text: string): Json => (token.test(text) ? (JSON.parse(text) as Json) : readYaml(text));

const readYaml = (text: string): Json => {
  const { trees, problems } = parseYaml(text);
  const [tree] = trees;
  if (problems.length > 0 || trees.length !== 1 || tree?.type !== "scalar" || tree.end !== text.length) {
    return refuse("no scalar stands there");
  }
  return tree.value;
};

/** What may mean something else within a mapping or list of YAML. */
const risky = /[\n\r,[\]{}#]|:(?:\s|$)|^[-?]\s/;

const writeYaml = (before: string, to: string): string => {
  const isPlain = !/^["'|>]/.test(before) && !risky.test(to) && to !== "" && to.trim() === to;
  const { trees, problems } = isPlain ? parseYaml(to) : { trees: [], problems: [] };
  const [tree] = trees;
  if (problems.length === 0 && tree?.type === "scalar" && tree.value === to && tree.end === to.length) return to;
  const isQuotable = before.startsWith("'") && !/[\u0000-\u001f]/.test(to);
  return isQuotable ? `'${to.replaceAll("'", "''")}'` : jsonString(to, false);
};

const write = (before: string, to: Json): string => {
  if (typeof to !== "string") return JSON.stringify(to);
  if (!token.test(before)) return writeYaml(before, to);
  if (!before.startsWith('"')) return jsonString(to, false);
  return `"${respelled(spelledOf(before.slice(1, -1), "json"), to, (text) => jsonString(text, false).slice(1, -1))}"`;
};

/** Scalars changed in text that is no JSON as a whole, because another language stands in it. */
export const editTokens = (text: string, edits: readonly FileEdit[]): string => {
  const sorted = edits
    .map((edit) =>
      edit.op === "value" || edit.op === "key" ? edit : refuse("the file is no JSON or YAML as it stands"),
    )
    .sort((a, b) => a.start - b.start);
  let [result, at] = ["", 0];
  for (const { start, end, from, to } of sorted) {
    if (start < at) return refuse("two edits touch the same text");
    const before = text.slice(start, end);
    if (!equal(read(before), from)) refuse("something else stands there");
    if (!isScalarValue(to)) refuse("only scalars can be changed in a file that is no JSON or YAML as it stands");
    const after = write(before, to);
    if (!equal(read(after), to)) refuse("it would say something else afterwards");
    result += text.slice(at, start) + after;
    at = end;
  }
  return result + text.slice(at);
};
