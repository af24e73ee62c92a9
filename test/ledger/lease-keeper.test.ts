import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DeployerError } from "../../src/errors.ts";
import { LeaseKeeper } from "../../src/ledger/store/lease-keeper.ts";

const heartbeat = 10_000;
const expiry = 60_000;

/** Rows as another process could change them, with a count of the writes. */
const rows = () => {
  const epochs = new Map<string, number>();
  const calls = { renew: 0, held: 0, release: 0 };
  const state = { broken: false };
  const store = {
    renew: async () => {
      calls.renew++;
      if (state.broken) throw new Error("disk is gone");
      return epochs.size;
    },
    held: async () => {
      calls.held++;
      return epochs;
    },
    release: async (tenant: string) => {
      calls.release++;
      if (state.broken) throw new DeployerError("ledger-unavailable", "the database is gone");
      epochs.delete(tenant);
    },
    releaseAll: async () => {
      calls.release++;
      if (state.broken) throw new DeployerError("ledger-unavailable", "the database is gone");
      epochs.clear();
    },
  };
  const keeper = new LeaseKeeper(store, { clock: Date.now, heartbeat, expiry });
  const add = (tenant: string, epoch = 1) => {
    epochs.set(tenant, epoch);
    return keeper.add({ tenant, epoch, run: "run-1", continues: false, marked: false, expires: Date.now() + expiry });
  };
  return { epochs, calls, state, keeper, add };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("renews a thousand leases with one write for each heartbeat", async () => {
  const { calls, add, keeper } = rows();
  const leases = Array.from({ length: 1_000 }, (_, index) => add(`t${index}`));
  await vi.advanceTimersByTimeAsync(3 * heartbeat);
  expect(calls).toEqual({ renew: 3, held: 0, release: 0 });
  expect(leases.some((lease) => lease.lost.aborted)).toBe(false);
  await keeper[Symbol.asyncDispose]();
});

it("loses a lease whose time is over before any heartbeat, as after a long sleep", async () => {
  const { add, keeper, calls } = rows();
  const lease = add("t1");
  vi.setSystemTime(Date.now() + expiry - 1);
  expect(lease.lost.aborted).toBe(false);
  vi.setSystemTime(Date.now() + 1);
  expect(lease.lost.aborted).toBe(true);
  expect(() => keeper.facts(lease)).toThrow(expect.objectContaining({ code: "ledger-fenced" }));
  expect(calls.renew).toBe(0);
});

it("stops when the last lease is released", async () => {
  const { calls, add } = rows();
  await using first = add("t1");
  await using second = add("t2");
  await first[Symbol.asyncDispose]();
  expect(vi.getTimerCount()).toBe(1);
  await second[Symbol.asyncDispose]();
  expect(vi.getTimerCount()).toBe(0);
  expect(calls.renew).toBe(0);
});

it("loses exactly the leases that another run took", async () => {
  const { epochs, add } = rows();
  const [first, second] = [add("t1"), add("t2")];
  epochs.delete("t1");
  await vi.advanceTimersByTimeAsync(heartbeat);
  expect(first.lost.reason).toMatchObject({ code: "ledger-fenced" });
  expect(second.lost.aborted).toBe(false);
});

it("bears failing writes until the leases have expired", async () => {
  const { state, add } = rows();
  const lease = add("t1");
  await vi.advanceTimersByTimeAsync(heartbeat);
  state.broken = true;
  await vi.advanceTimersByTimeAsync(expiry - heartbeat);
  expect(lease.lost.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(heartbeat);
  expect(lease.lost.reason).toMatchObject({ code: "ledger-fenced" });
});

it("keeps a lease that a later beat could renew", async () => {
  const { state, add } = rows();
  const lease = add("t1");
  state.broken = true;
  await vi.advanceTimersByTimeAsync(expiry - heartbeat);
  state.broken = false;
  await vi.advanceTimersByTimeAsync(2 * expiry);
  expect(lease.lost.aborted).toBe(false);
});

it("asks a ledger that is gone only once to take leases back, and again when it is there", async () => {
  const { calls, epochs, state, add, keeper } = rows();
  const [first, second, third] = [add("t1"), add("t2"), add("t3")];
  state.broken = true;
  for (const lease of [first, second]) await lease[Symbol.asyncDispose]();
  expect(calls.release).toBe(1);
  state.broken = false;
  await vi.advanceTimersByTimeAsync(heartbeat);
  expect(third.lost.aborted).toBe(false);
  await third[Symbol.asyncDispose]();
  expect(calls.release).toBe(2);
  expect([...epochs.keys()]).toEqual(["t1", "t2"]);
  await keeper[Symbol.asyncDispose]();
});

it("gives back all leases with one write when it ends", async () => {
  const { calls, epochs, add, keeper } = rows();
  for (const tenant of ["t1", "t2", "t3"]) add(tenant);
  await keeper[Symbol.asyncDispose]();
  expect(calls.release).toBe(1);
  expect(epochs.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
