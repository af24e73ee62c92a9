import { open } from "node:fs/promises";
import type { Json } from "../../contract/index.ts";
import { Problem } from "../problem.ts";
import { literal, quoted } from "./columns.ts";
import type { PageGroup } from "./held-pages.ts";
import { type Inferred, isNumberText } from "./infer.ts";
import { createPause } from "./pause.ts";
import type { DataRow } from "./types.ts";

const flushAt = 256 * 1024;

/** Bytes of a line that DuckDB's reader is prepared for at least; its buffers grow with it. */
const smallestLine = 1024 * 1024;

/** A file of rows, as a relation: `id`, then one column for each property, named by its place. */
export type RowsFile = { readonly relation: string };

/** Writes rows so that DuckDB reads them fast, one JSON object a line. */
export const writeRows = async (
  path: string,
  rows: readonly DataRow[],
  columns: ReadonlyMap<string, Inferred>,
): Promise<RowsFile> => {
  const pause = createPause();
  const file = await open(path, "wx", 0o600);
  let longest = 0;
  try {
    let text = "";
    const flush = async () => {
      const bytes = Buffer.from(text);
      text = "";
      await file.writeFile(bytes);
    };
    for (const row of rows) {
      if (pause.due()) await pause.take();
      const line = lineOf(row, columns);
      if (line.length > longest) longest = line.length;
      text += line;
      if (text.length >= flushAt) await flush();
    }
    await flush();
  } finally {
    await file.close();
  }
  const fields = Array.from(columns.values(), ({ place, type }) => `'${place}': '${type}'`);
  // A character has at most three bytes.
  const most = Math.max(smallestLine, longest * 3 + 16);
  return {
    relation: `read_json(${literal(path)}, format = 'newline_delimited', maximum_object_size = ${most},
      columns = {${["id: 'VARCHAR'", ...fields].join(", ")}})`,
  };
};

/** A query over the lines of pages: `_id`, then a column for each property. */
export const pagesQuery = ({ path, columns, longest }: PageGroup): string => {
  const fields = columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(", ");
  const source = fields === "" ? "" : `, _source: ${literal(`STRUCT(${fields})`)}`;
  const members = columns.map(({ name }) => `, _source.${quoted(name)}`).join("");
  return `SELECT _id${members} FROM read_json(${literal(path)}, format = 'newline_delimited',
    maximum_object_size = ${Math.max(smallestLine, longest + 16)}, columns = {_id: 'VARCHAR'${source}})`;
};

const lineOf = ({ _id, properties }: DataRow, columns: ReadonlyMap<string, Inferred>): string => {
  let line = _id === undefined ? '{"id":null' : `{"id":${JSON.stringify(_id)}`;
  for (const property of Object.keys(properties)) {
    const value = properties[property];
    const column = columns.get(property);
    if (value === null || value === undefined || column === undefined) continue;
    line += `,"${column.place}":${jsonOf(column, value)}`;
  }
  return `${wellFormed(line)}}\n`;
};

const jsonOf = (column: Inferred, value: Json): string => {
  if (typeof value === "string" && column.type === "JSON" && isNumberText(column, value)) return value;
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem("invalid_field", `the property ${JSON.stringify(column.property)} is nested too deep`);
  }
};

// JSON.stringify escapes half a surrogate pair, which is no text and which DuckDB refuses.
const halves = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

const wellFormed = (line: string): string =>
  line.includes("\\ud") ? line.replace(halves, (_, slashes: string) => `${slashes}\\ufffd`) : line;
