export type * from "./arguments.ts";
export { Connection, type ConnectionArgs, type ConnectionConfig } from "./connection.ts";
export { Dataset, type DatasetArgs } from "./dataset.ts";
export { FileUpload, type FileUploadArgs } from "./file-upload.ts";
export { ImportJob, type ImportJobArgs } from "./import-job.ts";
export { Tenant, type TenantArgs, type TenantIds } from "./tenant.ts";
export { type DeployedResource, TenantDeployment, type TenantDeploymentArgs } from "./tenant-deployment.ts";
