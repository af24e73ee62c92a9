import { DeployerError } from "../../errors.ts";
import { createLedger } from "../store/create-ledger.ts";
import type { Dialect, Statement, Steps, Store } from "../store/steps.ts";
import { row } from "../store/steps.ts";
import type { Ledger, LedgerOptions } from "../types.ts";
import { type Database, openDatabase } from "./database.ts";
import { loadDriver } from "./driver.ts";
import { migrations, schema } from "./migrations.ts";
import type { Place } from "./place.ts";

const dialect: Dialect = {
  schema: `${schema}.`,
  now: "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
  lock: " FOR UPDATE",
  share: " FOR SHARE",
};

const sql = (text: string): Statement => ({ text, values: [] });

/** Asked of the catalog's tables: what `to_regclass` says may be older than the lock that was waited for. */
const facts = sql(`SELECT current_setting('server_encoding') AS encoding,
  EXISTS (SELECT FROM pg_namespace WHERE nspname = '${schema}') AS has_schema,
  EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = '${schema}' AND c.relname = 'schema_version') AS has_version`);
const version = sql(`SELECT version FROM ${schema}.schema_version`);
const size = sql(`SELECT sum(pg_total_relation_size(oid)) AS size FROM pg_class
  WHERE relnamespace = to_regnamespace('${schema}') AND relkind = 'r'`);
/** A day is far longer than anybody waits for the answer to a COMMIT. */
const prune = sql(`DELETE FROM ${schema}.commit_token WHERE at < clock_timestamp() - interval '1 day'`);
/** Held until the transaction ends; any number that nobody else uses for the like. */
const alone = sql("SELECT pg_advisory_xact_lock(1128553543)");

const checkVersion = ({ name, details }: Place, found: number): number => {
  if (found <= migrations.length) return found;
  throw new DeployerError(
    "ledger-schema",
    `the ledger ${name} has schema ${found}; this version knows schemas up to ${migrations.length}`,
    {
      hint: "use the newer connector-deployer that wrote it",
      details: { ...details, version: found, known: migrations.length },
    },
  );
};

function* foundVersion(place: Place): Steps<{ readonly hasSchema: boolean; readonly version: number }> {
  const found = yield* row(facts);
  if (found?.["encoding"] !== "UTF8") {
    throw new DeployerError("ledger-unavailable", `the database ${place.name} is not in UTF-8`, {
      hint: "create a database with ENCODING 'UTF8' for the ledger",
      details: { ...place.details, encoding: found?.["encoding"] },
    });
  }
  const current = found["has_version"] === true ? Number((yield* row(version))?.["version"] ?? 0) : 0;
  return { hasSchema: found["has_schema"] === true, version: checkVersion(place, current) };
}

function* migrate(place: Place): Steps<void> {
  yield alone;
  const { hasSchema, version } = yield* foundVersion(place);
  if (version === migrations.length) return;
  if (!hasSchema) yield sql(`CREATE SCHEMA ${schema}`);
  if (version === 0) yield sql(`CREATE TABLE ${schema}.schema_version (version integer NOT NULL)`);
  for (const step of migrations.slice(version)) {
    for (const statement of step.split(";\n")) if (statement.trim() !== "") yield sql(statement);
  }
  yield sql(`DELETE FROM ${schema}.schema_version`);
  yield sql(`INSERT INTO ${schema}.schema_version VALUES (${migrations.length})`);
}

/** Changes the schema only where it has to: a user who may not do that can use a ledger that is up to date. */
const prepare = async (database: Database): Promise<void> => {
  const { place } = database;
  const { version } = await database.migrate(() => foundVersion(place));
  if (version < migrations.length) await database.migrate(() => migrate(place));
  await database.read(prune);
};

/** A ledger in a Postgres database, which many runs on many machines may share. */
export const openPostgresLedger = async (url: string, options: Required<LedgerOptions>): Promise<Ledger> => {
  const database = openDatabase(await loadDriver(), url, options);
  try {
    await prepare(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const { place, read, write, close } = database;
  const store: Store = {
    name: place.name,
    details: place.details,
    dialect,
    describe: async () => ({ schema: migrations.length, size: Number((await read(size))[0]?.["size"] ?? 0) }),
    read,
    write,
    close,
  };
  return createLedger(store, options);
};
