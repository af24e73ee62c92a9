import { describe, expect, test } from "vitest";
import { maySecret } from "../../src/manifest/parse/place.ts";
import { parseVariables } from "../../src/manifest/parse/variable-marks.ts";
import { milliseconds } from "../../src/manifest/read/duration.ts";
import { mergePatch } from "../../src/manifest/read/merge.ts";
import { cronOf } from "../../src/manifest/read/schedule.ts";

describe("variables in a text", () => {
  test.each<[string, readonly string[]]>([
    ["plain", ["plain"]],
    ["", []],
    ["<<@ a @>>", ["=a"]],
    ["{{@a@}}", ["=a"]],
    ["x<<@ a-b.c @>>y{{@  d  @}}", ["x", "=a-b.c", "y", "=d"]],
    ["\\<<@ a @>>", ["<<@ a @>>"]],
    ["\\\\<<@ a @>>", ["\\", "=a"]],
    ["\\\\\\{{@ a @}}", ["\\{{@ a @}}"]],
    ["<<@ a @}}", ["!", " a @}}"]],
    ["<<@ @>>", ["!", " @>>"]],
    ["<<@ a b @>><<@ c @>>", ["!", " a b @>>", "=c"]],
    ["a\\\\b\\<<@ c @>>\\", ["a\\\\b<<@ c @>>\\"]],
    ["{{ a }} << b >> @>>", ["{{ a }} << b >> @>>"]],
  ])("%j", (text, expected) => {
    const chunks = parseVariables(text).map((chunk) =>
      chunk.type === "text" ? chunk.text : chunk.type === "variable" ? `=${chunk.name}` : "!",
    );
    expect(chunks).toEqual(expected);
  });
});

describe("a line", () => {
  test.each([
    "  api_key: sk-live-1",
    "password: hunter2",
    '{ "token": "abc" }',
    "config: { base_url: https://x, api_key: abc, timeout_secs: 3 }",
    "url: https://user:secret@host/",
    "-----x MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "  pat: abc",
    "x: 9f86d081884c7d659a2feaa0c55ad015",
    "x: wJalrXUt/K7MDENG/bPxRfiCYEX",
    "private: 'x'",
  ])("that may hold a secret is not shown: %s", (line) => {
    expect(maySecret(line)).toBe(true);
  });

  test.each([
    "  api_key: $SECRET(crm_api_key)",
    'password: "$SECRET(a)"',
    "token: <<@ token @>>",
    "secrets: { crm_api_key: { env: T042_CRM_KEY } }",
    "token_url: https://login.example/token",
    "auth: api_key",
    "_id: <<@ system @>>-<<@ datatype @>>-collect",
    "secrets:",
    '"url": "stores/v1/products/query"',
    '"properties": { "primary_key": "CustomerId" }',
  ])("that names secrets and holds none is shown: %s", (line) => {
    expect(maySecret(line)).toBe(false);
  });
});

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
  ])("%s are %d ms", (text, expected) => {
    expect(milliseconds(text)).toBe(expected);
  });
});

describe("intervals", () => {
  test.each([
    [60, "* * * * *"],
    [900, "*/15 * * * *"],
    [3600, "0 * * * *"],
    [43_200, "0 */12 * * *"],
    [86_400, "0 0 * * *"],
    [604_800, "0 0 * * 1"],
  ])("of %d s are said exactly", (seconds, cron) => {
    expect(cronOf(seconds)).toEqual({ cron });
  });

  test.each([
    [10, 60],
    [420, 360],
    [5400, 7200],
    [172_800, 86_400],
    [10_000_000, 604_800],
    [60.5, 60],
  ])("of %d s cannot be said; the nearest is %d s", (seconds, nearest) => {
    expect(cronOf(seconds)).toMatchObject({ nearest: { seconds: nearest } });
  });
});

describe("merging", () => {
  test("follows RFC 7386", () => {
    const target = { a: { b: 1, c: [1, 2] }, d: 1, toString: "x" };
    expect(mergePatch(target, { a: { b: null, c: [3] }, d: { e: { f: null, g: 1 } }, constructor: { h: 1 } })).toEqual({
      a: { c: [3] },
      d: { e: { g: 1 } },
      toString: "x",
      constructor: { h: 1 },
    });
    expect(mergePatch(target, "text")).toBe("text");
  });
});
