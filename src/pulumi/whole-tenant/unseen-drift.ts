import type { Change, Plan } from "../../contract/index.ts";
import { address, segments } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { SeenDrift } from "./state.ts";

const dotted = (path: string): string => segments(path).join(".");

const unseenIn = (change: Change, seen: SeenDrift, isResuming: boolean): readonly string[] => {
  const name = address(change.kind, change.entity._id);
  const known = seen[name];
  // What an interrupted run took away itself looks the same.
  if (change.marks?.includes("vanished") === true) return known?.gone === true || isResuming ? [] : [`${name} (gone)`];
  const moved = (change.fields ?? []).filter((field) => field.class === "drift" || field.class === "both");
  const news = moved.map((field) => dotted(field.path)).filter((path) => known?.fields.includes(path) !== true);
  if (news.length > 0) return [`${name} (${news.join(", ")})`];
  return change.marks?.includes("drift") === true && known === undefined ? [name] : [];
};

/** Refuses a plan that would set back or delete what somebody else changed since the last refresh. */
export const refuseUnseenDrift = (plan: Plan, seen: SeenDrift, isResuming: boolean): void => {
  const unseen = plan.changes.flatMap((change) => unseenIn(change, seen, isResuming));
  if (unseen.length === 0) return;
  const more = unseen.length > 10 ? ` and ${unseen.length - 10} more` : "";
  throw new DeployerError(
    "blocked",
    `the target was changed since the last refresh: ${unseen.slice(0, 10).join("; ")}${more}; nothing was written`,
    { hint: "run `pulumi refresh` and look at it, then `pulumi up`; or set overwriteDrift: true" },
  );
};
