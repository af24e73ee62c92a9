import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { openLedger } from "../../src/ledger/index.ts";
import { ledgerContract } from "./contract.ts";

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ledger-contract-"));
});
afterAll(() => rm(folder, { recursive: true }));

ledgerContract("memory", (options) => openLedger("memory:", options));
ledgerContract("SQLite file", (options) => openLedger(join(folder, `${count++}.db`), options));
