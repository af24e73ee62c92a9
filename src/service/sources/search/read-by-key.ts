import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import { rawDigits } from "../../data/exact-json.ts";
import type { DataRow } from "../../data/types.ts";
import { Problem } from "../../problem.ts";
import type { ReadBatch } from "../source-driver.ts";
import { datasetPath } from "./dataset-path.ts";
import type { Hit } from "./hits.ts";
import { type Reading, searchPage } from "./search-pages.ts";

/** The same copies of shards answer every page: others may be a moment behind. */
const preference = "preference=connector-deployer";
const mostBytes = 16 * 1024 * 1024;

/**
 * Reads in the order of fields that identify a record. Throws `source_error` for a record that lacks one of them, and
 * where two records have the same values.
 */
export const readByKey = async function* (
  reading: Reading,
  key: readonly string[],
  after: Json | undefined,
): AsyncGenerator<ReadBatch, void, undefined> {
  const fields = await sortFields(reading, key);
  let last = after === undefined ? undefined : lastOf(after, key);
  for (;;) {
    const page = await searchPage(
      reading,
      {
        sort: fields.map((field) => ({ [field]: { order: "asc", missing: "_first" } })),
        track_total_hits: false,
        ...(last === undefined ? {} : { search_after: last }),
      },
      preference,
    );
    const hits = page.hits.map((hit) => ({ ...hit, sort: hit.sort.map((value) => rawDigits(value) ?? value) }));
    check(hits, key);
    const isEnd = hits.length < page.records;
    // The last one comes again with the next page, so that one that is equal to it would be seen beside it.
    const kept = isEnd ? hits : hits.slice(0, -1);
    const reached = kept.at(-1);
    if (reached === undefined) return;
    if (last !== undefined && isSame(last, reached.sort)) {
      throw new Problem("source_error", `the source does not sort by ${key.join(", ")}`);
    }
    last = reached.sort;
    yield { rows: kept.map(({ row }) => row), cursor: { key, last } };
    if (isEnd) return;
  }
};

const check = (hits: readonly Hit[], key: readonly string[]): void => {
  hits.forEach(({ row, sort }, place) => {
    const missing = key.find((field, part) => !hasValue(row, field) || sort[part] === null || sort[part] === undefined);
    if (missing !== undefined) {
      throw new Problem(
        "source_error",
        `the record ${row._id} has no single value of ${missing}, which primary_key names`,
      );
    }
    const before = hits[place - 1];
    if (before !== undefined && isSame(before.sort, sort)) {
      throw new Problem(
        "source_error",
        `the records ${before.row._id} and ${row._id} have the same ${key.join(", ")}; primary_key must identify a record`,
      );
    }
  });
};

const isSame = (a: readonly Json[], b: readonly Json[]): boolean => JSON.stringify(a) === JSON.stringify(b);

const hasValue = ({ properties }: DataRow, field: string): boolean => {
  const value = valueAt(properties, field);
  return value !== undefined && value !== null && (typeof value !== "object" || rawDigits(value) !== undefined);
};

/** Of a field by its name, which may stand for a path. */
const valueAt = (properties: Properties, field: string): Json | undefined => {
  if (Object.hasOwn(properties, field)) return properties[field];
  let value: Json | undefined = properties;
  for (const step of field.split(".")) {
    value = value !== undefined && isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
};

/** What to sort by: the field itself, or the `keyword` below a text field. */
const sortFields = async ({ server, dataset, signal }: Reading, key: readonly string[]): Promise<readonly string[]> => {
  const names = key.flatMap((field) => [field, `${field}.keyword`]).map(encodeURIComponent);
  const path = `${datasetPath(dataset)}/_field_caps?allow_no_indices=false&fields=${names.join(",")}`;
  const { value } = await server.ask(path, { method: "GET", most: mostBytes, patient: true }, signal);
  const known = value["fields"] !== undefined && isObject(value["fields"]) ? value["fields"] : {};
  const isSortable = (name: string): boolean => {
    const types = known[name];
    const capabilities = types !== undefined && isObject(types) ? Object.values(types) : [];
    return capabilities.length > 0 && capabilities.every((type) => isObject(type) && type["aggregatable"] === true);
  };
  return key.map((field) => {
    const found = [field, `${field}.keyword`].find(isSortable);
    if (found !== undefined) return found;
    const why = known[field] === undefined ? "which no record has" : "which the source cannot sort by";
    throw new Problem("source_error", `primary_key names ${JSON.stringify(field)}, ${why}`);
  });
};

const lastOf = (cursor: Json, key: readonly string[]): readonly Json[] => {
  const { key: before, last } = isObject(cursor) ? cursor : {};
  if (JSON.stringify(before) !== JSON.stringify(key) || !Array.isArray(last)) {
    throw new Problem("bad_request", "the import cannot be resumed: its key has changed; run it anew");
  }
  return last;
};
