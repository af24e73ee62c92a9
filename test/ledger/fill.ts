// Writes to a ledger until its disk is full: `node fill.ts LEDGER`. Prints one JSON line.
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import { base } from "./support.ts";

const [path = ""] = process.argv.slice(2);
const result: Record<string, unknown> = {};
{
  await using ledger = await openLedger(path, { environment: "default" });
  await using lease = await ledger.lease("t1", localHolder("run-1"));
  let written = 0;
  try {
    for (; written < 10_000; written++) await ledger.put(lease, base({ _id: `c${written}` }));
  } catch (error) {
    const { code, message, hint } = error as { code?: string; message: string; hint?: string };
    Object.assign(result, { code, message, hint });
  }
  result["complete"] = (await ledger.entries("t1")).length === written && written > 0;
}
process.stdout.write(`${JSON.stringify(result)}\n`);
