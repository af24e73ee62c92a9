import type { Readable } from "node:stream";
import type { Connection, RowStatement, StatementOption } from "snowflake-sdk";
import type { Json, Properties } from "../../../contract/index.ts";
import type { SourceConnection } from "../source-driver.ts";
import { nameParts } from "../warehouse/name-parts.ts";
import type { WarehouseResult, WarehouseSession } from "../warehouse/warehouse.ts";
import { type ReadColumn, readColumn } from "./columns.ts";
import { loadSnowflakeSdk } from "./load-sdk.ts";
import { loginOptions } from "./login-options.ts";

/** Rows that are handed on at once. */
const pageRows = 1_000;

/** The formats that values are read in; the driver fails without the one of binary values. */
const parameters = { BINARY_OUTPUT_FORMAT: "HEX", TIME_OUTPUT_FORMAT: "HH24:MI:SS.FF9" };

/** An identifier, quoted. */
export const quoteSnowflake = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Logs in. The login needs no warehouse that runs. */
export const openSnowflake = async (source: SourceConnection): Promise<WarehouseSession> => {
  const options = loginOptions(source);
  const sdk = await loadSnowflakeSdk();
  const connection = sdk.createConnection(options);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  let running: RowStatement | undefined;
  const execute = async (options: Omit<StatementOption, "complete">): Promise<RowStatement> => {
    const statement = await complete(connection, options, (started) => {
      running = started;
    });
    running = undefined;
    return statement;
  };

  return {
    probe: async () => undefined,
    describe: async (sql) => columnsOf(await execute({ sqlText: sql, describeOnly: true })),
    run: async (sql, { values }): Promise<WarehouseResult> => {
      const binds = values.length === 0 ? {} : { binds: values };
      const statement = await execute({ sqlText: sql, streamResult: true, parameters, ...binds });
      const columns = columnsOf(statement);
      return {
        columns,
        rows: pages(statement.streamRows(), columns),
        affected: Math.max(0, statement.getNumUpdatedRows() ?? 0),
      };
    },
    metadata: async (dataset) => {
      const read = (sqlText: string) => execute({ sqlText, streamResult: true, parameters });
      try {
        return await describedTable(dataset, source, await read(`DESCRIBE TABLE ${tableOf(dataset)}`));
      } catch (error) {
        // Clients of the API name the database where a table is asked for.
        if (!isDatabase(dataset, source)) throw error;
        return tablesOf(source, await read(listTables));
      }
    },
    table: tableOf,
    close: async () => {
      running?.cancel(() => undefined);
      await new Promise<void>((resolve) => {
        connection.destroy(() => resolve());
      });
    },
  };
};

const complete = (
  connection: Connection,
  options: Omit<StatementOption, "complete">,
  started: (statement: RowStatement) => void,
): Promise<RowStatement> =>
  new Promise((resolve, reject) => {
    const statement = connection.execute({
      ...options,
      complete: (error, completed) => (error ? reject(error) : resolve(completed)),
    });
    started(statement);
  });

const columnsOf = (statement: RowStatement): readonly ReadColumn[] => (statement.getColumns() ?? []).map(readColumn);

/** What has arrived, as JSON. */
async function* pages(
  rows: Readable,
  columns: readonly ReadColumn[],
): AsyncGenerator<readonly (readonly Json[])[], undefined> {
  let page: Json[][] = [];
  for await (const row of rows as AsyncIterable<readonly unknown[]>) {
    page.push(columns.map((column, index) => jsonOf(row[index], column)));
    if (page.length < pageRows) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

const jsonOf = (value: unknown, column: ReadColumn): Json =>
  value === null || value === undefined ? null : column.read(value);

/** A part without quotes stands for itself in upper case, as in Snowflake's SQL. */
const partsOf = (dataset: string): readonly string[] =>
  nameParts(dataset, '"', 3).map(({ text, quoted }) => (quoted ? text : text.toUpperCase()));

const tableOf = (dataset: string): string => partsOf(dataset).map(quoteSnowflake).join(".");

const listTables = `SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES
  WHERE TABLE_SCHEMA <> 'INFORMATION_SCHEMA' ORDER BY 1, 2 LIMIT 10000`;

const isDatabase = (dataset: string, { config }: SourceConnection): boolean =>
  dataset.toUpperCase() === String(config["database"]).toUpperCase();

const tablesOf = async ({ config }: SourceConnection, statement: RowStatement): Promise<Properties> => {
  const tables: Properties[] = [];
  for await (const [schema, name] of statement.streamRows() as AsyncIterable<readonly unknown[]>) {
    tables.push({ schema: String(schema), name: String(name) });
  }
  return { schema: String(config["schema"] ?? "PUBLIC"), tables };
};

const describedTable = async (
  dataset: string,
  { config }: SourceConnection,
  statement: RowStatement,
): Promise<Properties> => {
  const names = columnsOf(statement).map(({ name }) => name.toLowerCase());
  const [name, type, nullable] = ["name", "type", "null?"].map((column) => names.indexOf(column));
  const columns: Properties[] = [];
  for await (const row of statement.streamRows() as AsyncIterable<readonly unknown[]>) {
    const value = (index: number | undefined): string => String(row[index ?? -1] ?? "");
    columns.push({ name: value(name), type: value(type), nullable: value(nullable) !== "N" });
  }
  const [table = "", schema = String(config["schema"] ?? "PUBLIC")] = partsOf(dataset).toReversed();
  return { columns, schema, table };
};
