import { isObject, type Json, type Properties } from "../contract/index.ts";
import { sourceConnection, withoutSecrets } from "./imports/source-connection.ts";
import type { Call } from "./operations.ts";
import { Problem } from "./problem.ts";
import { sourceDriver } from "./sources/drivers.ts";
import type { SourceConnection, SourceDriver, SourceLimits } from "./sources/source-driver.ts";
import type { State } from "./state.ts";

/** What one query of a source may answer with. */
const limits: SourceLimits = { rows: 10_000, bytes: 64 * 1024 * 1024 };

const header = "x-infino-connection-id";

/** The source's own answer to a query in its own language. */
export const querySource = (state: State, call: Call): Promise<Json> =>
  ask(state, call, (driver, connection, dataset) =>
    driver.query(connection, dataset, queryText(call.json()), limits, call.signal),
  );

/** `{mappings, settings, aliases}` of search sources, `{columns, schema, table}` of SQL sources. */
export const sourceMetadata = (state: State, call: Call): Promise<Properties> =>
  ask(state, call, (driver, connection, dataset) => driver.metadata(connection, dataset, call.signal));

const ask = async <Result>(
  state: State,
  call: Call,
  work: (driver: SourceDriver, connection: SourceConnection, dataset: string) => Promise<Result>,
): Promise<Result> => {
  const id = call.param("connection_id");
  const named = call.header(header);
  if (named !== id) {
    const found = named === undefined ? "is missing" : `is ${JSON.stringify(named)}`;
    throw new Problem(
      "connection_mismatch",
      `the header ${header} ${found}; it must be the connection of the path, ${id}`,
    );
  }
  if (state.connections.get(id) === undefined) {
    throw new Problem("not_found", `there is no connection ${JSON.stringify(id)}`);
  }
  const connection = sourceConnection(state, id);
  const driver = await sourceDriver(connection.source);
  if (driver === undefined) {
    throw new Problem("not_implemented", `the local service has no driver for ${connection.source}`);
  }
  try {
    return await work(driver, connection, call.param("dataset"));
  } catch (error) {
    throw error instanceof Problem ? new Problem(error.type, withoutSecrets(state, id, error.message)) : error;
  }
};

/** Members of a search request, which tell one from a clause such as `{"term": …}`. */
const searchMembers = ["query", "aggs", "aggregations", "size", "from", "sort", "_source"];

/** The text in `query`; a request that is an object there, or is the body itself, is taken as its JSON. */
const queryText = (body: Json): string => {
  if (!isObject(body)) throw new Problem("bad_request", "the body must be a JSON object");
  const { query, ...others } = body;
  if (typeof query === "string" && query.trim() !== "") return query;
  if (query !== undefined && isObject(query) && Object.keys(others).length === 0) {
    return JSON.stringify(searchMembers.some((name) => Object.hasOwn(query, name)) ? query : body);
  }
  if (query === undefined ? searchMembers.some((name) => Object.hasOwn(body, name)) : isObject(query)) {
    return JSON.stringify(body);
  }
  throw new Problem("missing_fields", "the body lacks query: the text of a query in the source's own language");
};
