import type { Properties } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { placeOf } from "./arguments.ts";
import { refuseStrangeLedger } from "./refuse-strange-ledger.ts";
import { bounds, type Session } from "./session.ts";
import { leftLines, workLeft } from "./work-left.ts";

/** Deletes everything that the tenant owns; data only with `deleteData`. Nothing there is success. */
export const remove = (session: Session, id: string, olds: Properties): Promise<void> => {
  const place = placeOf(olds);
  const { tenant } = place;
  if (session.made.has(id)) {
    throw new DeployerError("blocked", `another resource of this program deploys tenant ${tenant} now`, {
      hint: "to give a resource another name use the option aliases; to let the old one go use `pulumi state delete`",
    });
  }
  return session.withProject(place, undefined, async (project) => {
    const owned = await project.owned(tenant);
    await refuseStrangeLedger(project, owned, olds);
    const { items, open } = owned;
    if (items.length > 0 || open > 0) {
      const report = await session.stopping(async (stop) => {
        const plan = await project.planDestroy(tenant, {
          deleteData: olds["deleteData"] === true,
          acceptTarget: olds["acceptTarget"] === true,
          signal: AbortSignal.any([stop, AbortSignal.timeout(bounds.look)]),
        });
        return project.apply(plan, {
          command: "pulumi-destroy",
          signal: AbortSignal.any([stop, AbortSignal.timeout(bounds.apply)]),
          abort: AbortSignal.timeout(bounds.abandon),
        });
      });
      const lines = leftLines(workLeft(report));
      if (lines.length > 0) {
        throw new DeployerError("target-problem", `tenant ${tenant} is not deleted yet:\n${lines.join("\n")}`, {
          hint: "run the same command again: what is gone already stays gone",
        });
      }
    }
    session.known.delete(id);
  });
};
