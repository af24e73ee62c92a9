import type { State } from "../provider-host.ts";
import type { Kind, Subject } from "./subject.ts";
import { without } from "./subject.ts";
import { never, planted, type World } from "./world.ts";

const config = (given: State): State => given["config"] as State;
const withConfig = (given: State, more: State): State => ({ ...given, config: { ...config(given), ...more } });

/** Paths of the arguments that every class takes. */
const common: Subject["unknowns"] = [["adopt"], ["overwriteDrift"]];

const connection: Subject = {
  kind: "connection",
  given: async (world) => ({
    source: "elasticsearch",
    auth: "api_key",
    name: world.name(),
    config: { base_url: "http://127.0.0.1:1", api_key: planted, timeout_secs: 30 },
  }),
  required: ["source", "auth", "config", "name"],
  unknowns: [
    ["source"],
    ["auth"],
    ["name"],
    ["config"],
    ["config", "base_url"],
    ["config", "api_key"],
    ["config", "timeout_secs"],
    ["config", "accept_invalid_certs"],
    ...common,
  ],
  change: {
    news: (given) => withConfig(given, { timeout_secs: 60 }),
    writes: (id) => [`PATCH /source/${id}`],
    body: { config: { timeout_secs: 60 } },
  },
  replacements: [
    { property: "source", news: (given) => ({ ...given, source: "opensearch" }), deletesFirst: true },
    {
      property: "auth",
      news: (given) => ({ ...given, auth: "bearer_token", config: { base_url: "http://x", bearer_token: planted } }),
      deletesFirst: true,
    },
    {
      property: "source",
      news: (given, world) => ({ ...given, source: "opensearch", name: world.name() }),
      deletesFirst: false,
    },
  ],
  settings: [],
  wrong: [
    {
      what: "an unknown field",
      news: (given) => withConfig(given, { timeout: 1 }),
      property: "config.timeout",
      reason: /timeout_secs/,
    },
    {
      what: "an unknown connector type",
      news: (given) => ({ ...given, source: "elasticsaerch" }),
      property: "source",
      reason: /did you mean "elasticsearch"/,
    },
    {
      what: "a wrong connection type",
      news: (given) => ({ ...given, auth: "apikey" }),
      property: "auth",
      reason: /did you mean "api_key"/,
    },
    {
      what: "a field of another type",
      news: (given) => withConfig(given, { timeout_secs: "soon" }),
      property: "config.timeout_secs",
      reason: /integer/,
    },
    {
      what: "a secret that is missing",
      news: (given) => ({ ...given, config: without(config(given), "api_key") }),
      property: "config.api_key",
      reason: /required/,
    },
  ],
  count: async ({ name }, world) =>
    (await world.connections()).filter((found) => found.config?.["name"] === name).length,
  takeAway: async (id, { other }) => {
    await other.deleteConnection(id, never);
  },
  occupy: async (given, { other }) => {
    const theirs = { ...config(given), name: String(given["name"]), timeout_secs: 31 };
    return (await other.createConnection("elasticsearch", theirs as never, never)).connection_id;
  },
  isOccupiedByAnother: true,
  shown: ["source", "name"],
  createdBy: "POST",
  keepsData: false,
  fingerprinted: {
    path: "/config/api_key",
    without: (given) => ({ ...given, config: without(config(given), "api_key") }),
    other: (given) => withConfig(given, { api_key: "another-contract-secret" }),
  },
};

const connectionOf = async (world: World): Promise<string> => {
  const own = { name: world.name(), base_url: "http://127.0.0.1:1", api_key: "theirs" };
  return (await world.other.createConnection("elasticsearch", own, never)).connection_id;
};

const jobs = async (given: State, { other }: World) =>
  (await other.listImportJobs(never)).filter(
    (job) => job.source_id === given["connection"] && job.target_dataset === given["targetDataset"],
  );

const importJob: Subject = {
  kind: "import-job",
  given: async (world) => ({
    connection: await connectionOf(world),
    source: "elasticsearch",
    sourceDataset: "contacts",
    targetDataset: world.name(),
    query: { query: { match_all: {} } },
    schedule: "0 0 * * *",
    lastModified: "updated",
    primaryKey: ["id", "region"],
  }),
  required: ["connection", "source", "targetDataset"],
  unknowns: [
    ["connection"],
    ["source"],
    ["sourceDataset"],
    ["targetDataset"],
    ["query"],
    ["query", "query", "match_all"],
    ["schedule"],
    ["lastModified"],
    ["primaryKey"],
    ["primaryKey", 1],
    ...common,
  ],
  replacements: [
    { property: "sourceDataset", news: (given) => ({ ...given, sourceDataset: "people" }), deletesFirst: true },
    { property: "query", news: (given) => ({ ...given, query: { query: { term: {} } } }), deletesFirst: true },
    { property: "query", news: (given) => without(given, "query"), deletesFirst: true },
    { property: "schedule", news: (given) => ({ ...given, schedule: "1 0 * * *" }), deletesFirst: true },
    { property: "schedule", news: (given) => ({ ...given, schedule: "none" }), deletesFirst: true },
    { property: "lastModified", news: (given) => ({ ...given, lastModified: "changed" }), deletesFirst: true },
    { property: "primaryKey", news: (given) => ({ ...given, primaryKey: "id" }), deletesFirst: true },
    { property: "source", news: (given) => ({ ...given, source: "opensearch" }), deletesFirst: true },
    { property: "connection", news: (given) => ({ ...given, connection: "conn-another" }), deletesFirst: false },
    {
      property: "targetDataset",
      news: (given, world) => ({ ...given, targetDataset: world.name() }),
      deletesFirst: false,
    },
  ],
  settings: [],
  wrong: [
    {
      what: "a schedule that is no cron",
      news: (given) => ({ ...given, schedule: "hourly" }),
      property: "schedule",
      reason: /five-field/,
    },
    {
      what: "a name that no dataset can have",
      news: (given) => ({ ...given, targetDataset: "Not A Name" }),
      property: "targetDataset",
      reason: /Not A Name/,
    },
    {
      what: "a key that is empty",
      news: (given) => ({ ...given, primaryKey: [] }),
      property: "primaryKey",
      reason: /primaryKey/,
    },
  ],
  count: async (given, world) => (await jobs(given, world)).length,
  takeAway: async (id, { other }) => {
    await other.deleteImportJob(id, never);
  },
  occupy: async (given, { other }) => {
    const theirs = { source_id: String(given["connection"]), target_dataset: String(given["targetDataset"]) };
    return (await other.createImportJob("elasticsearch", { ...theirs, schedule: "7 7 * * *" }, never)).job_id;
  },
  isOccupiedByAnother: true,
  shown: ["connection", "targetDataset", "schedule"],
  createdBy: "PUT",
  keepsData: false,
  fingerprinted: {
    path: "/query",
    without: (given) => without(given, "query"),
    other: (given) => ({ ...given, query: "SELECT 1" }),
  },
};

const dataset: Subject = {
  kind: "dataset",
  given: async (world) => ({ name: world.name() }),
  required: ["name"],
  unknowns: [["name"], ["onDelete"], ...common],
  replacements: [{ property: "name", news: (given, world) => ({ ...given, name: world.name() }), deletesFirst: false }],
  settings: [{ what: "what happens to its data", news: (given) => ({ ...given, onDelete: "delete" }) }],
  wrong: [
    { what: "a name of another form", news: () => ({ name: "Not A Name" }), property: "name", reason: /Not A Name/ },
    { what: "a path word of the API", news: () => ({ name: "sql" }), property: "name", reason: /sql/ },
    {
      what: "a word that onDelete does not know",
      news: (given) => ({ ...given, onDelete: "keep" }),
      property: "onDelete",
      reason: /retain, delete/,
    },
  ],
  count: async ({ name }, { other }) => ((await other.getDataset(String(name), never)) === undefined ? 0 : 1),
  takeAway: async (id, { other }) => {
    await other.deleteDataset(id, never);
  },
  occupy: async ({ name }, { other }) => {
    await other.createDataset(String(name), never);
    return String(name);
  },
  isOccupiedByAnother: false,
  shown: ["name"],
  createdBy: "PUT",
  keepsData: true,
};

const rows = (count: number): string =>
  Array.from({ length: count }, (_, index) => `${JSON.stringify({ id: index + 1 })}\n`).join("");

const file: Subject = {
  kind: "file-upload",
  given: async (world) => {
    const name = world.name();
    world.write(`data/${name}.jsonl`, rows(4));
    return { dataset: name, path: `data/${name}.jsonl` };
  },
  required: ["dataset", "path"],
  unknowns: [
    ["dataset"],
    ["path"],
    ["format"],
    ["batchSize"],
    ["asyncMode"],
    ["mode"],
    ["onDelete"],
    ["content"],
    ...common,
  ],
  change: {
    news: (given, world) => {
      world.write(String(given["path"]), rows(6));
      return given;
    },
    writes: (id) => [`PATCH /${id}`, "POST /import/file?async=false"],
  },
  replacements: [
    { property: "dataset", news: (given, world) => ({ ...given, dataset: world.name() }), deletesFirst: false },
  ],
  settings: [
    {
      what: "a file of the same content elsewhere",
      news: (given, world) => {
        world.write(`copy/${given["dataset"]}.jsonl`, rows(4));
        return { ...given, path: `copy/${given["dataset"]}.jsonl` };
      },
    },
    { what: "its format", news: (given) => ({ ...given, format: "jsonl" }) },
    { what: "how much is taken at once", news: (given) => ({ ...given, batchSize: 2 }) },
    { what: "whether it waits", news: (given) => ({ ...given, asyncMode: true }) },
    { what: "what becomes of earlier content", news: (given) => ({ ...given, mode: "append" }) },
    { what: "what happens to its records", news: (given) => ({ ...given, onDelete: "delete" }) },
  ],
  wrong: [
    {
      what: "a file that is not there",
      news: (given) => ({ ...given, path: "data/none.csv" }),
      property: "path",
      reason: /none\.csv.*Pulumi\.yaml/,
    },
    {
      what: "a folder",
      news: (given) => ({ ...given, path: "data", format: "csv" }),
      property: "path",
      reason: /no file/,
    },
    {
      what: "a name that no dataset can have",
      news: (given) => ({ ...given, dataset: "Not A Name" }),
      property: "dataset",
      reason: /Not A Name/,
    },
    {
      what: "a file whose name does not say its format",
      news: (given, world) => {
        world.write("data/records.dat", rows(1));
        return { ...given, path: "data/records.dat" };
      },
      property: "format",
      reason: /format: json/,
    },
    {
      what: "too few records at once",
      news: (given) => ({ ...given, batchSize: 0 }),
      property: "batchSize",
      reason: />= 1/,
    },
    {
      what: "a content that the file does not have",
      news: (given) => ({ ...given, content: `sha256:${"0".repeat(64)}` }),
      property: "content",
      reason: /content/,
    },
  ],
  count: async ({ dataset: name }, { uploads }) => ((uploads?.lines(String(name)).length ?? 0) > 0 ? 1 : 0),
  takeAway: async (id, { other }) => {
    await other.deleteDataset(id, never);
  },
  occupy: async ({ dataset: name }, { uploads }) => {
    uploads?.add(String(name), "theirs");
    return String(name);
  },
  isOccupiedByAnother: true,
  shown: ["dataset"],
  createdBy: "POST",
  keepsData: true,
};

export const subjects: Readonly<Record<Kind, Subject>> = {
  connection,
  dataset,
  "file-upload": file,
  "import-job": importJob,
};
