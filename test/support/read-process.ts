// Reads all records of an index with the driver for search sources, and prints how many they are, the sum of their `n`
// and the most memory that this process ever took. Arguments: the server's address and the index.
import { searchDriver } from "../../src/service/sources/search.ts";

const [base_url = "", dataset = ""] = process.argv.slice(2);
const request = { dataset, resumable: true, batchRows: 5_000, batchBytes: 2 * 1024 * 1024 };
const connection = { source: "opensearch", auth: "none", config: { base_url } };
let [rows, sum, largest] = [0, 0, 0];
for await (const batch of searchDriver.read(connection, request, new AbortController().signal)) {
  rows += batch.rows.length;
  largest = Math.max(largest, batch.rows.length);
  for (const row of batch.rows) sum += Number(row.properties["n"]);
}
process.stdout.write(JSON.stringify({ rows, sum, largest, kilobytes: process.resourceUsage().maxRSS }));
