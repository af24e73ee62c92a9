import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { checkPayload, createVerifier } from "../../src/service/signature.ts";

/*
 * A contract double, not the service: it speaks the shapes of the API's description for datasets, file import, job
 * status and deletion by query, over real HTTP with real signature checks, so that uploads can be tested where the local
 * service does not take them. It keeps the lines of what was sent, and can be told to fail in ways that a server does.
 */

export type Operation =
  | "connections"
  | "jobs"
  | "list"
  | "metadata"
  | "create"
  | "remove"
  | "delete"
  | "upload"
  | "run";

/** What goes wrong with the next request of an operation. */
export type Fault =
  /** Says no; nothing was done. */
  | { readonly on: Operation; readonly fault: "refuse"; readonly status: number }
  /** Does it and hangs up. */
  | { readonly on: Operation; readonly fault: "cut" }
  /** Does half of it and hangs up. */
  | { readonly on: Operation; readonly fault: "half" }
  /** Does it and answers with something else. */
  | { readonly on: Operation; readonly fault: "malformed" }
  /** Does all but one record of it and says that it did all. */
  | { readonly on: "upload" | "delete"; readonly fault: "one-short" }
  /** Takes all but one record, and says so. */
  | { readonly on: "upload"; readonly fault: "one-failed" }
  /** The job of an asynchronous upload takes half and fails. */
  | { readonly on: "upload"; readonly fault: "job-fails" }
  /** The job never ends. */
  | { readonly on: "upload"; readonly fault: "job-hangs" };

type Dataset = { lines: string[]; counted: number };
type Job = { polls: number; finish: () => void; fails: boolean; hangs: boolean; dataset: string };

export type Upload = {
  readonly dataset: string;
  readonly format: string;
  readonly batchSize: string | undefined;
  readonly name: string;
  readonly async: boolean;
  readonly payload: string;
};

export type UploadDouble = {
  readonly endpoint: string;
  /** Operations in the order in which they arrived. */
  readonly requests: Operation[];
  readonly uploads: Upload[];
  readonly faults: Fault[];
  /** Lines of a dataset, without a header. */
  lines(dataset: string): readonly string[];
  /** Somebody else writes. */
  add(dataset: string, ...lines: string[]): void;
  /** Counts show a change only after so many reads. */
  lag(reads: number): void;
  /** Called when a request has been read (`asked`), half read (`half`, uploads only), and done but not answered (`done`). */
  watch(watcher: (operation: Operation, moment: "asked" | "half" | "done") => void | Promise<void>): void;
};

const uploadCredentials = { accessKey: "IAK_TEST", secretKey: "the-secret-key-of-tests" };

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
};

const sendProblem = (response: ServerResponse, status: number, type: string, reason: string): void =>
  send(response, status, { error: { type, reason }, status });

const operationOf = (method: string, path: string): { operation: Operation; name: string } | undefined => {
  const first = decodeURIComponent(path.split("/")[1] ?? "");
  if (path === "/sources/connections") return { operation: "connections", name: "" };
  if (path === "/import/jobs") return { operation: "jobs", name: "" };
  if (path === "/metadata") return { operation: "list", name: "" };
  if (path === "/import/file") return { operation: "upload", name: "" };
  if (path.startsWith("/_connectors/jobs/")) return { operation: "run", name: path.split("/")[3] ?? "" };
  if (method === "GET" && path === `/${first}/metadata`) return { operation: "metadata", name: first };
  if (method === "PUT") return { operation: "create", name: first };
  if (method === "DELETE") return { operation: "remove", name: first };
  if (method === "PATCH") return { operation: "delete", name: first };
  return undefined;
};

/** The fields before the file, and the file, which stands last. */
const parseForm = (type: string, body: Buffer): { fields: Map<string, string>; name: string; content: string } => {
  const boundary = `--${/boundary=(.+)$/.exec(type)?.[1] ?? ""}`;
  const fields = new Map<string, string>();
  const parts = body.toString("utf8").split(`${boundary}\r\n`).slice(1);
  let name = "";
  let content = "";
  for (const [index, part] of parts.entries()) {
    const end = part.indexOf("\r\n\r\n");
    const head = part.slice(0, end);
    const rest = part.slice(end + 4).replace(/\r\n(--.*--\r\n)?$/s, "");
    const field = / name="([^"]*)"/.exec(head)?.[1] ?? "";
    const file = / filename="([^"]*)"/.exec(head)?.[1];
    if (file === undefined) fields.set(field, rest);
    else {
      if (index !== parts.length - 1) throw new Error("the file must come last");
      name = file;
      content = rest;
    }
  }
  return { fields, name, content };
};

const linesOf = (format: string, content: string): string[] => {
  if (format === "json") return (JSON.parse(content) as unknown[]).map((item) => JSON.stringify(item));
  const lines = content.split(/\r?\n/).filter((line) => line !== "");
  return format === "csv" ? lines.slice(1) : lines;
};

const readAll = async (request: IncomingMessage, half: () => Promise<void>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  let isHalf = false;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (!isHalf && size * 2 >= Number(request.headers["content-length"] ?? 0)) {
      isHalf = true;
      await half();
    }
  }
  return Buffer.concat(chunks, size);
};

/** Starts one on a free port; closed when the test ends. */
export const uploadDouble = async (): Promise<UploadDouble> => {
  const { stop, ...double } = await startUploadDouble();
  onTestFinished(stop);
  return double;
};

/** Starts one on a free port. */
export const startUploadDouble = async (
  credentials = uploadCredentials,
): Promise<UploadDouble & { stop(): Promise<void> }> => {
  const datasets = new Map<string, Dataset>();
  const jobs = new Map<string, Job>();
  const requests: Operation[] = [];
  const uploads: Upload[] = [];
  const faults: Fault[] = [];
  const verify = createVerifier(credentials, Date.now);
  let lag = 0;
  let lagging = 0;
  let watcher: Parameters<UploadDouble["watch"]>[0] = () => undefined;

  const wire = (name: string, { counted }: Dataset) => ({
    index: name,
    status: "green",
    health: "green",
    docs_count: counted,
    store_size: "0b",
    creation_date: "2026-01-15T10:30:00Z",
  });
  const changed = (): void => {
    lagging = lag;
    if (lag === 0) for (const dataset of datasets.values()) dataset.counted = dataset.lines.length;
  };
  const looked = (): void => {
    if (lagging > 0 && --lagging === 0) {
      for (const dataset of datasets.values()) dataset.counted = dataset.lines.length;
    }
  };
  const datasetOf = (name: string): Dataset => {
    const found = datasets.get(name) ?? { lines: [], counted: 0 };
    datasets.set(name, found);
    return found;
  };
  const takeFault = (operation: Operation): Fault | undefined => {
    const index = faults.findIndex((fault) => fault.on === operation);
    return index < 0 ? undefined : faults.splice(index, 1)[0];
  };
  const stats = (taken: number, failed: number) => ({
    documents_processed: taken,
    documents_failed: failed,
    bytes_processed: 1,
    avg_throughput_docs_per_sec: 1,
  });

  const upload = (url: URL, request: IncomingMessage, body: Buffer, fault: Fault | undefined): unknown => {
    const { fields, name, content } = parseForm(request.headers["content-type"] ?? "", body);
    const dataset = fields.get("index_name") ?? "";
    const format = fields.get("format") ?? "auto";
    const isAsync = url.searchParams.get("async") === "true";
    const payload = String(request.headers["x-amz-content-sha256"]);
    uploads.push({ dataset, format, batchSize: fields.get("batch_size"), name, async: isAsync, payload });
    const lines = linesOf(format, content);
    const all = lines.length;
    const short = fault?.fault === "one-short" || fault?.fault === "one-failed" ? lines.slice(1) : lines;
    const isHalf = fault?.fault === "half" || fault?.fault === "job-fails";
    const taken = isHalf ? lines.slice(0, Math.ceil(all / 2)) : short;
    const run_id = randomUUID();
    const finish = (): void => {
      datasetOf(dataset).lines.push(...taken);
      changed();
    };
    if (!isAsync) {
      finish();
      const failed = fault?.fault === "one-failed" ? 1 : 0;
      const errors = failed === 0 ? [] : ["row 2 does not fit"];
      return {
        connector_id: "file",
        run_id,
        status: "completed",
        message: "done",
        stats: stats(all - failed, failed),
        errors,
      };
    }
    const [fails, hangs] = [fault?.fault === "job-fails", fault?.fault === "job-hangs"];
    jobs.set(run_id, { polls: 0, finish, fails, hangs, dataset });
    return { connector_id: "file", run_id, status: "submitted", message: "submitted", stats: null, errors: [] };
  };

  const run = (run_id: string): unknown => {
    const job = jobs.get(run_id);
    if (job === undefined) return undefined;
    const facts = { run_id, connector_id: "file", index_name: job.dataset, started_at: "2026-01-15T10:30:00Z" };
    job.polls++;
    if (job.polls < 3 || job.hangs) return { ...facts, status: "running", completed_at: null, stats: null };
    if (job.polls === 3) job.finish();
    const ended = { ...facts, completed_at: "2026-01-15T10:30:05Z", duration_ms: 5 };
    if (!job.fails) return { ...ended, status: "completed", stats: stats(1, 0) };
    return { ...ended, status: "failed", error_message: "disk full", stats: { ...stats(1, 1), errors: ["row 7"] } };
  };

  const perform = (
    operation: Operation,
    name: string,
    url: URL,
    request: IncomingMessage,
    body: Buffer,
    fault?: Fault,
  ) => {
    switch (operation) {
      case "connections":
      case "jobs":
        return [];
      case "list":
        looked();
        return [...datasets].map(([index, dataset]) => wire(index, dataset));
      case "metadata": {
        looked();
        const dataset = datasets.get(name);
        return dataset === undefined ? undefined : wire(name, dataset);
      }
      case "create":
        datasetOf(name);
        return { acknowledged: true, shards_acknowledged: true, index: name };
      case "remove":
        return datasets.delete(name) ? { acknowledged: true } : undefined;
      case "delete": {
        if (body.toString() !== '{"query":{"match_all":{}}}') throw new Error(`another query: ${body.toString()}`);
        const dataset = datasets.get(name);
        if (dataset === undefined) return undefined;
        const before = dataset.lines.length;
        const kept = fault?.fault === "half" ? Math.floor(before / 2) : fault?.fault === "one-short" ? 1 : 0;
        dataset.lines = dataset.lines.slice(0, kept);
        changed();
        return { took: 1, timed_out: false, total: before, deleted: before, failures: [] };
      }
      case "upload":
        return upload(url, request, body, fault);
      case "run":
        return run(name);
      default:
        return operation satisfies never;
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? "";
    const url = new URL(request.url ?? "", `http://${request.headers.host}`);
    const found = operationOf(method, url.pathname);
    if (found === undefined) return sendProblem(response, 404, "not_found", `there is no ${method} ${url.pathname}`);
    const { operation, name } = found;
    const body = await readAll(request, async () => {
      if (operation === "upload") await watcher(operation, "half");
    });
    const headers = new Headers(
      Object.entries(request.headers).map(([key, value]): [string, string] => [key, String(value)]),
    );
    try {
      const content = new Uint8Array(body);
      const isBare = method === "GET" || method === "HEAD";
      const signed = new Request(url, { method, headers, ...(isBare ? {} : { body: content }) });
      checkPayload(content, await verify(signed, async () => content));
    } catch (error) {
      return sendProblem(response, 401, "unauthorized", error instanceof Error ? error.message : "");
    }
    requests.push(operation);
    await watcher(operation, "asked");
    const fault = takeFault(operation);
    if (fault?.fault === "refuse") return sendProblem(response, fault.status, "refused", "not now");
    const answer = perform(operation, name, url, request, body, fault);
    await watcher(operation, "done");
    if (fault?.fault === "cut" || fault?.fault === "half") {
      request.socket.destroy();
      return;
    }
    if (answer === undefined) return sendProblem(response, 404, "not_found", `there is no ${name}`);
    send(response, 200, fault?.fault === "malformed" ? { ok: true } : answer);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    uploads,
    faults,
    lines: (dataset) => datasets.get(dataset)?.lines ?? [],
    add: (dataset, ...lines) => {
      datasetOf(dataset).lines.push(...lines);
      changed();
    },
    lag: (reads) => {
      lag = reads;
    },
    watch: (given) => {
      watcher = given;
    },
  };
};
