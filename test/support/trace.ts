import type { Json, Properties } from "../../src/contract/index.ts";
import { isObject } from "../../src/contract/index.ts";
import type { FaultKind } from "./faults.ts";

/** Numbers the events of one stage, requests and journal alike: which came first can be told without a clock. */
export type Ticks = () => number;

export const createTicks = (): Ticks => {
  let tick = 0;
  return () => ++tick;
};

export type Verb = "list" | "read" | "create" | "update" | "delete" | "other";

/** One request as it came to the service's door, and what became of it. */
export type Exchange = {
  readonly arrived: number;
  /** Which deployer sent it; empty where it does not say. */
  readonly client: string;
  readonly method: string;
  readonly path: string;
  readonly verb: Verb;
  readonly kind: string;
  /** The live id that it is about; of a dataset its name. */
  readonly id?: string;
  /** The natural key of what it makes; a job's names its connection by live id. */
  readonly key?: string;
  readonly body: string;
  /** When the service had done it; absent: it never came to the service. */
  committed?: number;
  /** The service's own answer. */
  status?: number;
  /** The live id of what it made. */
  made?: string;
  /** What the client got: an answer, a part of one or none, or a refusal that proves that nothing was done. */
  reply: "pending" | "answered" | "lost" | "refused";
  fault?: FaultKind;
};

type About = Pick<Exchange, "verb" | "kind" | "id" | "key">;

const member = (value: Json | undefined, name: string): string => {
  const found = isObject(value) ? value[name] : undefined;
  return typeof found === "string" ? found : "";
};

export const parseJson = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

/** What a request is about, by the API's paths. */
export const about = (method: string, path: string, body: string): About => {
  const parts = path.split("/").slice(1).map(decodeURIComponent);
  const [first = "", second = "", third = ""] = parts;
  const content = parseJson(body);
  const config: Json | undefined = isObject(content) ? (content["config"] ?? content) : undefined;
  const all = `${method} ${path}`;
  if (all === "GET /sources/connections") return { verb: "list", kind: "connection" };
  if (all === "GET /import/jobs") return { verb: "list", kind: "import-job" };
  if (all === "GET /metadata") return { verb: "list", kind: "dataset" };
  if (first === "source" && parts.length === 2) {
    if (method === "POST") return { verb: "create", kind: "connection", key: member(config, "name") };
    const verb = method === "GET" ? "read" : method === "PATCH" ? "update" : "delete";
    return { verb, kind: "connection", id: second };
  }
  if (first === "import" && second === "jobs" && method === "DELETE") {
    return { verb: "delete", kind: "import-job", id: third };
  }
  if (first === "import" && method === "PUT") {
    const key = `${member(config, "source_id")} → ${member(config, "target_dataset")}`;
    return { verb: "create", kind: "import-job", key };
  }
  if (parts.length === 1 && method === "PUT") return { verb: "create", kind: "dataset", key: first, id: first };
  if (parts.length === 1 && method === "DELETE") return { verb: "delete", kind: "dataset", id: first };
  if (parts.length === 2 && second === "metadata") return { verb: "read", kind: "dataset", id: first };
  return { verb: "other", kind: "" };
};

export const isWrite = ({ verb }: Pick<Exchange, "verb">): boolean =>
  verb === "create" || verb === "update" || verb === "delete";

/** The live id that the answer to a create tells. */
export const madeId = (kind: string, body: string, key: string): string | undefined => {
  const content = parseJson(body);
  if (kind === "dataset") return key;
  const name = kind === "connection" ? "connection_id" : "job_id";
  return member(content, name) || member(content, "id") || undefined;
};

/** Where each kind's objects are listed. */
export const listPaths: Readonly<Record<string, string>> = {
  connection: "/sources/connections",
  "import-job": "/import/jobs",
  dataset: "/metadata",
};

/** Where one object can be read; import jobs can only be listed. */
export const readPath = (kind: string, id: string): string | undefined =>
  kind === "connection" ? `/source/${id}` : kind === "dataset" ? `/${id}/metadata` : undefined;

/** One live object as the service itself tells it, without what moves by itself. */
export type Seen = {
  readonly kind: string;
  readonly id: string;
  readonly key: string;
  readonly connection?: string;
  readonly json: string;
};
/** Everything that is live, by `kind id`. */
export type World = ReadonlyMap<string, Seen>;

const restless = ["status", "reason", "health"];

/** Reads everything behind all faults. `stamps`: `updated_at` moves with writes only. */
export const readWorld = async (get: (path: string) => Promise<unknown>, stamps: boolean): Promise<World> => {
  const moving = new Set(stamps ? restless : [...restless, "updated_at"]);
  const world = new Map<string, Seen>();
  const add = (kind: string, id: string, key: string, wire: Properties, connection?: string): void => {
    const kept = Object.fromEntries(Object.entries(wire).filter(([name]) => !moving.has(name)));
    const json = JSON.stringify(kept);
    world.set(`${kind} ${id}`, { kind, id, key, json, ...(connection === undefined ? {} : { connection }) });
  };
  for (const listed of (await get("/sources/connections")) as Properties[]) {
    const isBare = listed["config"] === undefined;
    const wire = isBare ? ((await get(`/source/${String(listed["id"])}`)) as Properties) : listed;
    add("connection", String(wire["id"]), member(wire["config"], "name"), wire);
  }
  for (const wire of (await get("/import/jobs")) as Properties[]) {
    const connection = String(wire["source_id"]);
    const key = `${connection} → ${String(wire["target_dataset"])}`;
    add("import-job", String(wire["job_id"]), key, wire, connection);
  }
  for (const wire of (await get("/metadata")) as Properties[]) {
    add("dataset", String(wire["index"]), String(wire["index"]), wire);
  }
  return world;
};
