import type { Json, Properties } from "../../contract/index.ts";
import type { Column, DataRow } from "../data/types.ts";
import type { ReadBatch } from "../sources/source-driver.ts";
import type { ImportJob } from "./import-job.ts";
import { fieldReader, recordId } from "./record-id.ts";
import { transitTime } from "./transit-time.ts";

/** A batch in the form in which it is kept. */
export type ShapedBatch = {
  readonly rows: readonly DataRow[];
  readonly columns?: readonly Column[];
  /** Records that have no value for their key. */
  readonly failed: number;
  /** What is wrong with records, the first ones; no values of theirs but their place. */
  readonly errors: readonly string[];
};

const modified = "$last-modified";
/** Records that are named because something is wrong with them. */
export const mostErrors = 20;

/** Whether the job takes records as they are, with the `_id` that the source gives them. */
export const keepsRecords = (job: ImportJob): boolean => job.key === undefined && job.share === undefined;

/**
 * Gives records their `_id`, and those of a collect dataset the form of the connector contract: `$last-modified` from the
 * declared field, columns of times as `~t` text, all else as it is. `first`: the number of the first record in its run.
 */
export const shapeBatch = (batch: ReadBatch, job: ImportJob, first: number): ShapedBatch => {
  const { columns } = batch;
  const isEntity = job.share !== undefined;
  const ownId = columns?.some((column) => column.name === "_id") === true;
  if (keepsRecords(job) && !ownId) {
    return { rows: batch.rows, ...(columns === undefined ? {} : { columns }), failed: 0, errors: [] };
  }
  const key = job.key?.map((name) => fieldReader(name, columns));
  const lastModified = isEntity && job.lastModified !== undefined ? fieldReader(job.lastModified, columns) : undefined;
  const times = isEntity ? (columns ?? []).filter(isTime).map((column) => column.name) : [];
  const rows: DataRow[] = [];
  const errors: string[] = [];
  const complain = (text: string): void => {
    if (errors.length < mostErrors) errors.push(text);
  };
  batch.rows.forEach((row, index) => {
    const { properties } = row;
    const _id =
      key === undefined ? (row._id ?? recordId([properties["_id"]])) : recordId(key.map((read) => read(properties)));
    if (key !== undefined && _id === undefined) {
      complain(`record ${first + index}: no value for the primary key ${job.key?.join(", ")}`);
      return;
    }
    const changed: { [name: string]: Json } = {};
    for (const name of times) {
      const time = transitTime(properties[name]);
      if (time !== undefined) changed[name] = time;
    }
    if (lastModified !== undefined) {
      const value = lastModified(properties);
      const time = transitTime(value);
      if (time !== undefined) changed[modified] = time;
      else if (value !== undefined && value !== null) {
        complain(`record ${first + index}: ${job.lastModified} is not a time; it has no ${modified}`);
      }
    }
    rows.push({ ...(_id === undefined ? {} : { _id }), properties: { ...withoutId(properties), ...changed } });
  });
  const failed = batch.rows.length - rows.length;
  if (columns === undefined) return { rows, failed, errors };
  return { rows, columns: shapedColumns(columns, isEntity, lastModified !== undefined), failed, errors };
};

const isTime = ({ type }: Column): boolean => type === "TIMESTAMP" || type === "TIMESTAMPTZ";

const withoutId = (properties: Properties): Properties => {
  if (!Object.hasOwn(properties, "_id")) return properties;
  const { _id, ...rest } = properties;
  return rest;
};

const shapedColumns = (columns: readonly Column[], isEntity: boolean, isDated: boolean): readonly Column[] => [
  ...columns
    .filter(({ name }) => name !== "_id" && !(isDated && name === modified))
    .map((column): Column => (isEntity && isTime(column) ? { name: column.name, type: "VARCHAR" } : column)),
  ...(isDated ? [{ name: modified, type: "VARCHAR" } as const] : []),
];
