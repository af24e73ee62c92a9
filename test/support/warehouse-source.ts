import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Properties } from "../../src/contract/index.ts";
import type { SourceSqlWire } from "../../src/infino/index.ts";
import type {
  ReadBatch,
  ReadRequest,
  SourceConnection,
  SourceDriver,
  SourceLimits,
} from "../../src/service/sources/source-driver.ts";

const plenty: SourceLimits = { rows: 10_000, bytes: 10_000_000 };

/** A driver and a connection, with the words that tests use. */
export const warehouseSource = (driver: SourceDriver, connection: SourceConnection) => {
  const change = (changes: Properties, auth = connection.auth): SourceConnection => ({
    ...connection,
    auth,
    config: { ...connection.config, ...changes },
  });
  const never = new AbortController().signal;
  const query = async (sql: string, limits = plenty, signal = never): Promise<SourceSqlWire> =>
    (await driver.query(connection, "ignored", sql, limits, signal)) as SourceSqlWire;
  const batches = (request: Partial<ReadRequest>, signal = never): AsyncIterable<ReadBatch> =>
    driver.read(connection, { resumable: false, batchRows: 5_000, batchBytes: 8_000_000, ...request }, signal);
  return {
    driver,
    connection,
    change,
    check: (changes: Properties = {}, auth?: string) => driver.check(change(changes, auth), never),
    query,
    metadata: (dataset: string) => driver.metadata(connection, dataset, never),
    batches,
    /** All batches. */
    read: async (request: Partial<ReadRequest>): Promise<readonly ReadBatch[]> => Array.fromAsync(batches(request)),
  };
};

/** What a stand-in has been asked. */
export type StandInLog = {
  readonly queries: readonly Properties[];
  /** Parts of results that were given out. */
  readonly parts: number;
  /** A part is not given out, as `POST /hold` wanted. */
  readonly held: boolean;
};

const log = async (url: string, method: "GET" | "DELETE"): Promise<StandInLog> =>
  (await (await fetch(`${url}/log`, { method })).json()) as StandInLog;

export const readLog = (url: string): Promise<StandInLog> => log(url, "GET");

/** What it was asked since this was last called; nothing is held any more. */
export const takeLog = (url: string): Promise<StandInLog> => log(url, "DELETE");

/** The address of a server that never answers; it counts the requests that are under way, and all. */
export const startSilentServer = async (): Promise<{ readonly url: string; open(): number; all(): number }> => {
  let [open, all] = [0, 0];
  const server = createServer();
  server.on("request", (_request, response) => {
    open++;
    all++;
    response.once("close", () => open--);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open: () => open, all: () => all };
};

/** The type of the problem that something rejects with. */
export const problemType = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return (error as { readonly type?: unknown }).type ?? error;
  }
  return "no problem";
};

/** An address where nothing listens. */
export const closedUrl = async (): Promise<string> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
};
