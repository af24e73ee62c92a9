import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { createDatabase } from "../../src/service/data/database.ts";
import { openData } from "../../src/service/data/open-data.ts";
import { temporaryFolder } from "../support/service.ts";

it("what is reported as interrupted is not there, whenever the interrupt comes", async () => {
  const data = openData(temporaryFolder());
  onTestFinished(() => data.close());
  const never = new AbortController().signal;
  const write = (id: string, signal: AbortSignal) =>
    data.write("orders", (writer) => writer.insertRows([{ _id: id, properties: { a: 1 } }]), signal);
  const begun = performance.now();
  for (let round = 0; round < 5; round++) await write(`first-${round}`, never);
  const usual = (performance.now() - begun) / 5;
  const failed: string[] = [];
  for (let round = 0; round < 150; round++) {
    const gone = new AbortController();
    const id = `record-${round}`;
    const written = write(id, gone.signal).catch(() => failed.push(id));
    // Mostly near the end, where the commit is.
    await pause(usual * (0.3 + Math.random()));
    gone.abort(new Error("gone"));
    await written;
  }
  const there = await data.read(
    async (connection) => (await connection.runAndReadAll("SELECT _id FROM store.orders")).getRowsJson().flat(),
    never,
  );
  expect(failed.filter((id) => there.includes(id))).toEqual([]);
  expect(there).toHaveLength(155 - failed.length);
});

it("a database that gave up waiting keeps its file from the next one until its last query has ended", async () => {
  const folder = temporaryFolder();
  const first = createDatabase(folder, 100);
  await first.use((connection) => connection.run("CREATE TABLE kept AS SELECT repeat('a', 40_000) AS t"));
  let hasEnded = false;
  // One step of it takes seconds, and looks for no interrupt.
  const query = first.use((connection) => connection.run("SELECT levenshtein(t, reverse(t)) FROM kept"));
  const ended = query.then(
    () => "done",
    () => {
      hasEnded = true;
      return "interrupted";
    },
  );
  await pause(100);
  await first.close();
  expect(hasEnded).toBe(false);
  const second = createDatabase(folder);
  onTestFinished(() => second.close());
  const rows = await second.use(async (connection) => {
    expect(hasEnded).toBe(true);
    return (await connection.runAndReadAll("SELECT length(t) FROM kept")).getRowsJson();
  });
  expect(rows).toEqual([["40000"]]);
  expect(await ended).toBe("interrupted");
});
