import { equal } from "../../canonical.ts";
import type { Json, Live, Properties } from "../../contract/index.ts";
import { at, isObject, leaves, withAt, within } from "../../contract/index.ts";
import type { Adapter } from "./adapter.ts";
import { fingerprintsNow, fingerprintsOf, withoutFingerprinted } from "./fingerprint.ts";
import { accessTo } from "./open-target.ts";
import { argumentsOf, stateOf, wantedBy } from "./picture.ts";
import { notThere, refuseElsewhere, refuseNamesake, type Session } from "./session.ts";

/** What was declared, with what changed on the target since. What the target spells in its own way is no change. */
const withDrift = (declared: Properties, olds: Properties, live: Live, hidden: readonly string[]) => {
  const before = isObject(olds["live"]) ? olds["live"] : declared;
  return leaves(declared).reduce<Properties>((properties, path) => {
    if (within(hidden, path)) return properties;
    const now = at(live.properties, path);
    return equal(at(before, path), now) ? properties : withAt(properties, path, now);
  }, declared);
};

/** Arguments as the program gave them, but for those of which the target has something else by now. */
const argumentsNow = (adapter: Adapter, olds: Properties, declared: Properties, now: Properties): Properties => {
  const [before, after] = [adapter.inputs(declared), adapter.inputs(now)];
  const changed = adapter.fields.filter((name) => !equal(before[name], after[name]));
  const { ...given } = argumentsOf(adapter, olds) as { [name: string]: Json };
  for (const name of changed) {
    const value = after[name];
    if (value === undefined) delete given[name];
    else given[name] = value;
  }
  return given;
};

/** Reads it back. Without an `id` in the answer it is gone. */
export const read = async (
  session: Session,
  id: string,
  olds: Properties,
): Promise<{ id: string; props: Properties; inputs: Properties }> => {
  const { adapter } = session;
  const opened = await session.open(olds);
  const { target } = opened;
  refuseNamesake(session, opened, id, olds);
  // A resource that is looked up has no arguments of its own yet.
  const isLookup = adapter.fields.every((name) => olds[name] === undefined);
  const wanted = wantedBy(adapter, target.catalog, olds);
  const live = await accessTo(opened, adapter.kind, wanted).read(id);
  if (live === undefined) {
    // Every state has the address; what is looked up has only the program's arguments.
    if (olds["endpoint"] === undefined) throw notThere(session, opened, id);
    refuseElsewhere(session, opened, id, olds);
    session.owned.delete(id);
    return { id: "", props: {}, inputs: {} };
  }
  session.owned.add(id);
  const { shape, clear } = wanted;
  const hidden = [...shape.secret, ...shape.writeOnly, ...shape.local, ...Object.keys(fingerprintsOf(olds))];
  const inputs = isLookup
    ? { ...argumentsOf(adapter, olds), ...adapter.inputs(live.properties) }
    : argumentsNow(adapter, olds, clear, withDrift(clear, olds, live, hidden));
  const seen = { live: withoutFingerprinted(olds, live.properties), health: live.health, before: olds };
  const props = stateOf(adapter, id, inputs, target.endpoint, seen);
  const fingerprints = fingerprintsNow(opened.secretKey, id, olds, shape, live);
  if (Object.keys(fingerprints).length === 0) return { id, props, inputs };
  // As an import file has it: there is no other sign that a value is there.
  return { id, props: { ...props, fingerprints }, inputs: { ...inputs, fingerprints } };
};
