import { rm } from "node:fs/promises";
import { literal } from "../data/columns.ts";
import { rowsOf } from "../data/tables.ts";
import type { Column, Writer } from "../data/types.ts";
import { Problem, problemOf } from "../problem.ts";
import { columnsOf, type JsonColumn } from "./json-columns.ts";
import { jsonId, jsonValue } from "./json-values.ts";
import { keepLast } from "./keep-last.ts";
import { databaseReason, type Load, type Loaded, misfitError } from "./loaded.ts";
import { type JsonReading, type JsonScan, sampleRecords, scanJson } from "./scan-json.ts";

/** Bytes that records rarely exceed; each thread of DuckDB's has two buffers of twice as much. */
const usualRecord = 2 * 1024 * 1024;

type Job = {
  readonly load: Load;
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
    const isSound = sample.failed === 0 && sample.seen.size > 0;
    try {
      if (isSound) return await loadFrom(job, path, sample, { isWhole: false, isLoose: false });
    } catch (error) {
      signal.throwIfAborted();
      if (isOurs(error)) throw error;
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
      return await loadFrom(job, target, scan, { isWhole: true, isLoose: false });
    } catch (error) {
      signal.throwIfAborted();
      if (isOurs(error)) throw error;
      return await loadFrom(job, target, scan, { isWhole: true, isLoose: true });
    }
  } finally {
    await rm(target, { force: true });
  }
};

/** Not what DuckDB says of the file's content. */
const isOurs = (error: unknown): boolean =>
  error instanceof Problem ? databaseReason(error) === "" : problemOf(error) !== undefined;

const loadFrom = async (
  { load, dataset }: Job,
  path: string,
  scan: JsonScan,
  { isWhole, isLoose }: { readonly isWhole: boolean; readonly isLoose: boolean },
): Promise<Loaded> => {
  const { failed, errors } = scan;
  const columns = columnsOf(scan.seen, isLoose);
  return load(async (writer) => {
    await writer.ensureColumns([]);
    if (columns.length === 0) {
      const processed = await writer.insertSelect([], `SELECT NULL FROM range(${scan.records})`);
      return { processed, failed, errors };
    }
    const relation = readingOf(path, isWhole ? { sample: -1, longest: scan.longest } : { sample: scan.records });
    await checkColumns(writer, relation, columns);
    const processed = await insertJson(
      writer,
      { dataset, columns, varied: scan.varied, isWhole },
      `${relation} AS file(${columns.map((_, index) => `c${index}`)})`,
    );
    return { processed, failed, errors };
  });
};

/**
 * A relation: the members of the first `sample` records (-1: all) as JSON, in the order of their first coming. DuckDB
 * refuses objects with other members; a list of columns would make it drop those. It reads a single file with all its
 * threads, but several of them with one thread each.
 */
const readingOf = (
  file: string,
  { sample, longest = 0 }: { readonly sample: number; readonly longest?: number },
): string =>
  `read_json(${literal(file)}, format = 'newline_delimited', records = true,
    maximum_depth = 1, sample_size = ${sample}, map_inference_threshold = -1, field_appearance_threshold = 0,
    maximum_object_size = ${Math.max(usualRecord, longest + 1024)})`;

/** Throws where DuckDB has seen other members than we have. What it cannot name otherwise it marks with a number. */
const checkColumns = async (
  { connection }: Writer,
  relation: string,
  columns: readonly JsonColumn[],
): Promise<void> => {
  const found = await rowsOf(connection, `DESCRIBE SELECT * FROM ${relation}`);
  const isSame = columns.every(({ name }, index) => name === "" || String(found[index]?.[0]).startsWith(name));
  if (found.length !== columns.length || !isSame) throw new Error("the first records were read in two ways");
};

const insertJson = async (
  writer: Writer,
  {
    dataset,
    columns,
    varied,
    isWhole,
  }: {
    readonly dataset: string;
    readonly columns: readonly JsonColumn[];
    readonly varied: ReadonlySet<string>;
    readonly isWhole: boolean;
  },
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
      wanted.push({ name: column.name, type: column.type, isVaried: varied.has(column.name) });
      values.push(jsonValue(column.type, value, isWhole));
    }
  }
  const hasId = id !== "NULL";
  if (unseen.length > 0) id = `CASE WHEN ${unseen.join(" OR ")} THEN ${misfitError} ELSE ${id} END`;
  await writer.ensureColumns(wanted);
  const select = `SELECT ${[id, ...values].join(", ")} FROM ${relation}`;
  const processed = await writer.insertSelect(wanted, select);
  if (hasId) await keepLast(writer, dataset);
  return processed;
};
