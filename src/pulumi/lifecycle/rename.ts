import type { Live } from "../../contract/index.ts";
import type { Opened } from "./open-target.ts";
import type { Wanted } from "./picture.ts";
import { idsOf, placeOf, refusal, type Session } from "./session.ts";

/**
 * Does a write that may give an object another name. Refuses where another object has that name: the target would keep
 * both. What this program renames too, as in a swap, is not in the way.
 */
export const renamed = async <T>(
  session: Session,
  opened: Opened,
  now: Live,
  wanted: Wanted,
  write: () => Promise<T>,
): Promise<T> => {
  const { kind } = session.adapter;
  const key = kind.key(wanted.clear);
  if (kind.key(now.properties) === key) return write();
  const place = placeOf(session, opened, wanted.clear);
  if (session.made.has(place)) {
    throw refusal(`another resource of this program has the name "${key}" already`, "give one of them another name");
  }
  session.made.add(place);
  try {
    const named = (await opened.list(kind)).filter(
      ({ id, properties }) => id !== now.id && kind.key(properties) === key,
    );
    const others = named.filter(({ id }) => (session.asked.get(id) ?? key) === key);
    if (others.length > 0) {
      throw refusal(
        `${now.id} cannot be renamed: a ${kind.name} named "${key}" exists already: ${idsOf(others)}`,
        "choose another name, or delete that one first",
      );
    }
    const done = await write();
    session.made.delete(placeOf(session, opened, now.properties));
    return done;
  } catch (error) {
    session.made.delete(place);
    throw error;
  }
};
