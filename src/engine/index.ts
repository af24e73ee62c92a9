export * from "./apply.ts";
export * from "./drift.ts";
export type { DeleteBudget } from "./guards.ts";
export { createIds } from "./ids.ts";
export { type Observed, observe } from "./observe.ts";
export { makePlan } from "./plan.ts";
export type { PlanInput, Policies, TenantInput } from "./plan-target.ts";
export * from "./recover.ts";
export type * from "./types.ts";
