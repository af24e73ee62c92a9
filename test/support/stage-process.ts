import { openData } from "../../src/service/data/open-data.ts";
import type { DataRow } from "../../src/service/data/types.ts";

/**
 * Imports into the dataset `a` of a data folder until it is killed, as a process of its own: ten batches of a hundred rows, then
 * they become visible, and again; `v` is the number of the round. Prints `round batch` after each commit.
 */
const [folder = ""] = process.argv.slice(2);
const data = openData(folder);

const rowsOf = (round: number, batch: number): readonly DataRow[] =>
  Array.from({ length: 100 }, (_, n) => ({
    _id: `${batch * 100 + n}`,
    properties: { v: round, [`p${round % 3}`]: "x".repeat(100), mixed: round % 2 === 0 ? n : `${n}` },
  }));

for (let round = 0; ; round++) {
  const stage = await data.stage("a", "job", { resume: false });
  for (let batch = 0; batch < 10; batch++) {
    await stage.append({ rows: rowsOf(round, batch), cursor: { round, batch } });
    process.stdout.write(`${round} ${batch}\n`);
  }
  await stage.finish({ keyed: true });
  process.stdout.write(`${round} 10\n`);
}
