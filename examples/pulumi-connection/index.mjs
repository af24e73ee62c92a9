import * as pulumi from "@pulumi/pulumi";
import { Connection, Dataset, ImportJob } from "connector-deployer/pulumi";

const config = new pulumi.Config();

const crm = new Connection("acme-crm", {
  source: "elasticsearch",
  auth: "api_key",
  config: {
    base_url: config.require("base_url"),
    api_key: config.requireSecret("api_key"),
    timeout_secs: 30,
  },
});

// Its records are deleted with it; without `onDelete` they stay on the target.
const contacts = new Dataset("acme-crm-contacts", { onDelete: "delete" });

const collect = new ImportJob("acme-crm-contacts-import", {
  connection: crm,
  sourceDataset: "contacts",
  targetDataset: contacts.name,
  query: { query: { term: { account: "8812" } }, sort: [{ updated: "asc" }], size: 100 },
  schedule: "0 0 * * *",
});

export const { connectionId } = crm;
export const { jobId } = collect;
