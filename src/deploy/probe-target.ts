import { equal } from "../canonical.ts";
import type { Properties } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { ConnectionWire, InfinoClient } from "../infino/index.ts";
import type { Target } from "../resources/index.ts";
import type { FoundTraits } from "./found-traits.ts";
import { connectionName } from "./found-traits.ts";
import type { ProbePlan } from "./probe-plan.ts";
import { sleep } from "./sleep.ts";

export type Probed = {
  readonly found: FoundTraits;
  /** Why not everything was found out. */
  readonly error?: DeployerError;
  /** Connections that could not be deleted, or may be there. */
  readonly left: readonly string[];
};

/** Milliseconds that cleaning up may take, whatever was interrupted. */
const cleanupTime = 30_000;
/** Longest time in milliseconds that a value is watched for moving by itself. */
const watchTime = 3_000;

/** A write is not abandoned half-way: an interrupt counts before the next request. */
const calm = new AbortController().signal;

const asError = (error: unknown): DeployerError =>
  error instanceof DeployerError
    ? error
    : new DeployerError("internal", error instanceof Error ? error.message : String(error), { cause: error });

/** The target understood the request and will not do it: not a limit, a missing right or a fault of its own. */
const isRefused = (error: DeployerError): boolean => {
  const status = error.details?.["status"];
  const outcome = error.details?.["outcome"];
  return outcome === "refused" && typeof status === "number" && [400, 409, 412, 422].includes(status);
};

type Access = {
  readonly target: Target<InfinoClient>;
  readonly clock: () => number;
  readonly signal: AbortSignal;
};

/** Reads until `done`, or until the target's time for showing a write is over; gives what was read last. */
const readUntil = async (
  { target, clock, signal }: Access,
  id: string,
  done: (wire: ConnectionWire) => boolean,
): Promise<ConnectionWire | undefined> => {
  const deadline = clock() + Math.max(target.verify, target.settle);
  for (let wait = 20; ; wait = Math.min(wait * 2, 1_000)) {
    const wire = await target.api.getConnection(id, signal);
    if ((wire !== undefined && done(wire)) || clock() >= deadline) return wire;
    await sleep(wait, signal);
  }
};

/** True where `updated_at` moves though nobody writes. */
const movesAlone = async ({ target, clock, signal }: Access, id: string, since: string): Promise<boolean> => {
  const deadline = clock() + Math.min(watchTime, target.verify);
  for (let wait = 20; clock() < deadline; wait = Math.min(wait * 2, 500)) {
    await sleep(wait, signal);
    const wire = await target.api.getConnection(id, signal);
    if (wire?.updated_at !== undefined && wire.updated_at !== since) return true;
  }
  return false;
};

const probeLists = async (access: Access, id: string, plan: ProbePlan): Promise<FoundTraits> => {
  const { target, clock, signal } = access;
  const deadline = clock() + target.settle;
  const alone = await readUntil(access, id, () => true);
  for (;;) {
    const listed = (await target.api.listConnections(signal)).find((wire) => wire.id === id);
    if (listed !== undefined || clock() >= deadline) {
      const isMasked = [listed, alone].some(
        (wire) => wire !== undefined && Object.hasOwn(wire.config ?? {}, plan.secret),
      );
      return {
        secrets: [isMasked ? "masked" : "omitted"],
        ...(listed === undefined
          ? {}
          : { lists: [Object.hasOwn(listed.config ?? {}, plan.beacon[0]) ? "full" : "bare"] }),
      };
    }
    await sleep(50, signal);
  }
};

/** A second one with the same name. */
const probeNames = async ({ target }: Access, id: string, make: () => Promise<string>): Promise<FoundTraits> => {
  try {
    const second = await make();
    if (second === id) return { names: ["unique"] };
    await target.api.deleteConnection(second, calm);
    return { names: ["free"] };
  } catch (error) {
    if (isRefused(asError(error))) return { names: ["unique"] };
    throw error;
  }
};

/** Sends everything but the spare field: where that is gone, a PATCH is all there is. */
const probePatch = async (access: Access, id: string, name: string, plan: ProbePlan): Promise<FoundTraits> => {
  const { target } = access;
  const [beacon, second, third] = plan.beacon;
  const [spare, value] = plan.spare;
  const whole: Properties = { name, ...plan.required };
  const shows = (text: string) => (wire: ConnectionWire) => wire.config?.[beacon] === text;
  await target.api.updateConnection(id, { ...whole, [beacon]: second }, calm);
  const after = await readUntil(access, id, shows(second));
  if (after?.config?.[beacon] !== second) {
    throw new DeployerError("target-problem", "a PATCH that the target accepted did not show in time");
  }
  if (!equal(after.config[spare], value)) return { patch: ["replace"] };
  try {
    await target.api.updateConnection(id, { ...whole, [beacon]: third, [spare]: null }, calm);
  } catch (error) {
    if (isRefused(asError(error))) return { patch: ["merge"], unset: ["none"] };
    throw error;
  }
  const unset = await readUntil(access, id, shows(third));
  return { patch: ["merge"], unset: [equal(unset?.config?.[spare], value) ? "none" : "null"] };
};

/** Connections of that name; with `reads`, those that a list shows without a name are read one by one. */
const named = async (
  { api }: Target<InfinoClient>,
  name: string,
  known: ReadonlySet<string>,
  reads: boolean,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const wire of await api.listConnections(signal)) {
    const isNameless = reads && connectionName(wire) === undefined && !known.has(wire.id);
    const whole = isNameless ? await api.getConnection(wire.id, signal) : wire;
    if (known.has(wire.id) || (whole !== undefined && connectionName(whole) === name)) found.push(wire.id);
  }
  return found;
};

/** Deletes what the probe made, found by ids and by its name, which nobody else has. Gives what is left. */
const cleanUp = async (
  target: Target<InfinoClient>,
  name: string,
  made: ReadonlySet<string>,
  unanswered: number,
): Promise<readonly string[]> => {
  const signal = AbortSignal.timeout(cleanupTime);
  const left = new Set<string>();
  let appeared = 0;
  const remove = async (id: string): Promise<void> => {
    try {
      await target.api.deleteConnection(id, signal);
      left.delete(id);
    } catch {
      left.add(id);
    }
  };
  for (const id of made) await remove(id);
  try {
    // Whose creation was not answered shows up by its name, if at all.
    if (unanswered > 0) await sleep(target.settle, signal);
    for (const id of await named(target, name, made, unanswered > 0, signal)) {
      if (!made.has(id)) appeared += 1;
      await remove(id);
    }
  } catch {
    // What is not known to be gone is named below.
  }
  return appeared < unanswered ? [...left, `perhaps one named ${name}, whose creation was not answered`] : [...left];
};

/**
 * Makes a connection, looks at it, makes a second one of the same name, changes the first, and deletes both, also after
 * a failure or an interrupt. Throws nothing: an interrupt is an error among others.
 */
export const probeTarget = async (
  target: Target<InfinoClient>,
  plan: ProbePlan,
  name: string,
  clock: () => number,
  signal: AbortSignal,
): Promise<Probed> => {
  const access: Access = { target, clock, signal };
  const made = new Set<string>();
  let unanswered = 0;
  let found: FoundTraits = {};
  let failure: DeployerError | undefined;
  const config: Properties = { name, ...plan.required, [plan.spare[0]]: plan.spare[1] };
  const make = async (): Promise<string> => {
    try {
      const { connection_id } = await target.api.createConnection(plan.source, config, calm);
      made.add(connection_id);
      return connection_id;
    } catch (error) {
      if (asError(error).details?.["outcome"] === "unknown") unanswered += 1;
      throw error;
    }
  };
  const learn = async (look: Promise<FoundTraits>): Promise<void> => {
    found = { ...found, ...(await look) };
  };
  try {
    const id = await make();
    const first = await readUntil(access, id, () => true);
    await learn(probeLists(access, id, plan));
    const before = first?.updated_at;
    const isRestless = before !== undefined && (await movesAlone(access, id, before));
    await learn(probeNames(access, id, make));
    const settled = (await readUntil(access, id, () => true))?.updated_at;
    await learn(probePatch(access, id, name, plan));
    const after = (await readUntil(access, id, () => true))?.updated_at;
    const stamp = before === undefined || after === settled ? "none" : isRestless ? "any" : "config";
    await learn(Promise.resolve({ updated_at: [stamp] }));
  } catch (error) {
    failure = asError(error);
  }
  const left = await cleanUp(target, name, made, unanswered);
  return { found, left, ...(failure === undefined ? {} : { error: failure }) };
};
