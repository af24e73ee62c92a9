/** Argument: the data folder. Widens columns of datasets and of a stage in every way, and is killed without closing. */

import type { Json } from "../../src/contract/index.ts";
import { openData } from "../../src/service/data/open-data.ts";
import type { Column } from "../../src/service/data/types.ts";

const [, , folder = ""] = process.argv;
const data = openData(folder);
const never = new AbortController().signal;

const put = (dataset: string, v: Json, type?: Column["type"]) =>
  data.write(
    dataset,
    (writer) => writer.insertRows([{ properties: { v } }], type === undefined ? undefined : [{ name: "v", type }]),
    never,
  );

await put("text", "a");
await put("text", 1);
await put("number", 1);
await put("number", 1.5);
await put("number", "x");
await put("time", "2026-01-02", "DATE");
await put("time", "2026-01-02T03:04:05", "TIMESTAMP");
await put("time", "soon");
await put("added", 1);
await data.write("added", (writer) => writer.insertRows([{ properties: { w: [1] } }]), never);
const stage = await data.stage("staged", "job", { resume: true });
await stage.append({ rows: [{ _id: "1", properties: { v: "a" } }], cursor: 1 });
await stage.append({ rows: [{ _id: "2", properties: { v: { b: 1 } } }], cursor: 2 });
if (process.argv[3] === "alter") {
  await data.write(
    "text",
    async ({ connection }) => {
      await connection.run(`ALTER TABLE store."text" ALTER v TYPE VARCHAR USING CAST(to_json(v) AS VARCHAR)`);
    },
    never,
  );
}
process.kill(process.pid, "SIGKILL");
