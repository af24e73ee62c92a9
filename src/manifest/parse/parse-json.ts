import type { FileProblem } from "./source.ts";
import type { Member, Tree } from "./tree.ts";
import { maxDepth, reservedKeys } from "./tree.ts";
import type { Dialect } from "./variable-marks.ts";

class Stop extends Error {
  readonly problem: FileProblem;
  constructor(problem: FileProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const string = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const words: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * JSON with places. Unlike `JSON.parse` it finds duplicate keys, and numbers that would lose digits. In Sesam's dialect the
 * last of several members with one key counts, with a warning.
 */
export const parseJson = (
  text: string,
  dialect: Dialect = "own",
): { tree: Tree | undefined; problems: readonly FileProblem[] } => {
  const problems: FileProblem[] = [];
  let at = 0;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    at += match[0].length;
    return match[0];
  };

  const skipSpace = (): void => {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      at++;
    }
  };

  const fail = (expected: string): never => {
    const before = text[at - 1] === "{" && text[at] === "{" ? at - 1 : at;
    const opening = text.slice(before, before + 3);
    if (opening === "{{@" || opening === "<<@") {
      throw new Stop({
        code: "unquoted-variable",
        start: before,
        end: before + 3,
        message: "a variable stands outside of quotes",
        hint: 'write "<<@ name @>>": a text that is one variable takes its value with its type',
      });
    }
    if (opening === "{{%") {
      throw new Stop({
        code: "yaml-syntax",
        start: before,
        end: before + 3,
        message: "blocks such as {{% if … %}} stand in templates only",
        hint: "take the block out",
      });
    }
    const stop = (message: string, hint: string): never => {
      throw new Stop({ code: "yaml-syntax", start: at, end: at + 1, message, hint });
    };
    if (text[at] === "/" || text[at] === "#") stop("JSON has no comments", "take the comment out, or write YAML");
    if (/,[ \t\r\n]*$/.test(text.slice(0, at)) && (text[at] === "]" || text[at] === "}")) {
      stop(`a comma stands before "${text[at]}"`, "take the last comma out; JSON has none there");
    }
    if (text[at] === "'") stop("JSON has no single quotes", "use double quotes");
    const found = at >= text.length ? "the end of the file" : `"${text[at]}"`;
    throw new Stop({ code: "yaml-syntax", start: at, end: at + 1, message: `expected ${expected}, found ${found}` });
  };

  const value = (depth: number): Tree => {
    if (depth > maxDepth) {
      throw new Stop({ code: "yaml-syntax", start: at, end: at + 1, message: `nested deeper than ${maxDepth} levels` });
    }
    const start = at;
    const first = text[at];
    if (first === "{") return map(depth, start);
    if (first === "[") return list(depth, start);
    if (first === '"') return { type: "scalar", value: quoted(), start, end: at };
    const digits = take(number);
    if (digits !== undefined) {
      const parsed = Number(digits);
      const isWhole = Number.isInteger(parsed) && (dialect === "own" || /^-?\d+$/.test(digits));
      if (!Number.isFinite(parsed) || (isWhole && !Number.isSafeInteger(parsed))) {
        problems.push(tooLarge(digits, start, at));
      }
      return { type: "scalar", value: parsed, start, end: at };
    }
    const literal = take(word);
    if (literal === undefined) return fail("a value");
    return { type: "scalar", value: words.get(literal) ?? null, start, end: at };
  };

  const quoted = (): string => {
    const start = at;
    string.lastIndex = start;
    if (string.test(text)) {
      at = string.lastIndex;
      const inner = text.slice(start + 1, at - 1);
      return inner.includes("\\") ? (JSON.parse(text.slice(start, at)) as string) : inner;
    }
    throw new Stop({
      code: "yaml-syntax",
      start,
      end: start + 1,
      message: "the quoted text does not end, or holds a raw control character or a bad escape",
    });
  };

  const list = (depth: number, start: number): Tree => {
    const items: Tree[] = [];
    at++;
    skipSpace();
    while (text[at] !== "]") {
      items.push(value(depth + 1));
      skipSpace();
      if (text[at] !== ",") break;
      at++;
      skipSpace();
      if (text[at] === "]") fail("a value");
    }
    if (text[at] !== "]") fail('"," or "]"');
    at++;
    return { type: "list", items, start, end: at };
  };

  const map = (depth: number, start: number): Tree => {
    const members: Member[] = [];
    // Most mappings are short: a set would take longer to make than to look through them.
    let keys: Set<string> | undefined;
    let repeats = false;
    at++;
    skipSpace();
    while (text[at] !== "}") {
      const keyStart = at;
      if (text[at] !== '"') fail("a key in double quotes");
      const key = quoted();
      const keyEnd = at;
      skipSpace();
      if (text[at] !== ":") fail('":"');
      at++;
      skipSpace();
      const member = { key, keyStart, keyEnd, value: value(depth + 1) };
      if (members.length === 8) keys ??= new Set(members.map((one) => one.key));
      const isTaken = keys === undefined ? members.some((one) => one.key === key) : keys.has(key);
      keys?.add(key);
      const problem = keyProblem(key, isTaken, keyStart, keyEnd);
      if (problem === undefined) members.push(member);
      else if (problem.code === "duplicate-yaml-key" && dialect === "sesam") {
        const hint = "the last one counts; take the others out";
        problems.push({ ...problem, severity: "warning", hint });
        members.push(member);
        repeats = true;
      } else problems.push(problem);
      skipSpace();
      if (text[at] !== ",") break;
      at++;
      skipSpace();
      if (text[at] === "}") fail("a key in double quotes");
    }
    if (text[at] !== "}") fail('"," or "}"');
    at++;
    const kept = repeats ? [...new Map(members.map((member) => [member.key, member])).values()] : members;
    return { type: "map", members: kept, start, end: at };
  };

  try {
    skipSpace();
    if (at >= text.length) return { tree: undefined, problems };
    const tree = value(0);
    skipSpace();
    if (at < text.length) fail("the end of the file");
    return { tree, problems };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { tree: undefined, problems: [...problems, error.problem] };
  }
};

/** What is wrong with a key of a mapping that perhaps has it already. */
export const keyProblem = (key: string, isTaken: boolean, start: number, end: number): FileProblem | undefined => {
  if (reservedKeys.has(key)) {
    return { code: "invalid-value", start, end, message: `the key "${key}" is reserved`, hint: "use another name" };
  }
  if (isTaken) {
    return {
      code: "duplicate-yaml-key",
      start,
      end,
      message: `the key "${key}" stands here twice`,
      hint: "keep one of them; only one could count",
    };
  }
  return undefined;
};

export const tooLarge = (digits: string, start: number, end: number): FileProblem => ({
  code: "invalid-value",
  start,
  end,
  message: `the number ${digits} is too large to be kept exactly`,
  hint: "put it in quotes",
});
