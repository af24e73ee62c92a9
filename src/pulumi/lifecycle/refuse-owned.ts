import { resolve } from "node:path";
import type { LiveOwner } from "../../deploy/index.ts";
import type { Opened } from "./open-target.ts";
import { refusal, type Session } from "./session.ts";

type Owner = LiveOwner | undefined;

const ownerIn = async ({ rim, project: place, target }: Opened, kind: string, id: string): Promise<Owner> => {
  if (place === undefined) return undefined;
  const { openProject } = await import("../../deploy/index.ts");
  const { environment, name, project: folder } = place;
  await using project = await openProject(resolve(rim.dir, folder), { environment, env: rim.env, clock: rim.clock });
  return project.ownerOf({ target: name, endpoint: target.endpoint, kind, id });
};

/**
 * Refuses to claim or take over what the ledger of the target's project has: two drivers would undo each other's work. What
 * was handed over is for an import, unless `adopts`.
 */
export const refuseOwned = async ({ adapter }: Session, opened: Opened, id: string, adopts: boolean): Promise<void> => {
  const kind = adapter.kind.name;
  const ledger = `the ledger of ${opened.project?.project}`;
  let owner: Owner;
  try {
    owner = await ownerIn(opened, kind, id);
  } catch (error) {
    throw refusal(
      `the ${kind} ${id} is there already, and whether ${ledger} owns it cannot be told: ${error instanceof Error ? error.message : String(error)}`,
      "make the ledger readable, then run `pulumi up` again",
    );
  }
  if (owner === undefined) return;
  const { tenant, _id, driver } = owner;
  if (driver === "engine") {
    throw refusal(
      `the ${kind} ${id} belongs to ${ledger} (${tenant}: ${kind}/${_id}); it was left alone`,
      `hand it over with \`connector-deployer adopt --pulumi-import FILE -t ${tenant}\`, then run \`pulumi import --file FILE\``,
    );
  }
  if (adopts) return;
  throw refusal(
    `the ${kind} ${id} was handed over to Pulumi by ${ledger} (${tenant}: ${kind}/${_id}), and this stack does not have it; it was left alone`,
    "run `pulumi import --file FILE` with the file that was written then, or set adopt: true to take it over",
  );
};
