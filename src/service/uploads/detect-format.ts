import { Problem } from "../problem.ts";
import type { Format } from "./read-request.ts";

/** How a file is read: `lines`: one object a line; `list`: one array of objects; `objects`: objects one after the other. */
export type Reading = "csv" | "lines" | "list" | "objects";

const looked = 64 * 1024;

const byEnding: Readonly<Record<string, Format>> = { csv: "csv", json: "json", jsonl: "jsonl", ndjson: "jsonl" };

/**
 * By the first bytes of a file. Goes by `format`; `auto` by the file's name, else by what it begins with. Throws `malformed_file` for an empty file and
 * one that is no UTF-8 text.
 */
export const detectFormat = (bytes: Buffer, name: string, format: Format): Reading => {
  const start = bytes.subarray(0, looked);
  checkText(start);
  const text = start
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .trimStart();
  if (text === "") throw new Problem("malformed_file", "the file is empty");
  const ending = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const known = format === "auto" ? byEnding[ending] : format;
  if (known === "csv") return "csv";
  if (known === "jsonl") return "lines";
  if (text.startsWith("[")) return "list";
  if (text.startsWith("{")) return isRecord(text.split("\n", 1)[0] ?? "") ? "lines" : "objects";
  if (known === "json") throw new Problem("malformed_file", "the file is no JSON list: it does not begin with [");
  return "csv";
};

const checkText = (start: Buffer): void => {
  const begins = (...bytes: readonly number[]): boolean => bytes.every((byte, index) => start[index] === byte);
  const is = (what: string): Problem => new Problem("malformed_file", `the file is ${what}, not text in UTF-8`);
  if (begins(0xff, 0xfe) || begins(0xfe, 0xff)) throw is("in UTF-16");
  if (begins(0x1f, 0x8b) || begins(0x50, 0x4b, 0x03, 0x04)) throw is("compressed");
  if (start.includes(0)) throw is("binary");
};

const isRecord = (line: string): boolean => {
  try {
    JSON.parse(line);
    return true;
  } catch {
    // A line that is longer than what was looked at.
    return line.length > looked / 2;
  }
};
