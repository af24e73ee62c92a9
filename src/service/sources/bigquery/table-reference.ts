import type { Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import { nameParts } from "../warehouse/name-parts.ts";

/** Where a table stands. */
export type DatasetReference = { readonly projectId: string; readonly datasetId: string };
export type TableReference = DatasetReference & { readonly table: string };

/** The first is where tables without a dataset are looked up. */
export type DatasetReferences = readonly [DatasetReference, ...DatasetReference[]];

/** The datasets of a connection: `dataset` or `project.dataset`, separated by commas. Throws `bad_request`. */
export const datasetReferences = (config: Properties, project: string): DatasetReferences => {
  const ids = String(config["dataset_ids"] ?? "").split(",");
  const [first, ...others] = ids.flatMap((id) => {
    const [datasetId = "", projectId = project] = id.trim().split(/[.:]/).toReversed();
    return datasetId === "" ? [] : [{ projectId, datasetId }];
  });
  if (first === undefined) throw new Problem("bad_request", "dataset_ids names no dataset");
  return [first, ...others];
};

/**
 * `table`, `dataset.table` or `project.dataset.table`. Throws `bad_request` where it is none or its dataset is not the
 * connection's.
 */
export const tableReference = (name: string, datasets: DatasetReferences): TableReference => {
  const parts = nameParts(name, "`", 5).flatMap(({ text, quoted }) => (quoted ? text.split(".") : [text]));
  if (parts.length > 3) throw new Problem("bad_request", `${JSON.stringify(name)} is not the name of a table`);
  const [table = "", dataset, project] = parts.toReversed();
  if (dataset === undefined) return { ...datasets[0], table };
  const found = datasets.find((one) => one.datasetId === dataset && (project ?? one.projectId) === one.projectId);
  if (found !== undefined) return { ...found, table };
  const known = datasets.map(({ datasetId }) => datasetId).join(", ");
  throw new Problem("bad_request", `the dataset ${dataset} is not among dataset_ids (${known})`);
};
