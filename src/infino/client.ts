import { setTimeout as wait } from "node:timers/promises";
import type { Json } from "../contract/index.ts";
import { isObject, targetTimes } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import * as answers from "./answers.ts";
import { type Attempt, attempt } from "./attempt.ts";
import { type Operation, operations } from "./operations.ts";
import { type Context, deadlineProblem, mismatchProblem, problemOf } from "./problem.ts";
import { redact } from "./redact.ts";
import { backoff, mayRepeat, outcomeOf, retryAfter } from "./repeat.ts";
import { createSigner, message } from "./sign.ts";
import type { ClientOptions, InfinoClient } from "./types.ts";
import { createUploads } from "./uploads.ts";

type Answer<T> = { readonly status: number; readonly value: T | undefined };
type Call = {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: Json;
  readonly query?: Readonly<Record<string, string>>;
  /** Made for the attempt, sent as a stream. */
  readonly form?: () => Blob;
};

const checkedEndpoint = (endpoint: string): string => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const hint = "give a base address such as https://api.example.com";
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const shown = endpoint.includes("@") ? "" : `: ${JSON.stringify(endpoint)}`;
    throw new DeployerError("usage", `the target's endpoint is no http or https address${shown}`, { hint });
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new DeployerError("usage", `the target's endpoint holds more than an address: ${url.origin}`, { hint });
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
};

const checkedKey = (name: string, key: string): string => {
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new DeployerError("usage", `the target's ${name} is empty or holds characters that no key has`);
};

/** An access key is half public; one that a person chose, such as `demo`, stands in innocent words as well. */
const looksRandom = (key: string): boolean => key.length >= 8 && /\d/.test(key);

/** Whole numbers that JavaScript cannot hold become texts, so that no digit of somebody's data is lost. */
const exactly = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
    ? context?.source
    : value;

const parse = (body: string, isExact: boolean): Json => {
  if (body.trim() === "") return null;
  try {
    return JSON.parse(body, isExact && /\d{16}/.test(body) ? exactly : undefined) as Json;
  } catch {
    throw new answers.Mismatch("it is not JSON");
  }
};

/** One SELECT and nothing behind it; anything else may write. */
const onlyReads = (sql: string): boolean => /^\s*select\b[^;]*;?\s*$/i.test(sql);

/** Whether a 404 is the API's own: a proxy's page says nothing about the object. */
const isOurs = (body: string): boolean => {
  if (body.trim() === "") return true;
  try {
    const value = JSON.parse(body) as Json;
    return isObject(value) && value["error"] !== undefined;
  } catch {
    return false;
  }
};

/** A client of one API. Throws `usage` where the endpoint or a key cannot be one. Opens no connection. */
export const createClient = (options: ClientOptions): InfinoClient => {
  const endpoint = checkedEndpoint(options.endpoint);
  const accessKey = checkedKey("access key", options.accessKey);
  const secretKey = checkedKey("secret key", options.secretKey);
  const {
    fetch: send = (request: Request) => fetch(request),
    clock = Date.now,
    sleep = (ms: number, signal: AbortSignal) => wait(ms, undefined, { signal }),
    random = Math.random,
    requestTimeout = targetTimes.request,
    deadline = 120_000,
    retries = 4,
    settle = targetTimes.settle,
    uploadTimeout = 1_800_000,
  } = options;
  const credentials = [...(looksRandom(accessKey) ? [accessKey] : []), secretKey];
  const sign = createSigner({ accessKey, secretKey });
  let requests = 0;
  /** Set by a 429: no call sends anything before. */
  let limited: { readonly until: number; readonly answer: Attempt } | undefined;

  const call = async <T>(
    operation: Operation,
    { parameters = {}, headers = {}, content, query = {}, form }: Call,
    read: (value: Json, place: string) => T,
    signal: AbortSignal,
  ): Promise<Answer<T>> => {
    const isStreamed = form !== undefined;
    const sent = message(endpoint, operation, parameters, headers, content, { query, isStreamed });
    const longest = operation.isLong === true ? Math.max(deadline, uploadTimeout) : deadline;
    const end = clock() + longest;
    let attempts = 0;
    let unknown = false;
    let last: Attempt | undefined;
    let notBefore = 0;
    const context = (): Context => ({
      operation,
      endpoint,
      body: operation.isQuery === true ? undefined : content,
      credentials,
      attempts,
      outcome: unknown ? "unknown" : "refused",
      deadline: longest,
    });
    const interrupted = (): void => {
      if (signal.aborted) throw problemOf({ type: "cancelled" }, context());
    };
    const rest = async (): Promise<void> => {
      let until = Math.max(notBefore, limited?.until ?? 0);
      while (until > clock()) {
        if (until >= end) throw problemOf(last ?? limited?.answer ?? { type: "timeout", after: deadline }, context());
        // The jitter keeps calls that waited together from starting together.
        await sleep(until - clock() + backoff(1, random), signal).catch((error: unknown) => {
          interrupted();
          throw error;
        });
        interrupted();
        if ((limited?.until ?? 0) <= until) return;
        until = limited?.until ?? 0;
      }
    };

    for (;;) {
      interrupted();
      await rest();
      const left = end - clock();
      if (left <= 0) throw last === undefined ? deadlineProblem(context()) : problemOf(last, context());
      const { url, init } = await sign(sent, clock());
      interrupted();
      attempts++;
      const result = await attempt(
        (until) => {
          requests++;
          return send(new Request(url, { ...init, ...(form === undefined ? {} : { body: form() }), signal: until }));
        },
        {
          timeout: Math.min(operation.isLong === true ? uploadTimeout : requestTimeout, left),
          limit: operation.limit,
          signal,
        },
      );
      if (result.type === "answer") {
        const { status, body } = result;
        if (status >= 200 && status < 300) {
          try {
            return { status, value: read(parse(body, operation.isQuery === true), "answer") };
          } catch (error) {
            if (!(error instanceof answers.Mismatch)) throw error;
            unknown = true;
            throw mismatchProblem(error.message, status, context());
          }
        }
        if (status === 409 && operation.expects.some((code) => code === 409)) return { status, value: undefined };
        if (status === 404 && operation.expects.some((code) => code === 404) && isOurs(body)) {
          return { status, value: undefined };
        }
      }
      last = result;
      unknown ||= outcomeOf(result) === "unknown";
      if (!mayRepeat(operation, result) || attempts > retries) throw problemOf(result, context());
      const asked = result.type === "answer" ? retryAfter(result.headers, clock()) : undefined;
      notBefore = clock() + (asked ?? backoff(attempts, random));
      if (result.type === "answer" && result.status === 429 && notBefore > (limited?.until ?? 0)) {
        limited = { until: Math.min(notBefore, clock() + deadline), answer: result };
      }
    }
  };

  const value = async <T>(
    operation: Operation,
    request: Call,
    read: (value: Json, place: string) => T,
    signal: AbortSignal,
  ): Promise<T> => {
    const answer = await call(operation, request, read, signal);
    if (answer.value === undefined) throw new DeployerError("internal", `${operation.name}: no value`);
    return answer.value;
  };

  const remove = async (operation: Operation, parameters: Readonly<Record<string, string>>, signal: AbortSignal) =>
    (await call(operation, { parameters }, answers.acknowledged, signal)).status !== 404;

  const uploads = createUploads({
    call,
    clock,
    sleep,
    clean: (text) => redact(text, undefined, credentials),
    settle,
    uploadTimeout,
    openFile: options.openFile,
  });

  const at = (connection: string) => ({ "x-infino-connection-id": connection });

  return {
    endpoint,
    ...uploads,
    requests: () => requests,
    listSources: (signal) => value(operations.listSources, {}, answers.list(answers.source), signal),
    listConnections: (signal) => value(operations.listConnections, {}, answers.list(answers.connection), signal),
    getConnection: async (connection, signal) =>
      (await call(operations.getConnection, { parameters: { connection } }, answers.connection, signal)).value,
    createConnection: (source, config, signal) =>
      value(
        operations.createConnection,
        { parameters: { source }, content: { config } },
        answers.connectionCreated,
        signal,
      ),
    updateConnection: async (connection, config, signal) => {
      const request = { parameters: { connection }, content: { config } };
      await call(operations.updateConnection, request, answers.acknowledged, signal);
    },
    deleteConnection: (connection, signal) => remove(operations.deleteConnection, { connection }, signal),
    listDatasets: (signal) => value(operations.listDatasets, {}, answers.list(answers.dataset), signal),
    getDataset: async (dataset, signal) =>
      (await call(operations.getDataset, { parameters: { dataset } }, answers.dataset, signal)).value,
    createDataset: async (dataset, signal) => {
      const answer = await call(operations.createDataset, { parameters: { dataset } }, answers.datasetCreated, signal);
      return answer.value ?? { acknowledged: true, shards_acknowledged: true, index: dataset, existed: true };
    },
    deleteDataset: (dataset, signal) => remove(operations.deleteDataset, { dataset }, signal),
    listImportJobs: (signal) => value(operations.listImportJobs, {}, answers.list(answers.importJob), signal),
    createImportJob: (source, config, signal) =>
      value(
        operations.createImportJob,
        { parameters: { source }, content: { ...config } },
        answers.importJobCreated(config),
        signal,
      ),
    deleteImportJob: (job, signal) => remove(operations.deleteImportJob, { job }, signal),
    getSourceMetadata: (connection, dataset, signal) =>
      value(
        operations.getSourceMetadata,
        { parameters: { connection, dataset }, headers: at(connection) },
        answers.fields,
        signal,
      ),
    querySql: (sql, signal) =>
      value(
        onlyReads(sql) ? operations.selectSql : operations.executeSql,
        { content: { query: sql } },
        answers.sql,
        signal,
      ),
    queryDataset: (dataset, query, signal) =>
      value(operations.queryDataset, { parameters: { dataset }, content: query }, answers.fields, signal),
    getDatasetSchema: async (dataset, signal) =>
      (await call(operations.getDatasetSchema, { parameters: { dataset } }, answers.fields, signal)).value,
    querySource: (connection, dataset, query, signal) =>
      value(
        operations.querySource,
        { parameters: { connection, dataset }, headers: at(connection), content: { query } },
        answers.anything,
        signal,
      ),
  };
};
