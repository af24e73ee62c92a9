import type { dynamic } from "@pulumi/pulumi";
import type { Properties } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { isUnknown, unknownPaths, unknownText } from "../lifecycle/unknown.ts";
import { argumentFailures, completed, placeOf, setOf } from "./arguments.ts";
import { cleaner } from "./failure.ts";
import type { Session } from "./session.ts";
import { diagnosticLine, errorText, invalidFiles } from "./wording.ts";

const propertyOf = (error: unknown): string =>
  error instanceof DeployerError && error.code === "usage" && /tenant/.test(error.message) ? "tenant" : "project";

/**
 * Checks the arguments and the tenant's files, and adds the digest of what they ask for. Reads files and, where the key of
 * the ledger's fingerprints is in a file, the ledger beside it; sends nothing.
 */
export const check = async (session: Session, news: Properties): Promise<dynamic.CheckResult> => {
  const { dir } = session.rim;
  const inputs = completed(dir, news);
  const failures = argumentFailures(inputs);
  if (failures.length > 0) return { inputs, failures: [...failures] };
  const place = placeOf(inputs);
  const set = setOf(inputs);
  const isOpen = isUnknown(inputs["set"]) || unknownPaths(set).length > 0 || Object.values(place).some(isUnknown);
  if (isOpen) return { inputs: { ...inputs, desired: unknownText }, failures: [] };
  try {
    const asked = await session.withProject(place, undefined, (project) => project.desiredDigest(place.tenant, set));
    return { inputs: { ...inputs, desired: asked.digest }, failures: [] };
  } catch (error) {
    const clean = cleaner(dir, [inputs]);
    const lines = invalidFiles(error).map(diagnosticLine);
    const reasons = lines.length > 0 ? lines : [errorText(error)];
    const property = propertyOf(error);
    return { inputs, failures: reasons.map((reason) => ({ property, reason: clean(reason) })) };
  }
};
