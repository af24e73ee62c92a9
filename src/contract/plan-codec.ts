import { digest } from "../canonical.ts";
import { DeployerError } from "../errors.ts";
import type { Json } from "./json.ts";
import { isObject } from "./json.ts";
import type { Plan } from "./plan.ts";
import { emptySummary } from "./plan.ts";

/** Digest of everything in a plan but its time and the digest itself. */
export const planDigest = (plan: Omit<Plan, "digest" | "createdAt"> & Partial<Plan>): string => {
  const { createdAt: _, digest: __, ...rest } = plan;
  return digest(rest);
};

/** A plan with the digest that fits it. */
export const sealPlan = (plan: Plan): Plan => ({ ...plan, digest: planDigest(plan) });

/** The text of a plan file: JSON, two spaces, a newline at the end. */
export const formatPlan = (plan: Plan): string => `${JSON.stringify(plan, null, 2)}\n`;

const isText = (value: unknown): boolean => typeof value === "string";

const isChange = (value: Json): boolean =>
  isObject(value) &&
  ["tenant", "target", "kind", "op"].every((name) => isText(value[name])) &&
  ["id", "from", "resumes", "updatedAt"].every((name) => value[name] === undefined || isText(value[name])) &&
  (value["leftovers"] === undefined || (Array.isArray(value["leftovers"]) && value["leftovers"].every(isLeftover))) &&
  (value["trusted"] === undefined || value["trusted"] === true) &&
  isObject(value["entity"]) &&
  isText(value["entity"]["_id"]) &&
  Array.isArray(value["dependsOn"]) &&
  value["dependsOn"].every(isText) &&
  (value["fields"] === undefined || (Array.isArray(value["fields"]) && value["fields"].every(isField))) &&
  ["marks", "duplicates"].every((name) => {
    const list = value[name];
    return list === undefined || (Array.isArray(list) && list.every(isText));
  });

const isLeftover = (value: Json): boolean =>
  isObject(value) &&
  isText(value["id"]) &&
  isObject(value["basedOn"]) &&
  (value["updatedAt"] === undefined || isText(value["updatedAt"]));

const isField = (value: Json): boolean => isObject(value) && isText(value["path"]) && isText(value["class"]);

const isRendered = (value: Json): boolean =>
  isObject(value) && ["tenant", "type", "_id"].every((name) => isText(value[name]));

/** The name of a member that a plan must have and this one has not, or has in another form. */
const wrongMember = (plan: { readonly [key: string]: Json }): string | undefined => {
  const lists = ["changes", "prunable", "findings", "refusals"] as const;
  const wrongList = lists.find((name) => {
    const list = plan[name];
    if (!Array.isArray(list)) return true;
    return name === "changes" || name === "prunable" ? !list.every(isChange) : !list.every(isObject);
  });
  if (wrongList !== undefined) return wrongList;
  const { rendered, summary, targets, tenants } = plan;
  if (rendered !== undefined && (!Array.isArray(rendered) || !rendered.every(isRendered))) return "rendered";
  if (!isObject(targets) || !Object.values(targets).every(isObject)) return "targets";
  if (!isObject(tenants) || !Object.values(tenants).every(isObject)) return "tenants";
  if (!isObject(summary) || !Object.keys(emptySummary).every((name) => typeof summary[name] === "number"))
    return "summary";
  return ["tool", "createdAt", "environment", "digest"].find((name) => !isText(plan[name]));
};

const hint = "make it again with: connector-deployer plan --out plan.json";

/** Reads a plan file. Throws `invalid-plan` where it is not one, is of another version, or was changed by hand. */
export const parsePlan = (text: string): Plan => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DeployerError("invalid-plan", "the plan file is not JSON", { hint, cause });
  }
  if (!isObject(value) || value["type"] !== "plan") {
    throw new DeployerError("invalid-plan", 'the file is not a plan: its "type" is not "plan"', { hint });
  }
  if (value["schemaVersion"] !== 1) {
    const found = JSON.stringify(value["schemaVersion"]);
    throw new DeployerError("invalid-plan", `the plan has schemaVersion ${found}; this version reads 1`, { hint });
  }
  const wrong = wrongMember(value);
  if (wrong !== undefined) {
    throw new DeployerError("invalid-plan", `the plan's "${wrong}" is missing or not what a plan holds`, { hint });
  }
  const plan = value as unknown as Plan;
  if (planDigest(plan) !== plan.digest) {
    throw new DeployerError("invalid-plan", "the plan was changed after it was made: its digest does not fit", {
      hint,
    });
  }
  return plan;
};
