import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import { parseExact } from "../../data/exact-json.ts";
import { Problem } from "../../problem.ts";

/** What a search reads of a dataset. */
export type ImportQuery = {
  /** Goes into every request as it is: `query`, `_source`, `runtime_mappings`. */
  readonly members: Properties;
  /** Records to read in all, in the order of `sort`; undefined: all of them, in any order. */
  readonly size?: number;
  readonly sort?: Json;
};

const passed = new Set(["query", "_source", "runtime_mappings"]);
const known = [...passed, "size", "sort", "track_total_hits"];

/** A search request as an object. Throws `bad_request` for other text. */
export const parseSearch = (text: string): Properties => {
  let value: Json;
  try {
    value = parseExact(text);
  } catch {
    throw new Problem(
      "bad_request",
      'the query is not valid JSON; a search source takes QueryDSL, such as {"query": {"match_all": {}}}',
    );
  }
  if (!isObject(value)) throw new Problem("bad_request", "the query must be a JSON object with QueryDSL");
  return value;
};

/** Throws `bad_request` for what cannot be imported, such as aggregations. */
export const parseImportQuery = (text: string | undefined): ImportQuery => {
  const search = text === undefined || text.trim() === "" ? {} : parseSearch(text);
  const other = Object.keys(search).find((name) => !known.includes(name));
  if (other !== undefined) {
    throw new Problem(
      "bad_request",
      `an import's query cannot have ${JSON.stringify(other)}, only ${known.join(", ")}`,
    );
  }
  const { size, sort } = search;
  if (size !== undefined && !(typeof size === "number" && Number.isSafeInteger(size) && size > 0)) {
    throw new Problem("bad_request", "size must be the number of records to import, 1 or more");
  }
  const members = Object.fromEntries(Object.entries(search).filter(([name]) => passed.has(name)));
  return { members, ...(size === undefined ? {} : { size }), ...(sort === undefined ? {} : { sort }) };
};
