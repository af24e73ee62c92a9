import type { Json } from "../../contract/index.ts";
import type { DeletedByQueryWire } from "../../infino/index.ts";
import { readColumns } from "../data/tables.ts";
import { Problem } from "../problem.ts";
import { conditionOf } from "../queries/condition.ts";
import { checkMembers, objectAt } from "../queries/unsupported.ts";
import type { State } from "../state.ts";
import { knownDataset } from "./register-dataset.ts";

/** `PATCH /{dataset}`. Throws `not_found`, `bad_request`, `unsupported_query`. */
export const deleteRecords = async (
  state: State,
  dataset: string,
  body: Json,
  signal: AbortSignal,
): Promise<DeletedByQueryWire> => {
  const started = performance.now();
  knownDataset(state, dataset);
  const request = objectAt(body, "the body");
  checkMembers(request, "the body", ["query"]);
  const { query } = request;
  if (query === undefined) {
    throw new Problem("bad_request", 'the body has no query; {"query": {"match_all": {}}} deletes all records');
  }
  const now = Date.parse(state.timestamp());
  // Says what is wrong with the query where there is no table to ask, too.
  conditionOf(query, [], now);
  const isEmpty = (await state.data.count(dataset)) === 0;
  const deleted = isEmpty
    ? 0
    : await state.data.write(
        dataset,
        async (writer) => {
          const columns = (await readColumns(writer.connection, dataset)) ?? [];
          return writer.deleteWhere(conditionOf(query, columns, now));
        },
        signal,
      );
  const took = Math.round(performance.now() - started);
  return { took, timed_out: false, total: deleted, deleted, failures: [] };
};
