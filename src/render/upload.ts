import type { UploadReport } from "../deploy/index.ts";
import { printable } from "./escape.ts";
import { count, counted } from "./words.ts";

/** What became of a file's records; those that could not be taken one a line. No line feed at the end. */
export const renderUpload = ({ status, dataset, processed, failed, errors }: UploadReport): string => {
  const taken = processed === undefined ? "the file was taken" : `${counted(processed, "record")} taken`;
  const first = status === "failed" ? `nothing was taken into ${dataset}` : `${taken} into ${dataset}`;
  const rest = failed === 0 ? [] : [`${counted(failed, "record")} could not be taken:`];
  const more = failed > errors.length && errors.length > 0 ? [`  … and ${count(failed - errors.length)} more`] : [];
  return [
    printable(first),
    ...rest,
    ...errors.map((error) => `  ${printable(error)}`),
    ...(failed === 0 ? [] : more),
  ].join("\n");
};
