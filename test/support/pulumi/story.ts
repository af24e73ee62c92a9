import { planted } from "./stage.ts";

/** What a program of the story may say differently. */
export type Story = {
  readonly timeout?: number;
  readonly schedule?: string;
  /** Connector type of the connection. */
  readonly source?: string;
  /** Whether the job is declared. Default true. */
  readonly job?: boolean;
  /** What its names start with, so that programs on one service do not meet. */
  readonly prefix: string;
};

/** A program with a dataset, a connection with a secret, and a job that needs both. */
export const storyProgram = ({
  timeout = 30,
  schedule = "0 0 * * *",
  source = "elasticsearch",
  job = true,
  prefix,
}: Story): string => `
import * as pulumi from "@pulumi/pulumi";
import { Connection, Dataset, ImportJob } from "connector-deployer/pulumi";

const contacts = new Dataset("${prefix}-contacts", { onDelete: "delete" });
const crm = new Connection("${prefix}-crm", {
  source: "${source}",
  auth: "api_key",
  config: { base_url: "http://127.0.0.1:1", api_key: pulumi.secret("${planted}"), timeout_secs: ${timeout} },
});
const collect = ${job} ? new ImportJob("${prefix}-collect", {
  connection: crm,
  sourceDataset: "contacts",
  targetDataset: contacts.name,
  query: { query: { match_all: {} } },
  schedule: "${schedule}",
}) : undefined;

export const connectionId = crm.connectionId;
export const jobId = collect?.jobId;
export const config = crm.config;
`;
