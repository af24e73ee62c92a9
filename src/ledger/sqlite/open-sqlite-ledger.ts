import type { StatementSync } from "node:sqlite";
import { createLedger } from "../store/create-ledger.ts";
import type { Answer, Dialect, Statement, Steps, Store } from "../store/steps.ts";
import type { Ledger, LedgerOptions } from "../types.ts";
import { openDatabase } from "./database.ts";
import { migrations } from "./migrations.ts";

const size = { text: "SELECT page_count * page_size AS size FROM pragma_page_count, pragma_page_size", values: [] };

/** Whoever writes has the whole database: it begins with the write lock. */
const dialect: Dialect = { schema: "", now: "now_ms()", lock: "", share: "" };

/** A ledger in an SQLite file, or in memory only with the path `:memory:`. */
export const openSqliteLedger = async (path: string, options: Required<LedgerOptions>): Promise<Ledger> => {
  const { connection, run, transaction } = await openDatabase(path, options);
  connection.function("now_ms", () => BigInt(Math.trunc(options.clock())));

  const prepared = new Map<string, { readonly statement: StatementSync; readonly isQuery: boolean }>();
  const prepare = (text: string) => {
    const statement = connection.prepare(text);
    const made = { statement, isQuery: statement.columns().length > 0 };
    prepared.set(text, made);
    return made;
  };
  const answer = ({ text, values }: Statement): Answer => {
    const { statement, isQuery } = prepared.get(text) ?? prepare(text);
    if (isQuery) return { rows: statement.all(...values), changes: 0 };
    return { rows: [], changes: Number(statement.run(...values).changes) };
  };
  const drive = <T>(steps: Steps<T>): T => {
    let step = steps.next();
    while (step.done !== true) step = steps.next(answer(step.value));
    return step.value;
  };

  const store: Store = {
    name: path,
    details: { path },
    dialect,
    describe: async () => ({ schema: migrations.length, size: Number(run(() => answer(size).rows[0]?.["size"])) }),
    read: async (statement) => run(() => answer(statement).rows),
    write: async (work) => transaction(() => drive(work())),
    close: async () => connection.close(),
  };
  return createLedger(store, options);
};
