import { Problem } from "../../problem.ts";
import type { ReadBatch } from "../source-driver.ts";
import { datasetPath } from "./dataset-path.ts";
import { pageOf } from "./hits.ts";
import { type Reading, searchPage, wantsSource } from "./search-pages.ts";

/** How long a server keeps a scroll between two pages. */
const kept = "10m";
const farewell = 2_000;

/** Reads what there was at one moment, each record once; cannot be resumed. */
export const readByScroll = async function* (reading: Reading): AsyncGenerator<ReadBatch, void, undefined> {
  const { server, dataset, query, size, signal } = reading;
  const sort = ["_doc"];
  // The size of a scroll's pages is fixed when it begins: these tell how large records are.
  const sample = await searchPage(reading, { sort }, "");
  if (sample.hits.length < sample.records) {
    if (sample.hits.length > 0) yield { rows: sample.hits.map(({ row }) => row) };
    return;
  }
  let page = await searchPage(reading, { sort }, `scroll=${kept}`);
  const most = size.most * 2;
  let { scroll } = page;
  const { total } = page;
  let given = 0;
  let last = "";
  try {
    while (page.hits.length > 0) {
      given += page.hits.length;
      const ids = total === undefined ? JSON.stringify(page.hits.map(({ row }) => row._id)) : "";
      if (total === undefined ? ids === last : given > total) {
        throw new Problem("source_error", `${datasetPath(dataset)} gives records again and again`);
      }
      last = ids;
      yield { rows: page.hits.map(({ row }) => row) };
      if (scroll === undefined) throw new Problem("source_error", `${datasetPath(dataset)} cannot be scrolled through`);
      // Not patient: who asks again may miss the page that got lost.
      const body = JSON.stringify({ scroll: kept, scroll_id: scroll });
      page = {
        ...pageOf(
          (await server.ask("_search/scroll", { method: "POST", body, most }, signal)).value,
          wantsSource(query),
        ),
        records: page.records,
      };
      scroll = page.scroll ?? scroll;
    }
  } finally {
    if (scroll !== undefined) {
      const body = JSON.stringify({ scroll_id: scroll });
      const ending = server.ask(
        "_search/scroll",
        { method: "DELETE", body, most: 65_536 },
        AbortSignal.timeout(farewell),
      );
      // It ends by itself, later.
      await ending.catch(() => undefined);
    }
  }
};
