import type { Json } from "../../../contract/index.ts";
import { Problem } from "../../problem.ts";
import type { SourceConnection, SourceLimits } from "../source-driver.ts";
import { datasetPath } from "./dataset-path.ts";
import { parseSearch } from "./import-query.ts";
import { openServer } from "./server.ts";

/** One search, answered as the server does. */
export const query = async (
  connection: SourceConnection,
  dataset: string,
  text: string,
  limits: SourceLimits,
  signal: AbortSignal,
): Promise<Json> => {
  const path = `${datasetPath(dataset)}/_search`;
  const { size } = parseSearch(text);
  if (typeof size === "number" && size > limits.rows) {
    throw new Problem("result_too_large", `the query asks for ${size} records; at most ${limits.rows} are answered`);
  }
  const server = openServer(connection);
  try {
    // As it was written: digits that JavaScript cannot hold are kept.
    const { value } = await server.ask(path, { method: "POST", body: text, most: limits.bytes }, signal);
    return value;
  } finally {
    server.close();
  }
};
