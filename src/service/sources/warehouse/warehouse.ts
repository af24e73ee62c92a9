import type { Json, Properties } from "../../../contract/index.ts";
import type { Column } from "../../data/types.ts";
import type { Problem } from "../../problem.ts";
import type { SourceConnection } from "../source-driver.ts";

/** A column of a result. */
export type WarehouseColumn = Column & {
  /** The type as the warehouse calls it. */
  readonly declared: string;
  /** SQL that makes a value of this type of the text bound at this position; undefined: the type has no order. */
  readonly bound: ((position: number) => string) | undefined;
};

export type WarehouseResult = {
  readonly columns: readonly WarehouseColumn[];
  /** In parts, as they arrive; one array a row, in the order of the columns. */
  readonly rows: AsyncIterator<readonly (readonly Json[])[]>;
  /** Rows that the statement changed. */
  readonly affected: number;
  /** `SELECT`, `INSERT`, … where the warehouse says it. */
  readonly statement?: string;
};

/** A login. Its members reject with the driver's own errors. */
export type WarehouseSession = {
  /** Does the least that shows that queries can be run; reads no data. */
  probe(): Promise<void>;
  /** The columns that a query gives, without running it. */
  describe(sql: string): Promise<readonly WarehouseColumn[]>;
  /** `values` are bound as text; `pageRows`: how many rows are wanted at once. */
  run(
    sql: string,
    options: { readonly values: readonly string[]; readonly pageRows: number },
  ): Promise<WarehouseResult>;
  /** `{columns, schema, table}`. */
  metadata(dataset: string): Promise<Properties>;
  /** The table as it stands in a query. Throws `bad_request` where it is no name. */
  table(dataset: string): string;
  /** Ends the statement that runs, if one does, and logs out. */
  close(): Promise<void>;
};

/** What differs between warehouses that speak SQL. */
export type Warehouse = {
  /** Logs in. Throws `Problem` for a configuration that cannot be meant. `signal`: the session is over. */
  open(connection: SourceConnection, signal: AbortSignal): Promise<WarehouseSession>;
  /** An identifier, quoted. */
  quote(name: string): string;
  /** What an error of the driver means. Its reason holds no secret, and the error itself is not kept: it may hold some. */
  explain(error: unknown, connection: SourceConnection): Problem;
};
