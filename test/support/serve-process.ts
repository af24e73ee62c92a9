import { serve } from "../../src/service/index.ts";

// A service in a process of its own: prints its URL, and what it is told to report.
const [dataDir, imports] = process.argv.slice(2);
if (dataDir === undefined) throw new Error("usage: serve-process DATA_DIR [idle]");
const credentials = { accessKey: "IAK_TEST", secretKey: "test-secret-key" };
const server = await serve({ dataDir, credentials, runImports: imports !== "idle" });
process.stdout.write(`${server.url}\n`);
process.once("SIGTERM", () => void server.close());
