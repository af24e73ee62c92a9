import { isObject, type Json, type Properties } from "../../../contract/index.ts";
import { parseExact } from "../../data/exact-json.ts";
import { Problem } from "../../problem.ts";

/** What a search reads of a dataset. */
export type ImportQuery = {
  /** Goes into every request as it is: `query`, `_source`, `runtime_mappings`. */
  readonly members: Properties;
  /** Records that one request asks for at most, as in Elasticsearch's own copies; all are read whatever it is. */
  readonly size?: number;
};

const passed = new Set(["query", "_source", "runtime_mappings"]);
/** The order of reading is the reader's own: a dataset has none. */
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
  const { size } = search;
  if (size !== undefined && !(typeof size === "number" && Number.isSafeInteger(size) && size > 0)) {
    throw new Problem("bad_request", "size must be the number of records that one request asks for, 1 or more");
  }
  const members = Object.fromEntries(Object.entries(search).filter(([name]) => passed.has(name)));
  return { members, ...(size === undefined ? {} : { size }) };
};
