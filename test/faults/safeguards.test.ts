import { expect, it } from "vitest";
import type { Live, Resource } from "../../src/contract/index.ts";
import { DeployerError } from "../../src/errors.ts";
import type { InfinoClient } from "../../src/infino/index.ts";
import type { Lease, Ledger } from "../../src/ledger/index.ts";
import type { ResourceKind } from "../../src/resources/index.ts";
import { infinoKinds } from "../../src/resources/index.ts";
import { aConnection, aJob } from "../engine/workbench.ts";
import type { Decide } from "../support/faults.ts";
import type { Invariant, Violation } from "./invariants.ts";
import { check, checkEdits } from "./invariants.ts";
import { overtake, planned } from "./run-seed.ts";
import type { Desired, StageOptions } from "./stage.ts";
import { allowAll, createStage } from "./stage.ts";

const system = (timeout: number): Desired => {
  const connection = aConnection("t1", { timeout_secs: timeout });
  const own = (of: Resource): Resource => ({ ...of, properties: { ...of.properties, source: "alpha" } });
  return { t1: [own(connection), own(aJob("t1"))] };
};

const none: Decide = () => undefined;
/** One fault, at the first create of a connection. */
const once =
  (kind: "drop-after" | "late-commit"): Decide =>
  (exchange, _label, nth) =>
    exchange.verb === "create" && exchange.kind === "connection" && nth === 0 ? kind : undefined;

const connections = (change: (kind: ResourceKind<InfinoClient>) => Partial<ResourceKind<InfinoClient>>) =>
  infinoKinds.map((kind) => (kind.name === "connection" ? { ...kind, ...change(kind) } : kind));

/** Reading before a write gives what the plan saw. */
const withoutReread = connections((kind) => {
  const seen = new Map<string, Live>();
  return {
    list: async (...args) => {
      const live = await kind.list(...args);
      for (const item of live) seen.set(item.id, item);
      return live;
    },
    read: async (api, catalog, id, ...rest) => {
      const planned = seen.get(id);
      seen.delete(id);
      return planned ?? kind.read?.(api, catalog, id, ...rest);
    },
  };
});

/** A create of unknown outcome is sent again at once. */
const withoutLook = connections((kind) => ({
  create: async (...args) => {
    try {
      return await kind.create(...args);
    } catch (error) {
      if (!(error instanceof DeployerError) || error.details?.["outcome"] !== "unknown") throw error;
      return kind.create(...args);
    }
  },
}));

const withoutIntents = (ledger: Ledger): Ledger => ({
  ...ledger,
  intend: async () => undefined,
  acked: async () => undefined,
});

/** A lease that others took is as good as before. */
const withoutEpoch = (ledger: Ledger): Ledger => {
  const real = new WeakMap<Lease, Lease>();
  const never = new AbortController().signal;
  const unfenced =
    <Rest extends readonly unknown[]>(write: (lease: Lease, ...rest: Rest) => Promise<void>) =>
    async (lease: Lease, ...rest: Rest): Promise<void> => {
      await write(real.get(lease) ?? lease, ...rest).catch((error: unknown) => {
        if (!(error instanceof DeployerError) || error.code !== "ledger-fenced") throw error;
      });
    };
  return {
    ...ledger,
    lease: async (...args) => {
      const lease = await ledger.lease(...args);
      const { tenant, epoch, continues } = lease;
      const blind: Lease = {
        tenant,
        epoch,
        continues,
        lost: never,
        check: async () => undefined,
        [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
      };
      real.set(blind, lease);
      return blind;
    },
    intend: unfenced(ledger.intend),
    touch: unfenced(ledger.touch),
    acked: unfenced(ledger.acked),
    settle: unfenced(ledger.settle),
    put: unfenced(ledger.put),
    drop: unfenced(ledger.drop),
    move: unfenced(ledger.move),
  };
};

type Scene = (options: Omit<StageOptions, "seed" | "decide">) => Promise<readonly Violation[]>;

/** Somebody changes a connection between plan and apply. */
const edited: Scene = async (options) => {
  await using stage = await createStage({ seed: 1, decide: none, ...options });
  await using deployer = await stage.deployer(true);
  await stage.run(deployer, await deployer.bench.plan(system(30), allowAll));
  const plan = await deployer.bench.plan(system(60), allowAll);
  const id = plan.changes.find(({ kind }) => kind === "connection")?.id ?? "";
  await stage.edit(id, { timeout_secs: 200 });
  const trace = await stage.run(deployer, plan);
  return [...check(trace), ...checkEdits(trace.after, new Map([[id, 200]]))];
};

/** The answer to a create is lost, and the same command runs once more. */
const unanswered =
  (kind: "drop-after" | "late-commit"): Scene =>
  async (options) => {
    await using stage = await createStage({ seed: 1, decide: once(kind), settle: 800, ...options });
    await using deployer = await stage.deployer();
    const first = await stage.run(deployer, await planned(stage, system(30)));
    const second = await stage.run(deployer, await planned(stage, system(30)), { faults: false });
    await stage.faults.idle();
    return [...check(first), ...check({ ...second, after: await stage.world(), made: stage.made })];
  };

/** The holder of the lease sleeps through a whole run of somebody else. */
const overtaken: Scene = async (options) => {
  await using stage = await createStage({ seed: 1, decide: none, ...options });
  await using deployer = await stage.deployer(true);
  const plan = await deployer.bench.plan(system(30), allowAll);
  let isPaused = false;
  deployer.hooks = {
    before: async (step) => {
      if (step !== "intend" || isPaused) return;
      isPaused = true;
      await overtake(stage, deployer, system(30));
    },
  };
  return check(await stage.run(deployer, plan));
};

const safeguards: readonly (readonly [
  safeguard: string,
  Scene,
  off: Omit<StageOptions, "seed" | "decide">,
  red: readonly Invariant[],
])[] = [
  ["the re-read before a write", edited, { kinds: withoutReread }, ["edit-kept"]],
  ["the commit of the intent", unanswered("drop-after"), { around: withoutIntents }, ["intent-first"]],
  ["the epoch", overtaken, { around: withoutEpoch }, ["intent-first", "one-per-identity"]],
  [
    "the look-up before a repeated create",
    unanswered("drop-after"),
    { kinds: withoutLook },
    ["look-before-repeat", "as-planned", "one-per-identity"],
  ],
  ["settle", unanswered("late-commit"), { told: { requestTimeout: 0, settle: 0 } }, ["one-per-identity"]],
];

it.each(safeguards)("%s keeps a promise", async (_safeguard, scene) => {
  expect(await scene({})).toEqual([]);
});

it.each(safeguards)("%s is missed where it is switched off", async (_safeguard, scene, off, red) => {
  const broken = new Set((await scene(off)).map(({ invariant }) => invariant));
  expect([...broken]).toEqual(expect.arrayContaining([...red]));
});
