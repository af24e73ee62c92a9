export type * from "./arguments.ts";
export { Connection, type ConnectionArgs, type ConnectionConfig } from "./connection.ts";
export { Dataset, type DatasetArgs } from "./dataset.ts";
export { FileUpload, type FileUploadArgs } from "./file-upload.ts";
export { ImportJob, type ImportJobArgs } from "./import-job.ts";
