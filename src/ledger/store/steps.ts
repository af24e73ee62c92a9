import type { LedgerFacts } from "../types.ts";

export type Value = string | number | null;

/** One SQL statement; values are bound in the order of the question marks. */
export type Statement = { readonly text: string; readonly values: readonly Value[] };

export type Row = { readonly [column: string]: unknown };

export type Answer = { readonly rows: readonly Row[]; readonly changes: number };

/**
 * Work on a database, one statement at a time, whose answers come at once or later. A driver may run it again from its
 * start, where the database asks for that; so it changes nothing but what it made itself.
 */
export type Steps<T> = Generator<Statement, T, Answer>;

export function* rows(statement: Statement): Steps<readonly Row[]> {
  return (yield statement).rows;
}

export function* row(statement: Statement): Steps<Row | undefined> {
  return (yield statement).rows[0];
}

export function* changes(statement: Statement): Steps<number> {
  return (yield statement).changes;
}

/** What a driver gives. Every error that leaves it is a `DeployerError`. */
export type Store = {
  /** As messages name it; holds no secret. */
  readonly name: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly dialect: Dialect;
  describe(): Promise<LedgerFacts>;
  read(statement: Statement): Promise<readonly Row[]>;
  /** One durable transaction, which sees no half of another one. */
  write<T>(work: () => Steps<T>): Promise<T>;
  close(): Promise<void>;
};

export type Dialect = {
  /** Before each table's name. */
  readonly schema: string;
  /** The store's clock as an expression: milliseconds since the epoch. */
  readonly now: string;
  /** After a SELECT: nobody else changes these rows, or locks them so, until the transaction ends. */
  readonly lock: string;
  /** As `lock`, but others may do the same. */
  readonly share: string;
};
