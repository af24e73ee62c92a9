import {
  address,
  filled,
  milliseconds,
  numberOrShare,
  oneOf,
  pair,
  repeated,
  single,
  singleOr,
  toggle,
  wholeNumber,
} from "./flag.ts";

export const formats = ["text", "json", "yaml", "markdown", "jsonl"] as const;
export type Format = (typeof formats)[number];

/** How a command speaks. */
export const speaking = {
  noColor: toggle("--no-color", "no colours; NO_COLOR does the same"),
  quiet: toggle("-q, --quiet", "no progress and no notes, only data and errors"),
  verbose: toggle("-v, --verbose", "more notes; the stack of a defect"),
  help: toggle("-h, --help", "this help"),
};

/** For commands that end with data. */
export const reporting = {
  output: singleOr("-o, --output <format>", "text, json, yaml, markdown or jsonl", oneOf("--output", formats), "text"),
  out: single("--out <file>", "write the data to a file instead of standard output", filled("--out")),
  timeout: single("--timeout <duration>", "give up after this long, such as 10m", milliseconds("--timeout")),
  ...speaking,
};

export const project = {
  project: singleOr("-p, --project <dir>", "folder with connector-deployer.yaml", filled("--project"), "."),
  environment: single(
    "-e, --environment <name>",
    "file under environments/ to merge over the project",
    filled("--environment"),
  ),
  envFile: single("--env-file <file>", "environment variables; those already set win", filled("--env-file")),
  set: repeated(
    "--set <key=value>",
    "a parameter's value over all others, read as a YAML scalar (repeat)",
    pair("--set"),
  ),
};

export const selection = {
  tenant: repeated("-t, --tenant <glob>", "only these tenants (repeat; !x excludes)", filled("--tenant")),
  selector: repeated("-l, --selector <label=value>", "only tenants with this label (repeat)", pair("--selector")),
  wave: single("--wave <name>", "only tenants of this wave", filled("--wave")),
};

export const detail = { detail: toggle("--detail", "every thing with all that is known of it") };
export const exitCode = { exitCode: toggle("--exit-code", "exit 2 when there are changes or drift") };
export const deleteData = { deleteData: toggle("--delete-data", "let `on_delete: delete` delete data") };
export const prune = { prune: toggle("--prune", "delete what is owned and no longer declared") };

export const acceptTarget = {
  acceptTarget: toggle("--accept-target", "the endpoint or the account is another one, and holds the same objects"),
};

/** What goes into a plan. */
export const planning = {
  only: repeated(
    "--only <kind/_id>",
    "only these resources and what depends on them (repeat; globs)",
    address("--only"),
  ),
  ...deleteData,
  maxDeletes: single(
    "--max-deletes <n|p%>",
    "most deletes of a run, a number or a share of what is owned; default 10%, at least 1",
    numberOrShare("--max-deletes"),
  ),
  adopt: repeated(
    "--adopt <glob>",
    "take over live objects with these addresses, kind/_id (repeat)",
    address("--adopt"),
  ),
  writeSecret: repeated(
    "--write-secret <glob>",
    "write the secrets of these resources though nothing says that they differ (repeat)",
    address("--write-secret"),
  ),
  rewriteUnknown: toggle(
    "--rewrite-unknown",
    "make anew what has fields that cannot be compared, such as a job's query",
  ),
  ...acceptTarget,
  recreateMissing: toggle("--recreate-missing", "make anew what is missing, however much it is"),
};

/** How a plan is applied. */
export const applying = {
  acceptUnresolved: toggle("--accept-unresolved", "write secrets that had no value when the plan was made"),
  parallelism: single(
    "--parallelism <n>",
    "changes in flight at once; default 10",
    wholeNumber("--parallelism", 1, 1000),
  ),
  onError: single(
    "--on-error <continue|stop>",
    "what a failed change does to the rest; default continue",
    oneOf("--on-error", ["continue", "stop"]),
  ),
};

/** What a command does after it has written, or looked. */
export const waiting = {
  wait: toggle(
    "--wait",
    "wait until connections work and import jobs have run, for 60s or until --timeout; exit 4 where not",
  ),
};

export const yes = { yes: toggle("--yes", "do not ask; needed without a terminal") };

/** Every flag that more than one command has: what may stand before the command, and what a typo is compared with. */
export const sharedFlags = {
  ...project,
  ...selection,
  ...prune,
  ...planning,
  ...applying,
  ...waiting,
  ...yes,
  ...detail,
  ...exitCode,
  ...reporting,
};
