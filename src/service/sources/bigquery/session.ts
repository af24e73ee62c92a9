import { setTimeout as pause } from "node:timers/promises";
import type { BigQuery, BigQueryOptions, Job, Query } from "@google-cloud/bigquery";
import type { Json, Properties } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { SourceConnection } from "../source-driver.ts";
import { loadPackage } from "../warehouse/load-package.ts";
import type { WarehouseResult, WarehouseSession } from "../warehouse/warehouse.ts";
import { type AccessToken, fetchAccessToken } from "./access-token.ts";
import { declaredType, type ReadColumn, readColumn, type SchemaField } from "./columns.ts";
import { readServiceAccount, type ServiceAccount } from "./service-account.ts";
import { type DatasetReference, datasetReferences, tableReference } from "./table-reference.ts";

/** Milliseconds before BigQuery is asked again for a result that is not there; each request waits for ten seconds itself. */
const again = 100;

/** An identifier, quoted. */
export const quoteBigquery = (name: string): string => `\`${name.replaceAll("\\", "\\\\").replaceAll("`", "\\`")}\``;

/** Logs in: exchanges the key for an access token. */
export const openBigquery = async ({ config }: SourceConnection, signal: AbortSignal): Promise<WarehouseSession> => {
  const account = readServiceAccount(config);
  const projectId = text(config, "project_id") ?? account.project;
  if (projectId === undefined) throw new Problem("bad_request", "neither project_id nor the key names a project");
  const datasets = datasetReferences(config, projectId);
  const clients = await openClients(account, projectId, text(config, "api_endpoint"), signal);
  const defaults = { useLegacySql: false, defaultDataset: datasets[0] };
  let running: Job | undefined;
  const dryRun = async (query: string): Promise<readonly SchemaField[]> => {
    const [job] = await clients.once.createQueryJob({ ...defaults, query, dryRun: true });
    return job.metadata?.statistics?.query?.schema?.fields ?? [];
  };

  return {
    probe: async () => {
      await dryRun("SELECT 1");
      await Promise.all(
        datasets.map(({ datasetId, projectId }) => clients.once.dataset(datasetId, { projectId }).getMetadata()),
      );
    },
    describe: async (sql) => (await dryRun(sql)).map(readColumn),
    run: async (sql, { values, pageRows }): Promise<WarehouseResult> => {
      const [started] = await clients.once.createQueryJob({ ...defaults, ...bound(values), query: sql });
      const location = started.location === undefined ? {} : { location: started.location };
      const job = clients.patient.job(started.id ?? "", location);
      running = job;
      const first = await nextPage(job, { maxResults: pageRows });
      const columns = (first.response.schema?.fields ?? []).map(readColumn);
      const done = () => {
        running = undefined;
      };
      const statement = started.metadata?.statistics?.query?.statementType;
      return {
        columns,
        rows: pages(job, pageRows, first, columns, done),
        affected: Number(first.response.numDmlAffectedRows ?? 0),
        ...(typeof statement === "string" ? { statement } : {}),
      };
    },
    metadata: async (name) => {
      const { projectId, datasetId, table } = tableReference(name, datasets);
      const named = datasets.find((dataset) => dataset.datasetId === name);
      const [found] = await clients.once
        .dataset(datasetId, { projectId })
        .table(table)
        .getMetadata()
        .catch((error: unknown) => {
          if (named === undefined) throw error;
          return [undefined] as const;
        });
      // Clients of the API name the dataset where a table is asked for.
      if (named !== undefined && found === undefined) return tablesOf(clients.once, named);
      const columns = ((found.schema?.fields ?? []) as readonly SchemaField[]).map((field) => ({
        name: field.name ?? "",
        type: declaredType(field),
        nullable: field.mode !== "REQUIRED",
      }));
      return { columns, schema: datasetId, table };
    },
    table: (name) => {
      const reference = tableReference(name, datasets);
      return [reference.projectId, reference.datasetId, reference.table].map(quoteBigquery).join(".");
    },
    close: async () => {
      await running?.cancel();
    },
  };
};

const mostTables = 10_000;

const tablesOf = async (client: BigQuery, { projectId, datasetId }: DatasetReference): Promise<Properties> => {
  const [tables] = await client
    .dataset(datasetId, { projectId })
    .getTables({ maxResults: mostTables, autoPaginate: false });
  return { schema: datasetId, tables: tables.map(({ id }) => ({ schema: datasetId, name: id ?? "" })) };
};

const text = (config: Properties, name: string): string | undefined => {
  const value = config[name];
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** `once` tries everything once, `patient` tries again what did not get through. */
type Clients = { readonly once: BigQuery; readonly patient: BigQuery };

const openClients = async (
  account: ServiceAccount,
  projectId: string,
  endpoint: string | undefined,
  signal: AbortSignal,
): Promise<Clients> => {
  // Else its library looks for a metadata server of Google's cloud.
  process.env["METADATA_SERVER_DETECTION"] ??= "none";
  const sdk = await loadPackage("@google-cloud/bigquery", () => import("@google-cloud/bigquery"));
  const token = renewed(() => fetchAccessToken(account, signal));
  await token();
  const getRequestHeaders = async (): Promise<Headers> => new Headers({ authorization: `Bearer ${await token()}` });
  const client = (autoRetry: boolean): BigQuery =>
    new sdk.BigQuery({
      projectId,
      ...(endpoint === undefined ? {} : { apiEndpoint: endpoint }),
      // All that the client asks of it.
      authClient: { getRequestHeaders } as unknown as NonNullable<BigQueryOptions["authClient"]>,
      retryOptions: { autoRetry },
    });
  return { once: client(false), patient: client(true) };
};

/** The token, a new one a minute before it expires. */
const renewed = (fetchToken: () => Promise<AccessToken>): (() => Promise<string>) => {
  let current: Promise<AccessToken> | undefined;
  return async () => {
    current ??= fetchToken();
    const known = await current;
    if (known.expires - Date.now() > 60_000) return known.token;
    current = fetchToken();
    return (await current).token;
  };
};

const bound = (values: readonly string[]): Pick<Query, "params" | "types"> => {
  if (values.length === 0) return {};
  const names = values.map((value, index) => [`p${index}`, value] as const);
  return {
    params: Object.fromEntries(names),
    types: Object.fromEntries(names.map(([name]) => [name, "STRING"])),
  };
};

type Page = {
  readonly rows: readonly { readonly f?: readonly { readonly v?: unknown }[] }[];
  readonly response: {
    readonly jobComplete?: boolean | null;
    readonly pageToken?: string | null;
    readonly numDmlAffectedRows?: string | null;
    readonly schema?: { readonly fields?: readonly SchemaField[] | null } | null;
  };
};

const nextPage = async (
  job: Job,
  options: { readonly maxResults: number; readonly pageToken?: string },
): Promise<Page> => {
  for (;;) {
    const [rows, , response] = await job.getQueryResults({ ...options, autoPaginate: false, skipParsing: true });
    const page = { rows, response: response ?? {} } as Page;
    if (page.response.jobComplete !== false) return page;
    await pause(again);
  }
};

async function* pages(
  job: Job,
  maxResults: number,
  first: Page,
  columns: readonly ReadColumn[],
  done: () => void,
): AsyncGenerator<readonly (readonly Json[])[], undefined> {
  for (let page = first; ; ) {
    yield page.rows.map(({ f: cells = [] }) => columns.map((column, index) => jsonOf(cells[index]?.v, column)));
    const pageToken = page.response.pageToken;
    if (typeof pageToken !== "string" || pageToken === "") break;
    page = await nextPage(job, { maxResults, pageToken });
  }
  done();
}

const jsonOf = (value: unknown, column: ReadColumn): Json =>
  value === null || value === undefined ? null : column.read(value);
