import type { Json, Properties } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { Context } from "./context.ts";
import type { Place } from "./find-place.ts";
import { chosenTarget, findConnection, findDataset } from "./find-place.ts";
import type { MetadataReport, QueryOptions, QueryReport } from "./query-types.ts";
import { quietTenants } from "./quiet-tenants.ts";

const never = new AbortController().signal;

/** What a source says of a query may hold what its connection was given. */
const quietly = async <T>(context: Context, { entry }: Place, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DeployerError) || entry === undefined) throw error;
    const quiet = quietTenants(context, new Map(), async () => [entry]);
    const message = await quiet(entry.resource.tenant, error.message);
    throw new DeployerError(error.code, message, { hint: error.hint });
  }
};

/** SQL sources say in a success that it is none. */
const refuseFailure = (answer: Json): Json => {
  const message = isObject(answer) ? answer["error_message"] : undefined;
  if (typeof message !== "string" || message === "") return answer;
  throw new DeployerError("target-problem", `query source: the source says: ${message}`);
};

const report = (facts: Omit<QueryReport, "type" | "schemaVersion">): QueryReport => ({
  type: "query-result",
  schemaVersion: 1,
  ...facts,
});

/** See `Project.querySource`. */
export const querySource = async (
  context: Context,
  name: string,
  dataset: string,
  query: string,
  { target, signal = never }: QueryOptions,
): Promise<QueryReport> => {
  const place = await findConnection(context, name, target, signal);
  const answer = await quietly(context, place, async () =>
    refuseFailure(await place.api.querySource(place.id, dataset, query, signal)),
  );
  return report({ target: place.target, connection: place.id, dataset, answer });
};

/** See `Project.queryDatasets`. */
export const queryDatasets = async (
  context: Context,
  sql: string,
  { target, signal = never }: QueryOptions,
): Promise<QueryReport> => {
  const name = chosenTarget(context, target);
  const { api } = await context.target(name);
  return report({ target: name, answer: await api.querySql(sql, signal) });
};

const parsed = (query: string): Properties => {
  let value: unknown;
  try {
    value = JSON.parse(query);
  } catch {
    value = undefined;
  }
  if (isObject(value as Json)) return value as Properties;
  throw new DeployerError("usage", "the query is not a JSON object, which QueryDSL is", {
    hint: 'such as {"query": {"match_all": {}}}',
  });
};

/** See `Project.queryDataset`. */
export const queryDataset = async (
  context: Context,
  name: string,
  query: string,
  { target, signal = never }: QueryOptions,
): Promise<QueryReport> => {
  const content = parsed(query);
  const place = await findDataset(context, name, target);
  return report({
    target: place.target,
    dataset: place.id,
    answer: await place.api.queryDataset(place.id, content, signal),
  });
};

/** See `Project.sourceMetadata`. */
export const sourceMetadata = async (
  context: Context,
  name: string,
  dataset: string,
  { target, signal = never }: QueryOptions,
): Promise<MetadataReport> => {
  const place = await findConnection(context, name, target, signal);
  const metadata = await quietly(context, place, () => place.api.getSourceMetadata(place.id, dataset, signal));
  return { type: "metadata", schemaVersion: 1, target: place.target, connection: place.id, dataset, metadata };
};

/** See `Project.datasetMetadata`. */
export const datasetMetadata = async (
  context: Context,
  name: string,
  { target, signal = never }: QueryOptions,
): Promise<MetadataReport> => {
  const place = await findDataset(context, name, target);
  const found = await place.api.getDataset(place.id, signal);
  if (found === undefined) {
    throw new DeployerError(
      "usage",
      `there is no dataset ${JSON.stringify(place.id)} on the target "${place.target}"`,
      {
        hint:
          place.similar === undefined
            ? "status --detail lists those that were deployed"
            : `did you mean ${JSON.stringify(place.similar)}?`,
      },
    );
  }
  const fields = await place.api.getDatasetSchema(place.id, signal).catch((error: unknown) => {
    // Not every target tells.
    const status = error instanceof DeployerError ? error.details?.["status"] : undefined;
    if (status === 400 || status === 405 || status === 501) return undefined;
    throw error;
  });
  return {
    type: "metadata",
    schemaVersion: 1,
    target: place.target,
    dataset: place.id,
    metadata: { ...found },
    ...(fields === undefined ? {} : { fields }),
  };
};
