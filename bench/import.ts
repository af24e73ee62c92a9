import type { Figures } from "./run.ts";
import { fileBudget, measureFiles } from "./support/import-files-part.ts";
import { measureSearch, searchBudget } from "./support/search-import.ts";

/**
 * Records on their way into datasets: files through the service against DuckDB reading them itself, and an import job
 * from a search server against a bare scroll loop.
 */
export const run = async (): Promise<Figures> => {
  const files = await measureFiles();
  const search = await measureSearch();
  return {
    name: "import",
    files: files.figures,
    search: search.figures,
    budget: { files: fileBudget, search: searchBudget },
    ok: files.ok && search.ok,
  };
};
