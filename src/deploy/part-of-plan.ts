import type { Plan } from "../contract/index.ts";
import { countPlanned } from "../contract/index.ts";
import { checkSelection, idMatcher } from "./selection.ts";
import type { ApplyOptions } from "./types.ts";

/**
 * The part of a plan that is about some tenants or one wave; what else the plan holds is neither checked nor done. Its
 * digest stays the plan's, so that parts of one plan belong together. Throws `usage` for what the plan does not have.
 */
export const partOfPlan = (
  plan: Plan,
  { tenants, wave }: Pick<ApplyOptions, "tenants" | "wave">,
  waves: readonly string[],
): Plan => {
  if ((tenants === undefined || tenants.length === 0) && wave === undefined) return plan;
  checkSelection(
    { ...(tenants === undefined ? {} : { tenants }), ...(wave === undefined ? {} : { wave }) },
    Object.keys(plan.tenants),
    waves,
  );
  const matches = idMatcher(tenants);
  const changes = plan.changes.filter(
    (change) => matches(change.tenant) && (wave === undefined || change.wave === wave),
  );
  const isIn = wave === undefined ? matches : (id: string) => changes.some((change) => change.tenant === id);
  const chosen = new Set(Object.keys(plan.tenants).filter(isIn));
  const findings = plan.findings.filter(({ tenant }) => tenant === undefined || chosen.has(tenant));
  return {
    ...plan,
    tenants: Object.fromEntries(Object.entries(plan.tenants).filter(([id]) => chosen.has(id))),
    changes,
    prunable: plan.prunable.filter((change) => chosen.has(change.tenant)),
    findings,
    refusals: plan.refusals.filter(({ tenant }) => tenant === undefined || chosen.has(tenant)),
    ...(plan.rendered === undefined ? {} : { rendered: plan.rendered.filter(({ tenant }) => chosen.has(tenant)) }),
    // What is equal is counted for the whole plan alone.
    summary: { ...countPlanned(changes, findings), tenants: chosen.size },
  };
};
