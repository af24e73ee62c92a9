import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { PoolClient } from "pg";
import { DeployerError } from "../../errors.ts";
import type { Answer, Row, Statement, Steps } from "../store/steps.ts";
import type { Driver } from "./driver.ts";
import { isBlocked, isCommittedBefore, isLost, isRepeatable, placeError } from "./errors.ts";
import { schema } from "./migrations.ts";
import { type Place, placeOf } from "./place.ts";

/** Milliseconds to wait before each further attempt: long enough for a server that is started anew. */
const pauses = [50, 150, 400, 1_000, 2_000, 3_000];
const times = { connect: 5_000, statement: 20_000, idleInTransaction: 30_000, answer: 30_000 };

const nothing = (): void => undefined;

export type DatabaseOptions = {
  readonly durability: "normal" | "full";
  /** Milliseconds to wait for what another transaction holds. */
  readonly busyTimeout: number;
};

/** A pool of connections; none of them carries anything from one transaction to the next, so that a pooler may stand before the server. */
export type Database = {
  readonly place: Place;
  read(statement: Statement): Promise<readonly Row[]>;
  /** One transaction, done again where the server or the network asks for it, and never twice. */
  write<T>(work: () => Steps<T>): Promise<T>;
  /** As `write`, for what is harmless when it is done twice, on a database that has no tables yet. */
  migrate<T>(work: () => Steps<T>): Promise<T>;
  close(): Promise<void>;
};

/** `?` → `$1`; no text of ours has a question mark of its own. */
const numbered = (): ((text: string) => string) => {
  const known = new Map<string, string>();
  return (text) => {
    let made = known.get(text);
    if (made === undefined) {
      let count = 0;
      made = text.replaceAll("?", () => `$${++count}`);
      known.set(text, made);
    }
    return made;
  };
};

/** Opens no connection yet. */
export const openDatabase = ({ Pool, Client }: Driver, url: string, options: DatabaseOptions): Database => {
  const place = placeOf({ Pool, Client }, url);
  const pool = new Pool({
    connectionString: url,
    max: 4,
    connectionTimeoutMillis: times.connect,
    idleTimeoutMillis: 30_000,
    query_timeout: times.answer,
    keepAlive: true,
    allowExitOnIdle: true,
    fallback_application_name: "connector-deployer",
  });
  // An idle connection that breaks is replaced when the next one is needed.
  pool.on("error", nothing);
  const text = numbered();
  let isReached = false;
  let isClosed = false;

  /**
   * Before the server has answered, nothing is worth waiting for: the address may be wrong. Nor after it was waited for
   * in vain, until it answers again.
   */
  const repeatedly = async <T>(attempt: () => Promise<T>, mayWait: (error: unknown) => boolean): Promise<T> => {
    for (const wait of [...pauses, undefined]) {
      if (isClosed) throw new DeployerError("internal", `the ledger ${place.name} is closed`);
      try {
        const value = await attempt();
        isReached = true;
        return value;
      } catch (error) {
        if (wait === undefined && isLost(error)) isReached = false;
        if (wait === undefined || !isReached || !mayWait(error)) throw placeError(error, place);
        await pause(wait * (0.5 + Math.random()));
      }
    }
    throw new DeployerError("internal", "an attempt neither ended nor failed");
  };

  const ask = async (client: Pick<PoolClient, "query">, { text: sql, values }: Statement): Promise<Answer> => {
    const { rows, rowCount } = await client.query<Record<string, unknown>>(text(sql), [...values]);
    return { rows, changes: rowCount ?? 0 };
  };

  const settings = [
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    `SET LOCAL statement_timeout = ${times.statement}`,
    `SET LOCAL lock_timeout = ${Math.max(1, Math.trunc(options.busyTimeout))}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${times.idleInTransaction}`,
    ...(options.durability === "full" ? ["SET LOCAL synchronous_commit = on"] : []),
  ];

  /** Gives the connection back as it was, or not at all. */
  const transaction = async <T>(
    first: readonly string[],
    work: () => Steps<T>,
    committing: (value: T) => void,
  ): Promise<T> => {
    const client = await pool.connect();
    // A connection that breaks says so here too, beside the query that fails.
    client.on("error", nothing);
    let isClean = false;
    try {
      await client.query([...settings, ...first].join("; "));
      const steps = work();
      let step = steps.next();
      while (step.done !== true) step = steps.next(await ask(client, step.value));
      committing(step.value);
      const { command } = await client.query("COMMIT");
      if (command !== "COMMIT") throw new DeployerError("internal", `the ledger ${place.name} took a write back`);
      isClean = true;
      return step.value;
    } catch (error) {
      const rolledBack = isLost(error) ? Promise.reject(error) : client.query("ROLLBACK");
      isClean = await rolledBack.then(
        () => true,
        () => false,
      );
      throw error;
    } finally {
      client.off("error", nothing);
      client.release(!isClean);
    }
  };

  return {
    place,
    read: (statement) => repeatedly(async () => (await ask(pool, statement)).rows, isRepeatable),
    migrate: (work) => repeatedly(() => transaction([], work, () => undefined), isRepeatable),

    write: async <T>(work: () => Steps<T>): Promise<T> => {
      // Each attempt begins with the same token: while an earlier attempt may still commit, this one waits for it, and
      // fails on the token where it did.
      const token = `INSERT INTO ${schema}.commit_token (token) VALUES ('${randomUUID()}')`;
      let sent: { readonly value: T } | undefined;
      const attempt = async (): Promise<T> => {
        try {
          return await transaction([token], work, (value) => {
            sent = { value };
          });
        } catch (error) {
          if (sent !== undefined && isCommittedBefore(error)) return sent.value;
          throw error;
        }
      };
      return repeatedly(attempt, (error) => isRepeatable(error) || (sent !== undefined && isBlocked(error)));
    },

    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await pool.end();
    },
  };
};
