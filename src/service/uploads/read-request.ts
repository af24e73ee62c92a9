import { checkDatasetName } from "../datasets.ts";
import { Problem } from "../problem.ts";

export type Format = "auto" | "json" | "jsonl" | "csv";

/** What the fields of an upload ask for. */
export type UploadRequest = { readonly dataset: string; readonly format: Format };

const formats: readonly Format[] = ["auto", "json", "jsonl", "csv"];

/** Fields that it does not know are ignored. Throws `missing_fields`, `invalid_name`, `invalid_field`. */
export const readRequest = (fields: ReadonlyMap<string, string>): UploadRequest => {
  const dataset = fields.get("index_name") ?? "";
  if (dataset === "") throw new Problem("missing_fields", "the upload lacks index_name: the dataset that it goes into");
  checkDatasetName(dataset);
  const format = formatOf(fields);
  if (format === undefined) {
    const given = JSON.stringify(fields.get("format"));
    throw new Problem("invalid_field", `format ${given} is not one of ${formats.join(", ")}`);
  }
  // Files are read by the database at its own pace: a valid size changes nothing.
  const size = fields.get("batch_size");
  if (size !== undefined && !/^[1-9]\d{0,8}$/.test(size)) {
    throw new Problem("invalid_field", `batch_size ${JSON.stringify(size)} is not a whole number from 1 on`);
  }
  return { dataset, format };
};

/** Undefined: there is no such format. */
export const formatOf = (fields: ReadonlyMap<string, string>): Format | undefined => {
  const given = fields.get("format") || "auto";
  return formats.find((known) => known === given);
};

/** Whether the answer is wanted before the records are taken. Throws `invalid_field`. */
export const readAsync = (value: string | undefined): boolean => {
  if (value === undefined || value === "false" || value === "") return false;
  if (value === "true") return true;
  throw new Problem("invalid_field", `async ${JSON.stringify(value)} is neither true nor false`);
};
