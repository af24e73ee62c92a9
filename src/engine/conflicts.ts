import type { Change, Live } from "../contract/index.ts";
import type { Work, Written } from "./work.ts";

export const conflict = (message: string, fields?: Change["fields"]): Written => ({
  outcome: "conflict",
  ...(fields === undefined ? {} : { fields }),
  error: { code: "conflict", message, hint: "plan again: the newer live value was left as it is" },
});

export const movedSincePlan = (fields: Change["fields"]): Written => {
  const paths = (fields ?? []).map((field) => field.path.slice(1).replaceAll("/", "."));
  return conflict(`live moved since the plan${paths.length > 0 ? `: ${paths.join(", ")}` : ""}`, fields);
};

export const goneSincePlan = (id: string): Written => conflict(`it (${id}) was deleted on the target since the plan`);

export const cannotBeTold = (ids: readonly string[]): Written => {
  const message = `an interrupted run may have made one of these, which cannot be told apart: ${ids.join(", ")}`;
  const hint = "look at these objects, delete those that nobody uses, then plan again";
  return { outcome: "uncertain", error: { code: "uncertain", message, hint } };
};

/** What an interrupted create that nobody answered may have made, and is not as it was asked for. */
export const unequal = ({ change, intent }: Work, same: readonly Live[]): Written | undefined => {
  if (intent === undefined || intent.acked !== undefined) return undefined;
  if (intent.change.op !== "insert" && intent.change.op !== "replace") return undefined;
  const leftovers = [...(change.leftovers ?? []), ...(intent.change.leftovers ?? [])].map(({ id }) => id);
  const known = [...intent.seen, intent.change.id, change.id, ...leftovers];
  const ids = same.flatMap(({ id }) => (known.includes(id) ? [] : [id]));
  return ids.length === 0 ? undefined : cannotBeTold(ids);
};
