import { DeployerError } from "../../errors.ts";
import type { Lease } from "../types.ts";
import { fencedError } from "./errors.ts";

/** The rows of one ledger handle's leases. */
export type LeaseStore = {
  /** Puts the expiry of all of them off at once; gives how many there are. */
  renew(): Promise<number>;
  /** Tenant → epoch. */
  held(): Promise<ReadonlyMap<string, number>>;
  release(tenant: string, epoch: number): Promise<void>;
  releaseAll(): Promise<void>;
};

export type LeaseFacts = Omit<Lease, "lost" | "check" | typeof Symbol.asyncDispose> & {
  readonly run: string;
  /** By the keeper's clock. */
  readonly expires: number;
  /** The tenant's row remembers the plan that this lease was taken for. */
  readonly marked: boolean;
};

type Held = LeaseFacts & {
  expires: number;
  /** When the store last showed that it is ours. */
  seen: number;
  readonly lease: Lease;
  readonly controller: AbortController;
};

/** Milliseconds for which what the store showed is good enough. */
const goodFor = 500;

/** Keeps the leases of one ledger handle alive: one timer and one write for all of them, while there are any. */
export class LeaseKeeper implements AsyncDisposable {
  readonly #store: LeaseStore;
  readonly #clock: () => number;
  readonly #heartbeat: number;
  readonly #expiry: number;
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;
  #beating = false;
  #checking: Promise<void> | undefined;
  /** A release failed since the last renewal: more of them would only take their time. */
  #isCutOff = false;

  constructor(store: LeaseStore, times: { clock: () => number; heartbeat: number; expiry: number }) {
    this.#store = store;
    this.#clock = times.clock;
    this.#heartbeat = times.heartbeat;
    this.#expiry = times.expiry;
  }

  add(facts: LeaseFacts): Lease {
    const controller = new AbortController();
    const { tenant, epoch, takenOver, continues } = facts;
    // A process that was stopped for long wakes up before its heartbeat can tell: the time is looked at each time.
    const current = (): AbortSignal => {
      const held = this.#held.get(tenant);
      if (held !== undefined && held.expires <= this.#clock()) this.lose({ tenant, epoch });
      return controller.signal;
    };
    const lease: Lease = {
      tenant,
      epoch,
      continues,
      get lost() {
        return current();
      },
      ...(takenOver === undefined ? {} : { takenOver }),
      check: () => this.#check(lease),
      [Symbol.asyncDispose]: () => this.#release(lease),
    };
    const before = this.#held.get(tenant);
    if (before !== undefined) this.lose(before);
    this.#held.set(tenant, { ...facts, lease, controller, seen: this.#clock() });
    this.#timer ??= setInterval(() => void this.#beat(), this.#heartbeat).unref();
    return lease;
  }

  /** What the lease was taken with; throws `ledger-fenced` when it is lost or released. */
  facts(lease: Lease): LeaseFacts {
    const held = this.#held.get(lease.tenant);
    if (held?.lease !== lease) throw fencedError(lease.tenant, lease.epoch);
    return held;
  }

  /** The store has just taken a write under it, which was asked for at that time. */
  confirm(lease: Lease, at: number): void {
    const held = this.#held.get(lease.tenant);
    if (held?.lease === lease) held.seen = Math.max(held.seen, at);
  }

  lose({ tenant, epoch }: { readonly tenant: string; readonly epoch: number }): void {
    const held = this.#held.get(tenant);
    if (held?.epoch !== epoch) return;
    this.#forget(tenant);
    held.controller.abort(fencedError(tenant, epoch));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#held.size === 0 && !this.#isCutOff) return;
    for (const tenant of [...this.#held.keys()]) this.#forget(tenant);
    this.#isCutOff = false;
    await this.#unlessCutOff(() => this.#store.releaseAll());
  }

  async #check(lease: Lease): Promise<void> {
    const since = this.#clock() - goodFor;
    const isRecent = (): boolean => {
      if (lease.lost.aborted) throw lease.lost.reason;
      const held = this.#held.get(lease.tenant);
      if (held?.lease !== lease) throw fencedError(lease.tenant, lease.epoch);
      return held.seen > since;
    };
    // What was asked long before this may be too old an answer.
    while (!isRecent()) {
      this.#checking ??= this.#look().finally(() => {
        this.#checking = undefined;
      });
      await this.#checking;
    }
  }

  async #look(): Promise<void> {
    const at = this.#clock();
    const before = [...this.#held.values()];
    const still = await this.#store.held();
    for (const held of before) {
      if (still.get(held.tenant) === held.epoch) held.seen = Math.max(held.seen, at);
      else this.lose(held);
    }
  }

  async #release(lease: Lease): Promise<void> {
    if (this.#held.get(lease.tenant)?.lease !== lease) return;
    this.#forget(lease.tenant);
    await this.#unlessCutOff(() => this.#store.release(lease.tenant, lease.epoch));
  }

  /** A lease that cannot be given back expires by itself. */
  async #unlessCutOff(release: () => Promise<void>): Promise<void> {
    if (this.#isCutOff) return;
    try {
      await release();
    } catch (error) {
      if (!(error instanceof DeployerError) || error.code !== "ledger-unavailable") throw error;
      this.#isCutOff = true;
    }
  }

  #forget(tenant: string): void {
    this.#held.delete(tenant);
    if (this.#held.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    try {
      await this.#renew();
    } catch {
      // A write that fails may succeed at the next beat; the lease is good until it expires.
      const now = this.#clock();
      for (const held of [...this.#held.values()]) if (held.expires <= now) this.lose(held);
    } finally {
      this.#beating = false;
    }
  }

  async #renew(): Promise<void> {
    const now = this.#clock();
    const before = [...this.#held.values()];
    const renewed = await this.#store.renew();
    this.#isCutOff = false;
    // There may be more than ours: those that could not be given back.
    const still = renewed !== before.length ? await this.#store.held() : undefined;
    for (const held of before) {
      if (still === undefined || still.get(held.tenant) === held.epoch) {
        held.expires = now + this.#expiry;
        held.seen = Math.max(held.seen, now);
      } else this.lose(held);
    }
  }
}
