import type { Properties } from "../../contract/index.ts";
import type { ApplyReport, Project } from "../../deploy/index.ts";
import { DeployerError } from "../../errors.ts";
import { type Place, placeOf, planOptions, setOf } from "./arguments.ts";
import { PartialFailure } from "./failure.ts";
import { unresolvedText } from "./plan-text.ts";
import { refuseStrangeLedger } from "./refuse-strange-ledger.ts";
import { bounds, type Session } from "./session.ts";
import { driftIn, type Problems, stateOf } from "./state.ts";
import { refuseUnseenDrift } from "./unseen-drift.ts";
import { errorText } from "./wording.ts";
import { leftLines, mayHaveWritten, workLeft } from "./work-left.ts";

/** What is known of each resource now; its health where the target tells it. */
const statusOf = async (project: Project, tenant: string) => {
  const { items } = await project.owned(tenant);
  if (items.length === 0) return [];
  return (await project.status({ tenants: [tenant], signal: AbortSignal.timeout(bounds.look) })).items;
};

/** What is recorded of a deployment of which some was done. The target may be unreachable by now. */
const recorded = async (
  project: Project,
  { tenant }: Place,
  inputs: Properties,
  problems: Problems,
): Promise<Properties> => {
  const status = await statusOf(project, tenant).catch(async () =>
    (await project.owned(tenant)).items.map((item) => ({ ...item, tenant, health: "unreadable", healthy: false })),
  );
  return stateOf(inputs, { desired: String(inputs["desired"]), status, drift: {}, problems });
};

const apply = async (
  session: Session,
  project: Project,
  place: Place,
  inputs: Properties,
  olds: Properties,
): Promise<ApplyReport> => {
  const { tenant } = place;
  const { digest, unresolved } = await project.desiredDigest(tenant);
  if (digest !== inputs["desired"]) {
    throw new DeployerError("stale-plan", `what is asked for tenant ${tenant} changed while Pulumi was at work`, {
      hint: "run `pulumi up` again",
    });
  }
  if (unresolved.length > 0 && inputs["acceptUnresolved"] !== true) {
    throw new DeployerError("missing-secret", unresolvedText(tenant, unresolved), {
      hint: "set them where the project's files say; or acceptUnresolved: true",
    });
  }
  return session.stopping(async (stop) => {
    const look = AbortSignal.any([stop, AbortSignal.timeout(bounds.look)]);
    const plan = await project.plan({ ...planOptions(inputs), tenants: [tenant], signal: look });
    if (inputs["overwriteDrift"] !== true) {
      const { open } = await project.owned(tenant);
      refuseUnseenDrift(plan, driftIn(olds), open > 0);
    }
    return project.apply(plan, {
      command: "pulumi-up",
      signal: AbortSignal.any([stop, AbortSignal.timeout(bounds.apply)]),
      abort: AbortSignal.timeout(bounds.abandon),
      acceptUnresolved: inputs["acceptUnresolved"] === true,
    });
  });
};

/**
 * Plans and applies one tenant, through the same guards, lease and journal as the command line. Throws a
 * `PartialFailure` where some of it was done.
 */
export const deploy = (session: Session, inputs: Properties, olds: Properties): Promise<Properties> => {
  const place = placeOf(inputs);
  const set = setOf(inputs);
  return session.withProject(place, Object.keys(set).length === 0 ? undefined : set, async (project) => {
    const before = await project.owned(place.tenant);
    // What may be taken over from the target starts a ledger anew.
    if (inputs["adopt"] === undefined) await refuseStrangeLedger(project, before, olds);
    let report: ApplyReport;
    try {
      report = await apply(session, project, place, inputs, olds);
    } catch (error) {
      const now = await project.owned(place.tenant).catch(() => before);
      // It threw in the middle: what it did so far is in the ledger.
      if (JSON.stringify(now) === JSON.stringify(before)) throw error;
      const left = { interrupted: errorText(error) };
      throw new PartialFailure(await recorded(project, place, inputs, left), leftLines(left));
    }
    const left = workLeft(report);
    const lines = leftLines(left);
    if (lines.length === 0) {
      const status = await statusOf(project, place.tenant);
      return stateOf(inputs, { desired: String(inputs["desired"]), status, drift: {}, problems: {} });
    }
    if (mayHaveWritten(report)) throw new PartialFailure(await recorded(project, place, inputs, left), lines);
    throw new DeployerError("blocked", `tenant ${place.tenant} is as it was:\n${lines.join("\n")}`);
  });
};
