import { equal } from "../../canonical.ts";
import type { Catalog } from "../../catalog/index.ts";
import type { Field, Live, Properties } from "../../contract/index.ts";
import { at, basis, compare, isSatisfied, leaves, within } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { InfinoClient } from "../../infino/index.ts";
import type { Access } from "../../resources/index.ts";
import { complete, createResource, deleteResource, ensure } from "../../resources/index.ts";
import type { Adapter } from "./adapter.ts";
import { accessTo } from "./open-target.ts";
import { asMade, asPartial } from "./partial.ts";
import type { Wanted } from "./picture.ts";
import { stateOf, wantedBy } from "./picture.ts";
import { refuseOwned } from "./refuse-owned.ts";
import { idsOf, placeOf, refusal, type Session } from "./session.ts";

/** What makes two of a kind differ. */
const another = ({ fields }: Adapter): string =>
  fields.includes("name")
    ? "another name"
    : fields.includes("path")
      ? "another dataset"
      : "another connection or targetDataset";

const hour = 3_600_000;
/** The target's clock may be ahead of ours. */
const skew = 300_000;

/**
 * True where a live object is plainly what an earlier attempt at this create made: equal in every field that can be read,
 * nothing in it but what was asked for and what the target adds, without records, and made within the last hour.
 */
const isOwnAttempt = (adapter: Adapter, catalog: Catalog, wanted: Wanted, live: Live, now: number): boolean => {
  const { shape, clear, sealed } = wanted;
  // Its content cannot be read: whose it is, nobody can tell.
  if (adapter.kind.isWrittenInParts === true) return false;
  // An attempt that was cut off made it empty. Its owner would lose what is in it with a replacement.
  if ((live.records ?? 0) > 0) return false;
  const age = now - Date.parse(live.createdAt ?? "");
  if (!(age <= hour && age >= -skew)) return false;
  const added = { ...shape.defaults, ...adapter.derived?.(clear, catalog) };
  return (
    isSatisfied(shape, sealed, [], live.properties) &&
    leaves(live.properties).every(
      (path) => at(clear, path) !== undefined || (path in added && equal(added[path], at(live.properties, path))),
    )
  );
};

/** Somebody else's, as far as anybody can tell. */
const exists = ({ adapter }: Session, { clear }: Wanted, live: Live | undefined): DeployerError => {
  const { kind } = adapter;
  const key = kind.key(clear);
  if (kind.isWrittenInParts === true) {
    const taken = kind.isRepeatable?.(clear) === false ? "adds the file to it" : "writes it anew";
    return refusal(
      `the dataset "${key}" holds records already, which may be those of an earlier attempt; it was left alone`,
      `adopt: true ${taken}; or choose another dataset`,
    );
  }
  const records = live?.records === undefined || live.records === 0 ? "" : ` with ${live.records} records`;
  return refusal(
    `a ${kind.name} named "${key}" exists already: ${live?.id ?? key}${records}`,
    `set adopt: true to take it over, or choose ${another(adapter)}`,
  );
};

type State = (id: string, live?: Live) => Properties;
type Made = { readonly id: string; readonly live: Live };

const makeNew = async (session: Session, access: Access<InfinoClient>, wanted: Wanted, state: State): Promise<Made> => {
  const { kind } = session.adapter;
  let id: string | undefined;
  try {
    const made = await createResource(access, wanted.sealed, async (known) => {
      id = known;
    });
    return { id: made.id, live: made.live };
  } catch (error) {
    // It exists: the state must know it, or the next run would make another one.
    if (id !== undefined) throw asMade(id, state(id), error);
    if (error instanceof DeployerError && error.details?.["exists"] === true) throw exists(session, wanted, undefined);
    const part = kind.key(wanted.clear);
    if (kind.isWrittenInParts === true) throw asPartial(session, part, state(part), error);
    if (!(error instanceof DeployerError) || error.details?.["outcome"] !== "unknown") throw error;
    throw new DeployerError(error.code, `${error.message}; whether the ${kind.name} was made is not known`, {
      hint: "run `pulumi up` again within an hour: it finds what this attempt made",
      details: error.details,
    });
  }
};

/** After the old one was deleted in its favour: that is not to be found in any list any more. */
const afterDeletion = ({ adapter }: Session, id: string, error: unknown): unknown => {
  if (!(error instanceof DeployerError) || "id" in error) return error;
  const text = `${error.message}; the ${adapter.kind.name} ${id}, in whose place it comes, is deleted`;
  return new DeployerError(error.code, text, { hint: error.hint, details: error.details });
};

/**
 * Writes what an existing object lacks, and its secrets, since they cannot be read. Of a kind that cannot be updated, only
 * a new one is sure to have what cannot be read: it takes the place of the old one, unless that holds data.
 */
const takeOver = async (
  session: Session,
  access: Access<InfinoClient>,
  wanted: Wanted,
  live: Live,
  state: State,
): Promise<Made> => {
  const { shape, sealed } = wanted;
  const { kind } = access;
  const all: readonly Field[] = compare(shape, sealed, live, undefined, false);
  const isFixed = ({ path }: Field): boolean => kind.update === undefined || within(shape.immutable, path);
  const fixed = all.filter((field) => field.class !== "unknown" && isFixed(field));
  if (fixed.length > 0) {
    const names = fixed.map(({ path }) => session.adapter.argument(path)).join(", ");
    throw refusal(
      `${live.id} cannot be taken over: it differs in ${names}, which cannot be changed`,
      "choose another name, or delete it first",
    );
  }
  if (kind.update === undefined && !kind.holdsData && all.length > 0) {
    await deleteResource(access, live.id);
    return makeNew(session, access, wanted, state).catch((error: unknown) => {
      throw afterDeletion(session, live.id, error);
    });
  }
  const fields = all.filter((field) => !isFixed(field));
  if (fields.length === 0) return { id: live.id, live };
  const properties = basis(shape, sealed, undefined, live.properties);
  const done = await ensure(access, live.id, sealed, { properties }, fields);
  if (done.state !== "conflict") return { id: live.id, live: done.live };
  throw refusal(`${live.id} was changed while it was taken over`, "run `pulumi up` again");
};

/** Makes it, or claims what an earlier attempt made; anything else of that name is only taken over when `adopt` says so. */
export const create = async (session: Session, inputs: Properties): Promise<{ id: string; outs: Properties }> => {
  const { adapter } = session;
  const { kind } = adapter;
  const opened = await session.open(inputs);
  const { target, rim } = opened;
  const wanted = wantedBy(adapter, target.catalog, inputs);
  const access = accessTo(opened, kind, wanted);
  const key = kind.key(wanted.clear);
  const place = placeOf(session, opened, wanted.clear);
  if (session.made.has(place)) {
    throw refusal(
      `another resource of this program already made the ${kind.name} "${key}"`,
      `give one of them ${another(adapter)}`,
    );
  }
  session.made.add(place);
  const state = (id: string, live?: Live): Properties =>
    stateOf(adapter, id, inputs, target.endpoint, { live: live?.properties, health: live?.health });
  try {
    const listed = (await opened.list(kind)).filter((live) => kind.key(live.properties) === key);
    const same = await complete(listed, (live) => live.isBare !== true, access.read);
    const only = same[0];
    if (only === undefined) {
      const made = await makeNew(session, access, wanted, state);
      session.owned.add(made.id);
      return { id: made.id, outs: state(made.id, made.live) };
    }
    if (same.length > 1) {
      const hint = `delete those that nobody uses, or choose ${another(adapter)}`;
      throw refusal(`${same.length} objects are a ${kind.name} named "${key}": ${idsOf(same)}`, hint);
    }
    if (session.owned.has(only.id)) {
      throw refusal(
        `another resource of this program is the ${kind.name} "${key}": ${only.id}`,
        `choose ${another(adapter)}`,
      );
    }
    await refuseOwned(session, opened, only.id, inputs["adopt"] === true);
    if (inputs["adopt"] !== true && !isOwnAttempt(adapter, target.catalog, wanted, only, rim.clock())) {
      throw exists(session, wanted, only);
    }
    const { id, live } = await takeOver(session, access, wanted, only, state).catch((error: unknown) => {
      throw asPartial(session, only.id, state(only.id), error);
    });
    session.owned.add(id);
    session.claimed.add(id);
    return { id, outs: state(id, live) };
  } catch (error) {
    if (!(error instanceof Error && "id" in error)) session.made.delete(place);
    throw error;
  }
};
