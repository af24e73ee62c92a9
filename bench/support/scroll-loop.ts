import { Agent, request } from "node:http";
import { createInterface } from "node:readline";

// A bare scroll loop in a process of its own: ADDRESS INDEX SIZE. Parses each page and does nothing else; once for each line
// that comes in, and prints its milliseconds.
const [address = "", index = "", size = ""] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

type Page = { readonly _scroll_id: string; readonly hits: { readonly hits: readonly unknown[] } };

const post = (path: string, value: object): Promise<Page> =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify(value);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    request(`${address}${path}`, { agent, method: "POST", headers })
      .on("error", reject)
      .on("response", (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => resolve(JSON.parse(Buffer.concat(parts).toString("utf8")) as Page));
      })
      .end(body);
  });

for await (const _ of createInterface({ input: process.stdin })) {
  const started = performance.now();
  let page = await post(`/${index}/_search?scroll=1m`, { size: Number(size), sort: ["_doc"] });
  while (page.hits.hits.length > 0) {
    page = await post("/_search/scroll", { scroll: "1m", scroll_id: page._scroll_id });
  }
  process.stdout.write(`${performance.now() - started}\n`);
}
agent.destroy();
