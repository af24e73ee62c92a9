import type { DriftItem, Properties } from "../../contract/index.ts";
import { address, segments } from "../../contract/index.ts";
import type { Project } from "../../deploy/index.ts";
import { DeployerError } from "../../errors.ts";
import { argumentsOf, placeOf, setOf } from "./arguments.ts";
import { refuseStrangeLedger } from "./refuse-strange-ledger.ts";
import { bounds, type Session } from "./session.ts";
import { problemsIn, type SeenDrift, stateOf } from "./state.ts";

/** Of what moved, that which the next update would set back: what the files let be is none of it. */
const revertible = async (
  project: Project,
  tenant: string,
  set: Properties,
  items: readonly DriftItem[],
): Promise<readonly DriftItem[]> => {
  if (!items.some(({ drift }) => drift === "changed")) return items;
  const { on_drift } = project.files;
  // Files that are wrong say nothing of the tenant.
  const own = await project.desiredDigest(tenant, set).catch(() => undefined);
  const policy = (kind: string): string => own?.on_drift ?? on_drift.kinds[kind] ?? on_drift.default;
  return items.filter(({ drift, kind }) => drift === "vanished" || policy(kind) !== "keep");
};

const seenDrift = (items: readonly DriftItem[]): SeenDrift =>
  Object.fromEntries(
    items.map(({ kind, _id, drift, fields }) => [
      address(kind, _id),
      { gone: drift === "vanished", fields: fields.map(({ path }) => segments(path).join(".")) },
    ]),
  );

/** Reads health and drift of everything that the tenant owns. Without an `id` in the answer the tenant is gone. */
export const read = (
  session: Session,
  id: string,
  olds: Properties,
): Promise<{ id: string; props: Properties; inputs: Properties }> => {
  const place = placeOf(olds);
  const { tenant } = place;
  return session.withProject(place, undefined, async (project) => {
    const owned = await project.owned(tenant);
    await refuseStrangeLedger(project, owned, olds);
    const { items, open } = owned;
    const had = Object.keys(olds["resources"] ?? {}).length;
    if (had > 0 && open === 0 && !items.some(({ state }) => state === "live")) {
      session.known.delete(id);
      return { id: "", props: {}, inputs: {} };
    }
    const signal = AbortSignal.timeout(bounds.look);
    const tenants = [tenant];
    const drift = items.length === 0 ? undefined : await project.drift({ tenants, signal });
    const status = items.length === 0 ? [] : (await project.status({ tenants, signal })).items;
    const unreadable = status.find(({ health }) => health === "unreadable");
    if (unreadable !== undefined || (drift?.summary.unreadable ?? 0) > 0) {
      const { kind = "some", reason = "" } = unreadable ?? {};
      throw new DeployerError(
        "target-problem",
        `what is live of tenant ${tenant} cannot be read (${kind}): ${reason}`,
        {
          hint: "look at the target and its credentials: connector-deployer doctor",
        },
      );
    }
    session.known.add(id);
    const desired = String(olds["desired"] ?? (await project.desiredDigest(tenant, setOf(olds))).digest);
    const moved = await revertible(project, tenant, setOf(olds), drift?.items ?? []);
    const facts = { desired, status, drift: seenDrift(moved), problems: problemsIn(olds) };
    const props = stateOf(olds, facts);
    return { id, props, inputs: { ...argumentsOf(olds), desired } };
  });
};
