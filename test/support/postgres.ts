import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, constants, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";

export type PostgresServer = {
  readonly port: number;
  /** Of the superuser `deployer`, for the database `ledger` unless another is named; the password is in it, encoded. */
  url(over?: { readonly port?: number; readonly database?: string; readonly user?: string }): string;
  /** As a superuser, on a connection of its own. */
  query(text: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  stop(how?: "SIGINT" | "SIGQUIT"): Promise<void>;
  start(): Promise<void>;
  /** Stops it and removes its data. */
  remove(): Promise<void>;
};

/** Has every character that an address wants encoded. */
export const postgresPassword = "geh@im:/?#ü %41";

const folders = (): readonly string[] => {
  const debian = "/usr/lib/postgresql";
  let versions: readonly string[] = [];
  try {
    versions = readdirSync(debian).sort((a, b) => Number(b) - Number(a));
  } catch {
    // Another system, or none of its packages.
  }
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...path, ...versions.map((version) => join(debian, version, "bin"))];
};

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** The folder of `initdb` and `postgres`; undefined where no server is installed. */
export const postgresFolder = (): string | undefined =>
  folders().find((folder) => ["initdb", "postgres"].every((name) => isProgram(join(folder, name))));

export const noPostgres = "no Postgres server is installed (initdb and postgres, in PATH or /usr/lib/postgresql)";

/** The server refuses to run as root: then it runs as the user that its package made, or as nobody. */
const otherUser = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {};
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("no user to run the Postgres server as");
};

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

/** Starts a server of its own on a free loopback port, with its data in a temporary folder and without flushes to disk. */
export const startPostgres = async (bin: string): Promise<PostgresServer> => {
  const user = otherUser();
  const folder = await mkdtemp(join(tmpdir(), "postgres-"));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(folder, user.uid, user.gid);
  const [data, passwords] = [join(folder, "data"), join(folder, "password")];
  await writeFile(passwords, `${postgresPassword}\n`, { mode: 0o644 });
  const initial = ["-D", data, "-U", "deployer", "-A", "scram-sha-256", `--pwfile=${passwords}`];
  const environment = { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8" };
  const options = { ...user, cwd: folder, env: environment };
  await promisify(execFile)(join(bin, "initdb"), [...initial, "-E", "UTF8", "--no-sync"], options);

  const port = await freePort();
  let running: ChildProcess | undefined;
  const url: PostgresServer["url"] = (over = {}) =>
    `postgres://${over.user ?? "deployer"}:${encodeURIComponent(postgresPassword)}@127.0.0.1:${over.port ?? port}/${over.database ?? "ledger"}`;
  const query = async (text: string, database = "ledger") => {
    const client = new pg.Client({ connectionString: url({ database }) });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const settings = [
    `port=${port}`,
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "max_connections=60",
  ];
  const start = async () => {
    const started = spawn(join(bin, "postgres"), ["-D", data, ...settings.flatMap((setting) => ["-c", setting])], {
      ...options,
      stdio: "ignore",
    });
    running = started;
    for (let tries = 0; ; tries++) {
      try {
        await query("SELECT 1", "postgres");
        return;
      } catch (error) {
        if (started.exitCode !== null || tries > 200) throw error;
        await pause(50);
      }
    }
  };
  const stop: PostgresServer["stop"] = async (how = "SIGINT") => {
    const stopped = running;
    running = undefined;
    if (stopped === undefined || stopped.exitCode !== null) return;
    stopped.kill(how);
    await once(stopped, "exit");
  };
  await start();
  await query("CREATE DATABASE ledger", "postgres");
  return {
    port,
    url,
    query,
    start,
    stop,
    remove: async () => {
      await stop("SIGQUIT");
      await rm(folder, { recursive: true, force: true });
    },
  };
};
