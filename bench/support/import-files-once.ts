// Usage: node bench/support/import-files-once.ts csv|json|jsonl FILE FOLDER
// DuckDB's own way: reads a file into a table of a new database, with the threads that the service has, and prints the
// milliseconds. The table is durable as the service's is: in a database file, committed. Storage has DuckDB's own
// settings; the service spends less on compressing texts.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

const [format = "", file = "", folder = ""] = process.argv.slice(2);
const instance = await DuckDBInstance.create(join(folder, "bare.duckdb"), {
  threads: String(Math.min(4, availableParallelism())),
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
});
const connection = await instance.connect();
const started = performance.now();
await connection.run(`CREATE TABLE t AS SELECT * FROM ${format === "csv" ? "read_csv" : "read_json"}('${file}')`);
const milliseconds = performance.now() - started;
connection.closeSync();
instance.closeSync();
console.log(milliseconds);
