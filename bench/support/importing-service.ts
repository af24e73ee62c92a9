import { serve } from "../../src/service/index.ts";
import { credentials } from "./credentials.ts";

// The local service in a process of its own, whose import jobs run: prints its URL.
const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error("usage: importing-service DATA_DIR");
const { INFINO_ACCESS_KEY: accessKey, INFINO_SECRET_KEY: secretKey } = credentials;
const server = await serve({ dataDir, credentials: { accessKey, secretKey } });
process.stdout.write(`${server.url}\n`);
process.once("SIGTERM", () => void server.close());
