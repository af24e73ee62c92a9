import { digest } from "../canonical.ts";
import { DeployerError } from "../errors.ts";
import { isObject } from "./json.ts";
import type { Plan } from "./plan.ts";

/** Digest of everything in a plan but its time and the digest itself. */
export const planDigest = (plan: Omit<Plan, "digest" | "createdAt"> & Partial<Plan>): string => {
  const { createdAt: _, digest: __, ...rest } = plan;
  return digest(rest);
};

/** The text of a plan file: JSON, two spaces, a newline at the end. */
export const formatPlan = (plan: Plan): string => `${JSON.stringify(plan, null, 2)}\n`;

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
  // The digest proves that it is what we once wrote, so its members need no second check.
  const plan = value as unknown as Plan;
  if (planDigest(plan) !== plan.digest) {
    throw new DeployerError("invalid-plan", "the plan was changed after it was made: its digest does not fit", {
      hint,
    });
  }
  return plan;
};
