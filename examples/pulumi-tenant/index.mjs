import { Tenant } from "connector-deployer/pulumi";

const t042 = new Tenant("t042", { project: "./deploy" });

/** Live ids by `_id`. */
export const { ids } = t042;
