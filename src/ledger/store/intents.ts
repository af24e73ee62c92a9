import type { Change, Outcome } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { Intent } from "../types.ts";
import { type LedgerStatements, mostIntents } from "./statements.ts";
import { changes, type Steps } from "./steps.ts";

/** Who writes the journal: a run, under a lease's epoch. */
export type Author = {
  readonly sql: LedgerStatements;
  readonly environment: string;
  readonly run: string;
  readonly epoch: number;
};

const addressOf = ({ environment }: Author, change: Change) =>
  [environment, change.tenant, change.target, change.kind, change.entity._id] as const;

export function* intend(author: Author, run: string, intents: readonly Intent[]): Steps<void> {
  for (let start = 0; start < intents.length; start += mostIntents) {
    const values = intents.slice(start, start + mostIntents).map(({ change, seen }) => {
      const evidence = [JSON.stringify(change), JSON.stringify(seen)] as const;
      return [...addressOf(author, change), change.op, run, author.epoch, ...evidence];
    });
    yield author.sql.intend(values);
  }
}

export function* touch(author: Author, change: Change): Steps<void> {
  yield author.sql.touch(...addressOf(author, change), author.epoch);
}

export function* acknowledge(author: Author, change: Change, id: string): Steps<void> {
  if ((yield* changes(author.sql.acked(id, ...addressOf(author, change)))) > 0) return;
  throw new DeployerError("internal", `${change.kind}/${change.entity._id} was acknowledged without an intent`);
}

export function* settleIntents(
  author: Author,
  change: Change,
  outcome: Outcome,
  reason: string | undefined,
): Steps<void> {
  const { sql, run, epoch } = author;
  const address = addressOf(author, change);
  const why = reason ?? null;
  const leave = outcome === "uncertain";
  const how = leave ? ([why] as const) : ([outcome, why] as const);
  const own = yield* changes((leave ? sql.leaveOwn : sql.settleOwn)(...how, ...address, epoch));
  if (own > 0 && outcome !== "done") return;
  const all = yield* changes((leave ? sql.leaveAll : sql.settleAll)(...how, ...address));
  if (own > 0) return;
  const stays = leave && all === 0;
  const evidence = stays ? ([JSON.stringify(change), "[]"] as const) : ([null, null] as const);
  yield sql.record(...address, change.op, run, epoch, ...evidence, outcome, why, stays ? 1 : 0);
}
