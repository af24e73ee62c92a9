import type { Figures } from "./run.ts";
import { fileBudget, measureFiles } from "./support/import-files-part.ts";

/** Records on their way into datasets: files through the service against DuckDB reading them itself. */
export const run = async (): Promise<Figures> => {
  const files = await measureFiles();
  return { name: "import", files: files.figures, budget: { files: fileBudget }, ok: files.ok };
};
