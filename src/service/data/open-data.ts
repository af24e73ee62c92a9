import { join } from "node:path";
import { createDatabase } from "./database.ts";
import { sweepPages } from "./held-pages.ts";
import { createQueue } from "./queue.ts";
import { dropDataset, openStage, releaseStage } from "./stage.ts";
import { readColumns } from "./tables.ts";
import { createTally } from "./tally.ts";
import type { DataStore } from "./types.ts";
import { createWriter } from "./writer.ts";

/** `dataDir`: the service's data folder; undefined: in memory, with a temporary folder for files on their way. */
export const openData = (dataDir: string | undefined): DataStore => {
  const database = createDatabase(dataDir);
  const queue = createQueue();
  const tally = createTally(database);
  const staging = { database, queue, changed: tally.changed };
  return {
    count: tally.count,
    counts: tally.counts,
    size: tally.size,
    columns: async (dataset) => {
      if (!database.holdsSomething()) return [];
      return (await database.use((connection) => readColumns(connection, dataset))) ?? [];
    },
    read: (work, signal) => database.transact("BEGIN TRANSACTION READ ONLY", work, signal),
    write: (dataset, work, signal) =>
      queue(dataset, async () => {
        const result = await database.transact(
          "BEGIN",
          async (connection) => {
            const writer = createWriter(connection, dataset, database.uploads());
            const given = await work(writer);
            await writer.finish();
            return given;
          },
          signal,
        );
        tally.changed(dataset);
        return result;
      }),
    drop: async (dataset) => {
      await dropDataset(staging, dataset);
      tally.changed(dataset);
    },
    stage: (dataset, owner, { resume }) => openStage(staging, dataset, owner, resume),
    sweep: (owners) => {
      if (dataDir !== undefined) sweepPages(join(dataDir, "pages"), owners);
    },
    release: (owner) => releaseStage(staging, owner),
    uploads: async () => database.uploads(),
    close: database.close,
  };
};
