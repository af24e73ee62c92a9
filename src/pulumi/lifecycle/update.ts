import type { Field, Live, Properties } from "../../contract/index.ts";
import { basis, compare, isObject } from "../../contract/index.ts";
import { ensure } from "../../resources/index.ts";
import { difference } from "./diff.ts";
import { withFingerprinted } from "./fingerprint.ts";
import { accessTo } from "./open-target.ts";
import { asPartial } from "./partial.ts";
import { recorded, stateOf, wantedBy } from "./picture.ts";
import { renamed } from "./rename.ts";
import { fittingOf, gone, refusal, refuseElsewhere, refuseNamesake, type Session } from "./session.ts";

const moved = (session: Session, id: string, fields: readonly Field[]) => {
  const names = fields.map((field) => session.adapter.argument(field.path)).join(", ");
  return refusal(
    `the ${session.adapter.kind.name} ${id} was changed since the last refresh: ${names}`,
    "run `pulumi refresh` to see it, or set overwriteDrift: true",
  );
};

/** Writes what the program changed, unless somebody else changed the object since the last refresh. */
export const update = async (
  session: Session,
  id: string,
  given: Properties,
  news: Properties,
): Promise<{ outs: Properties }> => {
  const { adapter } = session;
  session.owned.add(id);
  const opened = await session.open(news);
  const { target } = opened;
  refuseNamesake(session, opened, id, given);
  const wanted = wantedBy(adapter, target.catalog, news);
  const access = accessTo(opened, adapter.kind, wanted);
  const now = await access.read(id);
  if (now === undefined) {
    refuseElsewhere(session, opened, id, given);
    throw gone(session, id);
  }
  const olds = withFingerprinted(opened.secretKey, id, given, wanted.shape, now);
  const fitting = await fittingOf(session, id, olds, news);
  const { base, live: before } = recorded(adapter, id, olds, wanted, fitting);
  const state = (live: Properties, health: Live["health"]) => ({
    outs: stateOf(adapter, id, news, target.endpoint, { live, health, before: olds }),
  });

  const overwrites = news["overwriteDrift"] === true && adapter.kind.update !== undefined;
  const fields = overwrites
    ? compare(wanted.shape, wanted.sealed, now, base, false)
    : difference(adapter, target.catalog, id, olds, news, fitting).fields;
  if (fields.length === 0) {
    // Nothing is written, so what was seen before stays: a refresh still has to find what moved.
    return state(isObject(olds["live"]) ? olds["live"] : now.properties, now.health);
  }
  const seen = overwrites ? now : before;
  const basedOn = basis(wanted.shape, wanted.sealed, base.applied, seen.properties);
  try {
    const live = await renamed(session, opened, now, wanted, async () => {
      const done = await ensure(access, id, wanted.sealed, { properties: basedOn }, fields);
      if (done.state === "conflict") throw moved(session, id, done.fields);
      return done.live;
    });
    return state(live.properties, live.health);
  } catch (error) {
    throw asPartial(session, id, state(now.properties, now.health).outs, error);
  }
};
