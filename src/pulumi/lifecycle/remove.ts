import type { Properties } from "../../contract/index.ts";
import { at } from "../../contract/index.ts";
import { deleteResource } from "../../resources/index.ts";
import { accessTo } from "./open-target.ts";
import { wantedBy } from "./picture.ts";
import { isElsewhere, placeOf, refuseElsewhere, refuseNamesake, type Session } from "./session.ts";

/**
 * Deletes it and sees that it is gone. Already gone is success; data stays unless `onDelete` is `delete`. What a new
 * resource of the same command took over stays too: the program gave it another name, and Pulumi deletes after it makes.
 */
export const remove = async (session: Session, id: string, olds: Properties): Promise<void> => {
  const { adapter } = session;
  if (session.claimed.has(id)) return;
  const opened = await session.open(olds);
  const wanted = wantedBy(adapter, opened.target.catalog, olds);
  const forget = (): void => {
    session.owned.delete(id);
    session.made.delete(placeOf(session, opened, wanted.clear));
  };
  if (adapter.kind.holdsData && at(wanted.clear, "/on_delete") !== "delete") return forget();
  refuseNamesake(session, opened, id, olds);
  const access = accessTo(opened, adapter.kind, wanted);
  if (isElsewhere(opened, olds) && (await access.read(id)) === undefined) refuseElsewhere(session, opened, id, olds);
  await deleteResource(access, id);
  forget();
};
