import type { Live, Properties } from "../contract/index.ts";
import { isSatisfied } from "../contract/index.ts";
import type { Access } from "../resources/index.ts";
import { createResource, rewriteResource } from "../resources/index.ts";
import { isPartial, isUnknown } from "./failures.ts";
import { liveIndex } from "./live-index.ts";
import type { Work, Written } from "./work.ts";
import { NotStarted } from "./work.ts";

/** Creates; after an unknown outcome looks before it gives up, never sends the request again. */
export const createSafely = async <Api>(
  work: Work,
  access: Access<Api>,
  desired: Properties,
  seen: readonly string[],
): Promise<Written & { readonly live?: Live }> => {
  const { change } = work;
  let newId: string | undefined;
  try {
    const made = await createResource(access, desired, async (id) => {
      newId = id;
      await work.ledger.acked(work.lease, change, id);
    });
    work.announce(made.differs);
    return { outcome: "done", id: made.id, live: made.live };
  } catch (error) {
    if (error instanceof NotStarted || isPartial(error)) throw error;
    const facts = work.explain(error);
    // It exists and is ours: the ledger must know, even if reading it back failed.
    if (newId !== undefined) return { outcome: "uncertain", id: newId, error: facts };
    if (!isUnknown(error)) return { outcome: "failed", error: facts };
    let found: readonly Live[];
    try {
      await access.sleep(access.target.requestTimeout + access.target.settle, access.signal);
      found = (await withKey(work, access, desired)).filter((live) => !seen.includes(live.id));
    } catch {
      // Nobody could look: the open intent tells the next run.
      return { outcome: "uncertain", error: facts };
    }
    const only = found[0];
    if (only === undefined) {
      // It may still be made: the open intent proves then that it is ours.
      const message = `${facts.message}; nothing of it was there ${access.target.requestTimeout + access.target.settle} ms later`;
      return { outcome: "uncertain", error: { ...facts, message } };
    }
    const live = only.isBare === true ? await access.read(only.id).catch(() => only) : only;
    if (found.length === 1 && live !== undefined && isSatisfied(access.shape, desired, [], live.properties)) {
      await work.ledger.acked(work.lease, change, live.id);
      return { outcome: "done", id: live.id, live };
    }
    const ids = found.map((live) => live.id).join(", ");
    return {
      outcome: "uncertain",
      error: {
        ...facts,
        message: `${facts.message}; what it made cannot be told apart: ${ids}`,
        hint: "look at these objects and delete those that nobody uses",
      },
    };
  }
};

/** Live objects with this natural key. */
export const withKey = async <Api>(work: Work, access: Access<Api>, desired: Properties): Promise<readonly Live[]> => {
  const { key } = access.kind;
  return liveIndex(await work.list(), (live) => key(live.properties)).byKey.get(key(desired)) ?? [];
};

/**
 * Of what is live, what an interrupted create of ours made: the object that the target answered with, or the only new
 * one, where it equals what was asked for.
 */
export const claimed = async <Api>(
  work: Work,
  access: Access<Api>,
  desired: Properties,
  same: readonly Live[],
): Promise<Live | undefined> => {
  const { intent, change } = work;
  if (intent === undefined || (intent.change.op !== "insert" && intent.change.op !== "replace")) return undefined;
  if (intent.acked !== undefined) return intent.acked === change.id ? undefined : access.read(intent.acked);
  const old = [...intent.seen, intent.change.id, change.id];
  const [only, ...more] = same.filter(({ id }) => !old.includes(id));
  if (only === undefined || more.length > 0) return undefined;
  const live = only.isBare === true ? await access.read(only.id) : only;
  return live !== undefined && isSatisfied(access.shape, desired, [], live.properties) ? live : undefined;
};

/** What an interrupted write of ours left: as it is, or, where it may be a part, written again in full. */
export const inFull = async <Api>(work: Work, access: Access<Api>, desired: Properties, live: Live): Promise<Live> => {
  if (access.kind.isWrittenInParts !== true) return live;
  await work.begin(work.intent?.seen ?? []);
  return rewriteResource(access, live.id, desired);
};
