import * as pulumi from "@pulumi/pulumi";
import { TenantDeployment } from "connector-deployer/pulumi";

const tenant = new TenantDeployment(pulumi.getStack(), {
  project: "./deploy",
  prune: true, // what the files no longer have goes
  deleteData: true, // with the records of datasets that say `on_delete: delete`
});

/** What the tenant owns, by `kind/_id`: its live id, and whether it is healthy. */
export const { resources, problems } = tenant;
