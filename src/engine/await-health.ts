import type { Live } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { passingTime } from "../passing-time.ts";
import type { Judgement, ResourceKind, Target } from "../resources/index.ts";
import { createIds } from "./ids.ts";
import type { Health, Rim } from "./types.ts";

/** A live object whose health is waited for. */
export type Awaited = {
  readonly tenant: string;
  readonly target: string;
  readonly kind: string;
  readonly _id: string;
  readonly id: string;
  /** It was not made now, and may be about to run again: that it is not well counts once it ran, or for long enough. */
  readonly mayRunAgain?: true;
};

export type WaitSettings = {
  /** Milliseconds; 0 looks once. */
  readonly timeout: number;
  /** Aborted: what was seen last counts. */
  readonly stop: AbortSignal;
  /** A target's words without what must not be shown of a tenant. */
  readonly quiet: (tenant: string, words: string) => Promise<string>;
};

/** Milliseconds until the next look: more and more, up to five seconds. */
const pace = (round: number): number => Math.min(5_000, 250 * 1.6 ** round);

/** The last look begins at the deadline; this long may its answer take. */
const lastLook = 2_000;
const longestTimer = 2 ** 31 - 1;

type Seen = { readonly live: Live | undefined } | { readonly error: DeployerError };

/** One list of each collection, or a read where only one object of it is waited for. */
const look = async <Api>(
  target: Target<Api>,
  kind: ResourceKind<Api>,
  members: readonly Awaited[],
  signal: AbortSignal,
): Promise<(member: Awaited) => Seen> => {
  const ids = createIds([]);
  const [only] = members;
  try {
    if (members.length === 1 && only !== undefined && kind.read !== undefined) {
      const live = await kind.read(target.api, target.catalog, only.id, ids, signal);
      return () => ({ live });
    }
    const listed = new Map((await kind.list(target.api, target.catalog, ids, signal)).map((live) => [live.id, live]));
    return ({ id }) => ({ live: listed.get(id) });
  } catch (error) {
    if (!(error instanceof DeployerError)) throw error;
    return () => ({ error });
  }
};

const judged = <Api>(kind: ResourceKind<Api>, seen: Seen): Judgement => {
  if ("error" in seen) {
    return { state: ["unauthorized", "forbidden"].includes(seen.error.code) ? "badly" : "waiting" };
  }
  if (seen.live === undefined) return { state: "doubtful", note: "it is not there any more" };
  return kind.judge?.(seen.live) ?? { state: "well" };
};

const told = (seen: Seen): { readonly status: string; readonly reason?: string } =>
  "error" in seen
    ? { status: "unreadable", reason: seen.error.message }
    : seen.live === undefined
      ? { status: "vanished" }
      : (seen.live.health ?? { status: "present" });

/** Whether it was a clock that ended the run, as `AbortSignal.timeout` does. */
export const isDeadline = ({ aborted, reason }: AbortSignal): boolean =>
  aborted && reason instanceof DOMException && reason.name === "TimeoutError";

type Open = {
  readonly member: Awaited;
  seen: Seen;
  judgement: Judgement;
  doubtfulSince?: number | undefined;
  /** True: a run of it was seen on its way. */
  hasRun: boolean;
};

/**
 * Waits until the target calls each of these healthy or says for good that it is not, and gives what it said in the end,
 * in the order of `awaited`. What is refused counts for good once it has stood for the target's `settle`. Asks less and
 * less often, one request a round for each collection. Never rejects because of what a target answers.
 */
export const awaitHealth = async <Api>(
  rim: Pick<Rim<Api>, "targets" | "clock" | "sleep" | "report" | "signal">,
  awaited: readonly Awaited[],
  { timeout, stop, quiet }: WaitSettings,
): Promise<readonly Health[]> => {
  const passed = passingTime(() => performance.now(), rim.clock);
  const ended = AbortSignal.any([rim.signal, stop]);
  const results = new Map<Awaited, Health>();
  const unseen: Seen = { error: new DeployerError("timeout", "it did not answer in time") };
  const open = new Map(
    awaited.map((member): [Awaited, Open] => [
      member,
      { member, seen: unseen, judgement: { state: "waiting" }, hasRun: false },
    ]),
  );

  const settle = async (one: Open, healthy: boolean, note = one.judgement.note): Promise<void> => {
    const { member, seen } = one;
    const { status, reason } = told(seen);
    const words = reason === undefined ? {} : { reason: await quiet(member.tenant, reason) };
    open.delete(member);
    results.set(member, {
      status,
      ...words,
      healthy,
      ...(note === undefined ? {} : { note }),
      after: Math.round(passed()),
    });
    const resource = address(member.kind, member._id);
    rim.report({ code: "health", tenant: member.tenant, resource, status, ...words, healthy });
  };

  const take = async (one: Open, target: Target<Api>, kind: ResourceKind<Api>, seen: Seen): Promise<void> => {
    const before = told(one.seen).status;
    const { tenant, kind: name, _id } = one.member;
    one.judgement = judged(kind, seen);
    const isOfBefore = one.member.mayRunAgain === true && !one.hasRun && "live" in seen;
    if (isOfBefore && one.judgement.state === "badly") one.judgement = { state: "doubtful" };
    const { state } = one.judgement;
    if (state === "waiting" && "live" in seen) one.hasRun = true;
    // What could not be read for once says nothing against what was seen before.
    if (!("error" in seen) || "error" in one.seen || state === "badly") one.seen = seen;
    if (state !== "doubtful") one.doubtfulSince = undefined;
    else one.doubtfulSince ??= passed();
    const isFinal = one.doubtfulSince !== undefined && passed() - one.doubtfulSince >= target.settle;
    if (state === "well") await settle(one, true);
    else if (state === "badly" || isFinal) await settle(one, false);
    else if (told(one.seen).status !== before) {
      rim.report({ code: "health", tenant, resource: address(name, _id), status: told(one.seen).status });
    }
  };

  const round = async (): Promise<void> => {
    const groups = Map.groupBy(open.values(), ({ member }) => `${member.target} ${member.kind}`);
    const limit = Math.ceil(Math.min(longestTimer, Math.max(timeout - passed(), lastLook)));
    const signal = AbortSignal.any([ended, AbortSignal.timeout(limit)]);
    await Promise.all(
      [...groups.values()].map(async (members) => {
        const first = members[0]?.member;
        const target = first === undefined ? undefined : rim.targets.get(first.target);
        const kind = target?.kinds.find(({ name }) => name === first?.kind);
        if (target === undefined || kind === undefined) return;
        const seenOf = await look(
          target,
          kind,
          members.map(({ member }) => member),
          signal,
        );
        // What was cut off by the deadline, or by whoever stops the run, is no answer.
        for (const one of members) {
          const seen = seenOf(one.member);
          if (!("error" in seen && signal.aborted)) await take(one, target, kind, seen);
        }
      }),
    );
  };

  for (let number = 0; open.size > 0 && !ended.aborted; number++) {
    const isLast = passed() >= timeout;
    await round();
    if (isLast || open.size === 0) break;
    await rim.sleep(Math.max(0, Math.min(pace(number), timeout - passed())), ended).catch((error: unknown) => {
      if (!ended.aborted) throw error;
    });
  }
  for (const one of [...open.values()]) {
    if (ended.aborted && !isDeadline(ended)) await settle(one, false, "not waited to the end");
    else if (one.judgement.state === "idle") await settle(one, true);
    else
      await settle(
        one,
        false,
        one.judgement.note ?? `not healthy within ${ended.aborted ? "the time that was given" : `${timeout / 1000} s`}`,
      );
  }
  return awaited.flatMap((member) => results.get(member) ?? []);
};
