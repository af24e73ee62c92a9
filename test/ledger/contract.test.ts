import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type LedgerOptions, openLedger } from "../../src/ledger/index.ts";
import { noPostgres, type PostgresServer, postgresFolder, startPostgres } from "../support/postgres.ts";
import { skip } from "../support/skip.ts";
import { type LedgerHarness, ledgerContract } from "./contract.ts";

let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ledger-contract-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** `last` is the address of the ledger that was opened last, where others can see it. */
const onOurClock = (fresh: () => string, last?: () => string): LedgerHarness => {
  let passed = 0;
  const open = (address: string, options: Partial<LedgerOptions>) =>
    openLedger(address, { environment: "default", clock: () => Date.now() + passed, ...options });
  return {
    open: (options) => open(fresh(), options),
    ...(last === undefined ? {} : { again: (options) => open(last(), options) }),
    pass: async (ms) => {
      passed += ms;
    },
  };
};
ledgerContract(
  "memory",
  onOurClock(() => "memory:"),
);
const file = () => join(folder, `${count}.db`);
ledgerContract(
  "SQLite file",
  onOurClock(() => {
    count++;
    return file();
  }, file),
);

const bin = postgresFolder();
if (bin === undefined) {
  skip("the ledger contract, Postgres", noPostgres);
} else {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres(bin);
  });
  afterAll(() => server.remove());
  ledgerContract("Postgres", {
    open: (options) => openLedger(server.url(), { ...options, environment: `e${++count}` }),
    again: (options) => openLedger(server.url(), { environment: `e${count}`, ...options }),
    pass: async (ms) => void (await server.query(`UPDATE connector_deployer.tenant SET expires = expires - ${ms}`)),
  });
}
