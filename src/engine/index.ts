export * from "./apply.ts";
export * from "./drift.ts";
export { type Observed, observe } from "./observe.ts";
export { makePlan } from "./plan.ts";
export type { Policies, TenantInput } from "./plan-target.ts";
export * from "./recover.ts";
export { type Move, type Renamed, renameEntries } from "./rename.ts";
export { remainingWait } from "./resume.ts";
export type * from "./types.ts";
