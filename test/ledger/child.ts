// A process that holds a lease until it is killed: `node child.ts LEDGER TENANT`. Prints one line when it has.
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { base, change } from "./support.ts";

const [path = "", tenant = ""] = process.argv.slice(2);
const ledger = await openLedger(path, { environment: "default" });
const run = `run-of-${process.pid}`;
try {
  const lease = await ledger.lease(tenant, localHolder(run));
  await ledger.put(lease, base({ tenant, _id: "kept" }));
  const changes = Array.from({ length: 100 }, (_, index) => change({ tenant, _id: `c${index}` }));
  await ledger.intend(
    lease,
    run,
    changes.map((change) => ({ change, seen: [] })),
  );
  for (const change of changes.slice(0, 1)) await ledger.acked(lease, change, "new");
  process.stdout.write("held\n");
  setInterval(() => {}, 1_000);
} catch (error) {
  process.stdout.write(`${(error as { code?: string }).code}\n`);
}
