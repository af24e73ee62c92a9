import type { Properties } from "../../contract/index.ts";
import { sourceDriver } from "./drivers.ts";
import type { SourceStatus } from "./source-driver.ts";

/** What is needed to try a connection. `version` changes with the configuration. */
export type Probed = {
  readonly id: string;
  readonly version: string;
  readonly source: string;
  readonly auth: string;
  readonly config: Properties;
};

export type Health = {
  /** What was last found out; tries nothing. */
  known(connection: Probed): SourceStatus;
  /** Found out anew where the last result is old; gives what is known `wait` milliseconds after the attempt began. */
  fresh(connection: Probed, wait: number): Promise<SourceStatus>;
  /** Tries in the background those whose last result is old; waits at most `wait` milliseconds for them. */
  refresh(connections: Iterable<Probed>, wait: number): Promise<void>;
  /** When it was last tried, as `timestamp` gave it; undefined: not yet. */
  stamp(connection: Probed): string | undefined;
  /** True: there is no recent result. */
  old(connection: Probed): boolean;
  forget(id: string): void;
  /** Abandons what is being tried. */
  close(): void;
};

type Entry = {
  readonly version: string;
  status: SourceStatus;
  stamp?: string;
  triedAt: number;
  startedAt: number;
  running?: Promise<void> | undefined;
  /** Ends when its turn in the queue is over. */
  queued?: Promise<void> | undefined;
};

const untried: SourceStatus = { status: "disconnected", reason: "not tried yet" };

/**
 * Tries connections and remembers the results.
 * `ttl`: milliseconds that a result is good for. `parallel`: how many are tried at once in the background.
 */
export const createHealth = ({
  ttl = 10_000,
  parallel = 16,
  clock = Date.now,
  timestamp = () => new Date(clock()).toISOString(),
} = {}): Health => {
  const entries = new Map<string, Entry>();
  const closed = new AbortController();
  const queue: (() => Promise<void>)[] = [];
  let workers = 0;

  const entryOf = (connection: Probed): Entry => {
    const existing = entries.get(connection.id);
    if (existing !== undefined && existing.version === connection.version) return existing;
    const never = Number.NEGATIVE_INFINITY;
    const entry: Entry = { version: connection.version, status: untried, triedAt: never, startedAt: never };
    entries.set(connection.id, entry);
    return entry;
  };
  const isOld = (entry: Entry): boolean => clock() - entry.triedAt >= ttl;

  const attempt = (connection: Probed, entry: Entry): Promise<void> => {
    if (entry.running !== undefined) return entry.running;
    entry.startedAt = clock();
    entry.running = probe(connection, closed.signal).then((status) => {
      if (!closed.signal.aborted) entry.status = status;
      entry.triedAt = clock();
      entry.stamp = timestamp();
      entry.running = undefined;
    });
    return entry.running;
  };

  const enqueue = (connection: Probed): Promise<void> => {
    const entry = entryOf(connection);
    if (!isOld(entry) || closed.signal.aborted) return Promise.resolve();
    entry.queued ??= new Promise((resolve) => {
      queue.push(async () => {
        const current = entries.get(connection.id) === entry && isOld(entry) && !closed.signal.aborted;
        if (current) await attempt(connection, entry);
        entry.queued = undefined;
        resolve();
      });
    });
    return entry.queued;
  };

  const work = async (): Promise<void> => {
    workers++;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next();
    workers--;
  };

  return {
    known: (connection) => entryOf(connection).status,
    fresh: async (connection, wait) => {
      const entry = entryOf(connection);
      if (isOld(entry) && !closed.signal.aborted) {
        const running = attempt(connection, entry);
        await within(running, Math.max(0, wait - (clock() - entry.startedAt)));
      }
      return entry.status;
    },
    refresh: (connections, wait) => {
      const awaited: Promise<void>[] = [];
      for (const connection of connections) {
        const { running, startedAt } = entryOf(connection);
        const tried = enqueue(connection);
        // Who was silent for that long already keeps nobody waiting again.
        if (running === undefined || clock() - startedAt < wait) awaited.push(tried);
      }
      while (workers < parallel && queue.length > 0) void work();
      return wait > 0 && awaited.length > 0 ? within(Promise.all(awaited), wait) : Promise.resolve();
    },
    stamp: (connection) => entryOf(connection).stamp,
    old: (connection) => isOld(entryOf(connection)),
    forget: (id) => {
      entries.delete(id);
    },
    close: () => closed.abort(),
  };
};

const probe = async (connection: Probed, signal: AbortSignal): Promise<SourceStatus> => {
  try {
    const driver = await sourceDriver(connection.source);
    if (driver !== undefined) return await driver.check(connection, signal);
  } catch {
    return { status: "disconnected", reason: `the driver for ${connection.source} failed` };
  }
  return {
    status: "disconnected",
    reason: `not tried: the local service has no driver for ${connection.source}, it only keeps the connection`,
    untried: true,
  };
};

const within = async (work: Promise<unknown>, wait: number): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, wait);
  await Promise.race([work, promise]);
  clearTimeout(timer);
};
