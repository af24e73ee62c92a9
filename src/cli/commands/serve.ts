import { once } from "node:events";
import type { Catalog } from "../../catalog/index.ts";
import type { Credentials } from "../../service/index.ts";
import { defineCommand } from "../command.ts";
import { filled, pair, repeated, single, singleOr, usage, wholeNumber } from "../flag.ts";
import type { Session } from "../session.ts";
import { project, speaking } from "../shared-flags.ts";
import { environmentOf, withProject } from "../with-project.ts";

/** Threads for files, names and statements of DuckDB, which keep one each while they run. */
const threads = "16";
/** Milliseconds from the signal until the process ends in any case. */
const patience = 1_800;

/**
 * Ends the process at once, as the signal does where nothing listens. `process.exit` would wait for DuckDB's threads, and
 * not every step of a query can be interrupted. What was acknowledged is on the disk.
 */
const die = (): void => {
  process.removeAllListeners("SIGTERM");
  process.kill(process.pid, "SIGTERM");
};

const credentialsOf = (env: NodeJS.ProcessEnv): Credentials | undefined => {
  const { INFINO_ACCESS_KEY: accessKey = "", INFINO_SECRET_KEY: secretKey = "" } = env;
  if (accessKey === "" && secretKey === "") return undefined;
  if (accessKey === "" || secretKey === "") {
    const missing = accessKey === "" ? "INFINO_ACCESS_KEY" : "INFINO_SECRET_KEY";
    throw usage(
      `${missing} is not set, and the other half of the pair is`,
      "set both, or none for a pair that is made",
    );
  }
  return { accessKey, secretKey };
};

/** The project's own connector types, when a project is named. */
const catalogOf = (
  dir: string | undefined,
  envFile: string | undefined,
  session: Session,
): Promise<Catalog | undefined> =>
  dir === undefined
    ? Promise.resolve(undefined)
    : withProject(
        { project: dir, environment: undefined, envFile, set: [] },
        session,
        async ({ files }) => files.catalog,
      );

export const command = defineCommand({
  description:
    "Runs an Infino-compatible connector service on 127.0.0.1, for laptops and CI. Signatures are verified; the key pair comes from INFINO_ACCESS_KEY and INFINO_SECRET_KEY, or is made and kept in the data folder. The first line on standard output is `listening on http://127.0.0.1:PORT`. SIGTERM ends it.",
  examples: [
    { line: "serve --port 8181 --data .connector-deployer/service", does: "keeps its state in a folder" },
    { line: "serve --trait patch=replace --trait lists=bare", does: "behaves like a target with these traits" },
    { line: "serve -p .", does: "on a free port, with the project's own connector types" },
  ],
  formats: ["text"],
  endsItself: "serves",
  flags: {
    port: singleOr(
      "--port <n>",
      "on 127.0.0.1; default 0, which picks a free one",
      wholeNumber("--port", 0, 65_535),
      0,
    ),
    data: singleOr(
      "--data <dir>",
      "folder for its state; default .connector-deployer/service",
      filled("--data"),
      ".connector-deployer/service",
    ),
    project: single("-p, --project <dir>", "a project whose catalog/ is added", filled("--project")),
    envFile: project.envFile,
    trait: repeated(
      "--trait <name=value>",
      "behaves otherwise than by default: patch=replace, unset=none, names=unique, secrets=masked, lists=bare, updated_at=any or none (repeat)",
      pair("--trait"),
    ),
    ...speaking,
  },
  run: async (flags, session) => {
    // Read when the first thread is needed; 4 unless told.
    process.env["UV_THREADPOOL_SIZE"] ??= threads;
    const { stop } = session.stops;
    const credentials = credentialsOf(await environmentOf(flags.envFile, session));
    const catalog = await catalogOf(flags.project, flags.envFile, session);
    const { readTraits, serve } = await import("../../service/index.ts");
    const { asDeployerError } = await import("../fail.ts");
    const { renderError } = await import("../../render/index.ts");
    const server = await serve({
      port: flags.port,
      dataDir: flags.data,
      traits: readTraits(flags.trait),
      ...(credentials === undefined ? {} : { credentials }),
      ...(catalog === undefined ? {} : { catalog }),
      reportError: (error) =>
        session.output.warn(
          renderError(asDeployerError(error), { colour: session.output.colour, stack: session.verbose }),
        ),
    });
    session.io.stdout.write(`listening on ${server.url}\n`);
    if (server.credentialsFile !== undefined) session.output.note(`key pair: ${server.credentialsFile}`);
    for (const notice of server.notices) session.output.warn(notice);
    if (!stop.aborted) await once(stop, "abort");
    setTimeout(die, patience).unref();
    await server.close();
    return 0;
  },
});
