import type { Adapter } from "./adapter.ts";
import { connectionAdapter } from "./connection-adapter.ts";
import { datasetAdapter } from "./dataset-adapter.ts";
import { fileUploadAdapter } from "./file-upload-adapter.ts";
import { importJobAdapter } from "./import-job-adapter.ts";

/** A kind's class and provider. */
export type PulumiKind = {
  readonly adapter: Adapter;
  /** Name of the class, and of its type token. */
  readonly className: "Connection" | "Dataset" | "FileUpload" | "ImportJob";
  /** Name of its sub-path under `providers/v1`. */
  readonly provider: string;
};

/** By the kind's name. */
export const pulumiKinds: ReadonlyMap<string, PulumiKind> = new Map(
  [
    { adapter: connectionAdapter, className: "Connection", provider: "connection" } as const,
    { adapter: datasetAdapter, className: "Dataset", provider: "dataset" } as const,
    { adapter: fileUploadAdapter, className: "FileUpload", provider: "file-upload" } as const,
    { adapter: importJobAdapter, className: "ImportJob", provider: "import-job" } as const,
  ].map((item) => [item.adapter.kind.name, item]),
);
