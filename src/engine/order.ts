import type { Change } from "../contract/index.ts";

/**
 * An order in which changes may be done and in which people like to read them: by wave, then tenant; what is made before
 * what is taken away; makers before users, users gone before what they used.
 */
export const orderChanges = (
  changes: readonly Change[],
  waves: readonly string[],
  kinds: readonly string[],
): readonly Change[] => {
  const waveOf = new Map(waves.map((wave, index) => [wave, index]));
  const kindOf = new Map(kinds.map((kind, index) => [kind, index]));
  const rank = (change: Change): readonly (number | string)[] => {
    const isGoing = change.op === "delete" || change.op === "forget";
    const kind = kindOf.get(change.kind) ?? kinds.length;
    return [
      change.wave === undefined ? waves.length : (waveOf.get(change.wave) ?? waves.length),
      change.tenant,
      isGoing ? 1 : 0,
      isGoing ? -kind : kind,
      change.entity._id,
      change.target,
    ];
  };
  return changes
    .map((change) => ({ change, rank: rank(change) }))
    .sort((a, b) => {
      for (const [index, left] of a.rank.entries()) {
        const right = b.rank[index];
        if (right === undefined || left === right) continue;
        return left < right ? -1 : 1;
      }
      return 0;
    })
    .map(({ change }) => change);
};
