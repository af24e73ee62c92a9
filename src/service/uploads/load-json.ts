import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { literal } from "../data/columns.ts";
import type { Column, DataStore, Writer } from "../data/types.ts";
import { Problem } from "../problem.ts";
import { longestRecord } from "./cut-values.ts";
import { columnsOf, type JsonColumn } from "./json-columns.ts";
import { jsonId, jsonValue } from "./json-values.ts";
import { keepLast } from "./keep-last.ts";
import { type Loaded, misfitError } from "./loaded.ts";
import { type JsonReading, type JsonScan, scanJson } from "./scan-json.ts";

const sampleRecords = 1_000;

type Job = {
  readonly data: DataStore;
  readonly dataset: string;
  readonly path: string;
  readonly reading: JsonReading;
  readonly signal: AbortSignal;
};

/**
 * Puts the records of a JSON file into a dataset, in one transaction. Columns are those of the first records; where a later
 * one does not fit, or a record is malformed, nothing has happened and all of them are looked at one by one. Throws
 * `malformed_file`.
 */
export const loadJson = async (job: Job): Promise<Loaded> => {
  const { path, reading, signal } = job;
  if (reading !== "objects") {
    const sample = await scanJson(path, reading, { most: sampleRecords, signal });
    const isSound = sample.failed === 0;
    try {
      if (isSound) return await load(job, path, reading, sample, false);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) throw error;
    }
  }
  const target = `${path}-good`;
  try {
    const scan = await scanJson(path, reading, { target, signal });
    if (scan.records === 0 && scan.failed > 0) {
      const hint = reading === "lines" ? "; a list of objects is format json" : "";
      const first = scan.errors.slice(0, 3).join("; ");
      throw new Problem("malformed_file", `no record of the file could be taken: ${first}${hint}`);
    }
    try {
      return await load(job, target, "lines", scan, false);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Problem) throw error;
      return await load(job, target, "lines", scan, true);
    }
  } finally {
    await rm(target, { force: true });
  }
};

const load = async (
  { data, dataset, signal }: Job,
  path: string,
  reading: "lines" | "list",
  scan: JsonScan,
  isLoose: boolean,
): Promise<Loaded> => {
  const { failed, errors } = scan;
  const columns = columnsOf(scan.seen, isLoose);
  const head = `${path}-head`;
  const mark = `head-${randomUUID()}`;
  await writeFile(head, headOf(columns, mark, reading), { mode: 0o600, flag: "wx" });
  try {
    const relation = relationOf([head, path], reading, columns.length);
    const insert = (writer: Writer) => insertJson(writer, dataset, columns, relation);
    return { processed: await data.write(dataset, insert, signal), failed, errors };
  } finally {
    await rm(head, { force: true });
  }
};

/**
 * DuckDB takes the types from this file, JSON for what is now a number and then a text, and refuses objects with other members; a list of columns would make it drop
 * those. The first member marks the head itself.
 */
const headOf = (columns: readonly JsonColumn[], mark: string, reading: "lines" | "list"): string => {
  const member = ({ name }: JsonColumn, value: string) => `${JSON.stringify(name)}:${value}`;
  const lines = ["1", '"x"'].map(
    (value) => `{${[`"${mark}":true`, ...columns.map((c) => member(c, value))].join(",")}}`,
  );
  return reading === "list" ? `[${lines.join(",\n")}]` : `${lines.join("\n")}\n`;
};

// The reader's buffers have twice the size of a record; rows of small ones would be put together again.
const relationOf = (files: readonly string[], reading: "lines" | "list", width: number): string =>
  `read_json([${files.map(literal).join(", ")}], format = '${reading === "list" ? "array" : "newline_delimited"}',
    sample_size = 2, maximum_sample_files = 1, map_inference_threshold = -1, field_appearance_threshold = 0,
    dateformat = '~%Y', timestampformat = '~%Y', maximum_object_size = ${longestRecord + 1024})
    AS file(head${Array.from({ length: width }, (_, index) => `, c${index}`).join("")})`;

const insertJson = async (
  writer: Writer,
  dataset: string,
  columns: readonly JsonColumn[],
  relation: string,
): Promise<number> => {
  let id = "NULL";
  const wanted: Column[] = [];
  const values: string[] = [];
  const unseen: string[] = [];
  for (const [index, column] of columns.entries()) {
    const value = `c${index}`;
    if (column.name === "_id") id = jsonId(value);
    else if (column.type === undefined) unseen.push(`${value} IS NOT NULL`);
    else {
      wanted.push({ name: column.name, type: column.type });
      values.push(jsonValue(column.type, value));
    }
  }
  const hasId = id !== "NULL";
  if (unseen.length > 0) id = `CASE WHEN ${unseen.join(" OR ")} THEN ${misfitError} ELSE ${id} END`;
  await writer.ensureColumns(wanted);
  const select = `SELECT ${[id, ...values].join(", ")} FROM ${relation} WHERE head IS NULL`;
  const processed = await writer.insertSelect(wanted, select);
  if (hasId) await keepLast(writer, dataset);
  return processed;
};
