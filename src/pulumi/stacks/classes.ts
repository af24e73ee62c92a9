import { DeployerError } from "../../errors.ts";
import type { Adapter } from "../lifecycle/adapter.ts";
import { connectionAdapter } from "../lifecycle/connection-adapter.ts";
import { datasetAdapter } from "../lifecycle/dataset-adapter.ts";
import { fileUploadAdapter } from "../lifecycle/file-upload-adapter.ts";
import { importJobAdapter } from "../lifecycle/import-job-adapter.ts";
import { resourceType } from "../pointer.ts";

/** A class as states know it. */
export type StateClass = {
  readonly name: string;
  readonly adapter: Adapter;
  /** The kind in its pointer. */
  readonly pointer: string;
};

const classes: readonly StateClass[] = [
  { name: "Connection", adapter: connectionAdapter, pointer: "connection" },
  { name: "Dataset", adapter: datasetAdapter, pointer: "dataset" },
  { name: "FileUpload", adapter: fileUploadAdapter, pointer: "file-upload" },
  { name: "ImportJob", adapter: importJobAdapter, pointer: "import-job" },
];

/** The class of a kind. */
export const classOf = (kind: string): StateClass => {
  const found = classes.find(({ adapter }) => adapter.kind.name === kind);
  if (found !== undefined) return found;
  throw new DeployerError("not-supported", `Pulumi has no class for the kind "${kind}" here`);
};

/** The class with a type token. */
export const classOfType = (type: string): StateClass | undefined =>
  classes.find(({ name }) => resourceType(name) === type);
