import type { Json, Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import { datasetPath } from "./dataset-path.ts";
import { type Page, pageOf } from "./hits.ts";
import type { ImportQuery } from "./import-query.ts";
import type { PageRoom } from "./page-room.ts";
import type { PageSize } from "./page-size.ts";
import type { Asked, SearchServer } from "./server.ts";

/** A dataset of a search server that is read page by page. */
export type Reading = {
  readonly server: SearchServer;
  readonly dataset: string;
  readonly query: ImportQuery;
  readonly size: PageSize;
  /** Where answers are; whoever has read one gives its room back. */
  readonly room: PageRoom;
  /** Records may be given as text. */
  readonly asText: boolean;
  readonly signal: AbortSignal;
};

/** Nothing is left out in silence: no shard that fails, no pattern that fits nothing. */
const strict = "allow_partial_search_results=false&allow_no_indices=false";

export const searchPath = (dataset: string, parameters: string): string =>
  `${datasetPath(dataset)}/_search?${strict}&${parameters}`;

export const wantsSource = ({ members }: ImportQuery): boolean => members["_source"] !== false;

/** An answer to a search; `records` says how many it could have had. */
export type AskedPage = { readonly asked: Asked; readonly records: number };

/** One page of a search, smaller than asked for where that is too large. */
export const askPage = async (
  { server, dataset, query, size, room, signal }: Reading,
  body: Properties,
  parameters: string,
): Promise<AskedPage> => {
  for (;;) {
    const { records, most } = size;
    try {
      const path = searchPath(dataset, parameters);
      const request = JSON.stringify({ ...query.members, ...body, size: records });
      const asked = await server.ask(path, { method: "POST", body: request, most, room, patient: true }, signal);
      return { asked, records };
    } catch (error) {
      if (!isTooMuch(error)) throw error;
      size.shrink();
    }
  }
};

/** Reads an answer. */
export const parsePage = (
  { query, size, room }: Reading,
  { asked, records }: AskedPage,
): Page & { readonly records: number } => {
  const page = pageOf(asked.value, wantsSource(query));
  room.give(asked.bytes);
  if (page.hits.length > 0) size.learn(asked.bytes.length / page.hits.length);
  return { ...page, records };
};

export const searchPage = async (
  reading: Reading,
  body: Properties,
  parameters: string,
): Promise<Page & { readonly records: number }> => parsePage(reading, await askPage(reading, body, parameters));

/** Too many bytes, or more records than an index gives at once; the setting is named in the reason only. */
const isTooMuch = (error: unknown): boolean =>
  error instanceof Problem &&
  (error.type === "result_too_large" || (error.type === "source_error" && error.message.includes("max_result_window")));

/** A query that holds only for records that all of the filters take as well. */
export const narrowed = (query: Json | undefined, filter: readonly Json[]): Json => ({
  bool: { ...(query === undefined ? {} : { must: [query] }), filter },
});
