import { openData } from "../../src/service/data/open-data.ts";
import type { DataRow, TextRows } from "../../src/service/data/types.ts";

/**
 * Imports into the dataset `a` of a data folder until it is killed, as a process of its own: ten batches of a hundred rows, then
 * they become visible, and again; `v` is the number of the round. Prints `round batch` after each commit. With `text` the
 * batches are text.
 */
const [folder = "", form] = process.argv.slice(2);
const data = openData(folder);

const rowsOf = (round: number, batch: number): readonly DataRow[] =>
  Array.from({ length: 100 }, (_, n) => ({
    _id: `${batch * 100 + n}`,
    properties: { v: round, [`p${round % 3}`]: "x".repeat(100), mixed: round % 2 === 0 ? n : `${n}` },
  }));

const textOf = (rows: readonly DataRow[]): TextRows => {
  const lines = rows.map(({ _id, properties }) => `${JSON.stringify({ _id, _source: properties })}\n`);
  const names = ["mixed", "v", ...Object.keys(rows[0]?.properties ?? {}).filter((name) => name.startsWith("p"))];
  const typeOf = (name: string) => (typeof rows[0]?.properties[name] === "number" ? "BIGINT" : "VARCHAR");
  return {
    lines: Buffer.from(lines.join("")),
    longest: Math.max(...lines.map((line) => line.length)),
    columns: names.map((name) => ({ name, type: typeOf(name) })),
    count: rows.length,
    size: 1,
  };
};

for (let round = 0; ; round++) {
  const stage = await data.stage("a", "job", { resume: false });
  for (let batch = 0; batch < 10; batch++) {
    const rows = rowsOf(round, batch);
    // Some of each: those that are text wait for the others.
    const isText = form === "text" && batch % 4 !== 3;
    await stage.append({ ...(isText ? { rows: [], text: textOf(rows) } : { rows }), cursor: { round, batch } });
    process.stdout.write(`${round} ${batch}\n`);
  }
  await stage.finish({ keyed: true });
  process.stdout.write(`${round} 10\n`);
}
