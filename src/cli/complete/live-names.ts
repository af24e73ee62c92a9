import { resolve } from "node:path";
import type { KnownNames, NameKind } from "../../deploy/index.ts";
import type { Io } from "../session.ts";
import { openNamesCache } from "./names-cache.ts";

/** Tenants that are looked into: as many as a person does not notice. */
const most = 100;

/** Names in the project that the words given so far are about. Throws where there is none. */
export const liveNames = async <What extends NameKind>(
  given: ReadonlyMap<string, string>,
  what: What,
  typed: string,
  io: Io,
): Promise<KnownNames[What]> => {
  const file = given.get("envFile");
  const environment = given.get("environment");
  const folder = resolve(given.get("project") ?? ".");
  const cache = openNamesCache<KnownNames[What]>(folder, JSON.stringify([what, environment ?? "", file ?? ""]));
  const known = cache.get();
  if (known !== undefined) return known;
  const { openProject } = await import("../../deploy/index.ts");
  const { environmentOf } = await import("../with-project.ts");
  await using project = await openProject(folder, {
    env: await environmentOf(file, { io }),
    ...(environment === undefined ? {} : { environment }),
  });
  const found = await project.names([what], { typed, most });
  if (found.isWhole) cache.set(found[what]);
  return found[what];
};
