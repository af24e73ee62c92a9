import type { Refusal } from "../contract/index.ts";
import { printable } from "./escape.ts";
import { genericText } from "./generic.ts";
import type { Style } from "./style.ts";
import { counted, listed } from "./words.ts";

const mostResources = 5;
const mostTenants = 3;
const mostGroups = 20;

type Group = { readonly refusal: Refusal; readonly tenants: string[]; readonly resources: string[] };

/** Guards that refused, the whole run's first; the same refusal of many tenants is one. Each says what to do. */
export const refusalLines = (refusals: readonly Refusal[], style: Style, detail: boolean): string[] => {
  const groups = new Map<string, Group>();
  for (const refusal of refusals) {
    const tenant = refusal.tenant;
    const wording = (text: string): string => (tenant === undefined || detail ? text : genericText(tenant, text));
    const key = JSON.stringify([refusal.guard, tenant === undefined, wording(refusal.message), wording(refusal.hint)]);
    const group = groups.get(key) ?? { refusal, tenants: [], resources: [] };
    groups.set(key, group);
    if (tenant !== undefined) group.tenants.push(tenant);
    for (const resource of refusal.resources) group.resources.push(resource);
  }
  const whole = ({ refusal }: Group): number => (refusal.tenant === undefined ? 0 : 1);
  const sorted = [...groups.values()].sort((a, b) => whole(a) - whole(b));
  const shown = detail ? sorted : sorted.slice(0, mostGroups);
  const rest = sorted.length - shown.length;
  return shown
    .flatMap(({ refusal, tenants, resources }) => {
      const several = tenants.length > 1;
      const text = (original: string): string =>
        printable(several ? genericText(refusal.tenant ?? "", original) : original);
      const who =
        refusal.tenant === undefined
          ? "the whole run is refused, nothing is written"
          : `${several ? `${counted(tenants.length, "tenant")} (${printable(listed(tenants, mostTenants))}) are` : `tenant ${printable(refusal.tenant)} is`} refused, nothing of ${several ? "theirs" : "its own"} is written`;
      return [
        `${style.red("!")} ${style.bold(who)} (${refusal.guard})`,
        `    ${text(refusal.message)}`,
        ...(resources.length === 0
          ? []
          : [`    ${style.dim(printable(listed(resources, detail ? Infinity : mostResources)))}`]),
        `    ${style.cyan("what to do:")} ${text(refusal.hint)}`,
      ];
    })
    .concat(rest === 0 ? [] : [style.dim(`  and ${counted(rest, "more refusal")}`)]);
};
