import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Base, Change, Plan, Properties, Resource, Traits } from "../../src/contract/index.ts";
import { defaultTraits } from "../../src/contract/index.ts";
import type { Applied } from "../../src/engine/index.ts";
import { DeployerError } from "../../src/errors.ts";
import type { InfinoClient } from "../../src/infino/index.ts";
import type { Ledger } from "../../src/ledger/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import type { ResourceKind } from "../../src/resources/index.ts";
import { createService } from "../../src/service/index.ts";
import type { PlanSettings, Workbench } from "../engine/workbench.ts";
import { credentials, workbench } from "../engine/workbench.ts";
import type { JournalEvent, LedgerHooks } from "../support/fault-ledger.ts";
import { watchedLedger } from "../support/fault-ledger.ts";
import { faultServer } from "../support/fault-server.ts";
import type { Decide, Faults } from "../support/faults.ts";
import { clientHeader, createFaults } from "../support/faults.ts";
import type { SignedClient } from "../support/signed.ts";
import { signedClient } from "../support/signed.ts";
import type { Ticks, World } from "../support/trace.ts";
import { createTicks, readWorld } from "../support/trace.ts";
import { catalog } from "./desired.ts";
import type { Made, RunTrace } from "./invariants.ts";

export const times = { requestTimeout: 60, settle: 60, verify: 250 } as const;

export type Desired = Readonly<Record<string, readonly Resource[]>>;

export type StageOptions = {
  readonly seed: number;
  readonly traits?: Partial<Traits>;
  readonly decide: Decide;
  readonly kinds?: readonly ResourceKind<InfinoClient>[];
  /** What stands between the engine and its ledger, besides what the stage watches. */
  readonly around?: (ledger: Ledger) => Ledger;
  /** What the engine is told, where that is not what the faults keep to. */
  readonly told?: { readonly requestTimeout: number; readonly settle: number };
  /** Milliseconds within which the faults' late writes come; default that of `times`. */
  readonly settle?: number;
};

/** A process that deploys: a ledger handle of its own, and a way to the service that ends when it dies. */
export type Deployer = AsyncDisposable & {
  readonly name: string;
  readonly bench: Workbench;
  readonly clock: { offset: number };
  hooks: LedgerHooks;
  /** From now on nothing that it asks for ever comes back. */
  kill(): void;
  /** Nothing goes out or comes back until then, as if the process were stopped. */
  pause(until: Promise<void>): void;
};

/** The real service behind a port, faults before it, a ledger file, foreign objects, and everything that happened. */
export type Stage = AsyncDisposable & {
  readonly faults: Faults;
  readonly journal: JournalEvent[];
  readonly foreign: ReadonlySet<string>;
  readonly made: ReadonlyMap<string, Made>;
  readonly ledgerPath: string;
  readonly ticks: Ticks;
  /** For people who look into a seed. */
  readonly log: { readonly tick: number; readonly what: string }[];
  /** Runs whose process died. */
  readonly dead: Set<string>;
  /** `patient`: its requests do not time out. */
  deployer(patient?: boolean): Promise<Deployer>;
  /** Rotates the secret of all connections, for everybody who deploys. */
  secret(value: string): void;
  /** Time goes by, for everybody. */
  pass(ms: number): void;
  world(): Promise<World>;
  /** Somebody else changes a connection. */
  edit(id: string, config: Properties): Promise<boolean>;
  /** A person takes these away. */
  remove(ids: readonly string[]): Promise<void>;
  /** One apply under faults with everything that it left behind. Undefined results where `dies` won. */
  run(deployer: Deployer, plan: Plan, settings?: RunSettings): Promise<RunTrace>;
};

export type RunSettings = {
  /** False: nothing goes wrong. Default true. */
  readonly faults?: boolean;
  /** Ends the wait for the run: its process died. */
  readonly dies?: Promise<void>;
};

export const allowAll: PlanSettings = { prune: true, deleteData: true, maxDeletes: "100%", recreateMissing: true };

const plant = async (call: SignedClient): Promise<void> => {
  const connection = async (name: string): Promise<string> => {
    const config = { name, base_url: "http://127.0.0.1:9", api_key: "somebody-elses", timeout_secs: 7 };
    const { body } = await call("POST", "/source/alpha", { config });
    return String((body as { connection_id: string }).connection_id);
  };
  const job = (source_id: string, target_dataset: string) =>
    call("PUT", "/import/alpha", { source_id, target_dataset, query: "{}", schedule: "5 5 * * *" });
  // Names that differ from ours by case, a suffix, a prefix or the tenant.
  const ids = [];
  for (const name of ["acme-t1-crm2", "ACME-t1-crm", "acme-t1", "acme-t3-crm", "cme-t1-crm"])
    ids.push(await connection(name));
  // The same dataset as a job of ours, from a connection that is not.
  await job(ids[0] ?? "", "acme-t1-crm-contact");
  await job(ids[1] ?? "", "acme-t2-erp-contact");
  for (const name of ["acme-t1-contact", "acme-t1-contacts2", "acme-t1-crm-contact"]) await call("PUT", `/${name}`);
};

export const createStage = async (options: StageOptions): Promise<Stage> => {
  const actual = { ...times, settle: options.settle ?? times.settle };
  const ticks = createTicks();
  const journal: JournalEvent[] = [];
  const dead = new Set<string>();
  const traits = { ...defaultTraits, ...options.traits };
  let passed = 0;
  let secret = "s3cret-value-1";
  const folder = await mkdtemp(join(tmpdir(), "connector-faults-"));
  const server = await faultServer();
  const service = await createService({
    credentials,
    catalog,
    traits,
    statusWait: 0,
    runImports: false,
    clock: () => Date.now() + passed,
  });
  const inner = (request: Request): Promise<Response> => service.fetch(request);
  const call: SignedClient = (...args) =>
    signedClient({ ...credentials, url: server.url, now: Date.now() + passed }, inner)(...args);
  const get = async (path: string): Promise<unknown> => (await call("GET", path)).body;
  const world = (): Promise<World> => readWorld(get, traits.updated_at === "config");
  await plant(call);
  const foreign = new Set((await world()).keys());
  const edit = async (id: string, config: Properties): Promise<boolean> => {
    const whole = traits.patch === "replace" ? ((await get(`/source/${id}`)) as { config?: Properties }).config : {};
    const hidden = traits.patch === "replace" ? { api_key: secret } : {};
    return (await call("PATCH", `/source/${id}`, { config: { ...whole, ...hidden, ...config } })).status === 200;
  };
  const faults = createFaults(inner, {
    seed: options.seed,
    decide: options.decide,
    ticks,
    ...actual,
    call,
    edit: async (id) => void (await edit(id, { timeout_secs: 5 })),
  });
  server.answer = faults.fetch;
  const made = (): ReadonlyMap<string, Made> =>
    new Map(
      faults.trace.flatMap(({ kind, key = "", made: id }) =>
        id === undefined ? [] : [[`${kind} ${id}`, { kind, id, key }]],
      ),
    );
  const ledgerPath = join(folder, "ledger.db");
  const deployers: Deployer[] = [];

  const deployer = async (patient = false): Promise<Deployer> => {
    const name = String(deployers.length);
    const clock = { offset: 0 };
    const now = (): number => Date.now() + passed + clock.offset;
    const opened = await openLedger(ledgerPath, {
      environment: "default",
      clock: now,
      isAlive: (holder) => !dead.has(holder.run),
    });
    let isDead = false;
    let gate: Promise<void> | undefined;
    const never = new Promise<never>(() => undefined);
    const watched = watchedLedger(opened, ticks, journal, {
      before: async (step) => {
        if (isDead) await never;
        await made.hooks.before?.(step);
        await gate;
        if (isDead) await never;
      },
      after: async (step) => {
        await made.hooks.after?.(step);
        await gate;
        if (isDead) await never;
      },
    });
    const ledger = options.around?.(watched) ?? watched;
    const bench = await workbench(
      () => async (request) => {
        await gate;
        if (isDead) return never;
        request.headers.set(clientHeader, name);
        const answer = await globalThis.fetch(request);
        await gate;
        return isDead ? never : answer;
      },
      {
        service,
        catalog,
        ledger,
        traits,
        endpoint: server.url,
        times: { ...actual, ...options.told, clientTimeout: patient ? 20_000 : times.requestTimeout },
        clock: now,
        sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
        clientSleep: (ms) => new Promise((done) => setTimeout(done, Math.min(ms, 5))),
        ...(options.kinds === undefined ? {} : { kinds: options.kinds }),
      },
    );
    bench.secrets.set("crm_key", secret);
    const made: Deployer = {
      name,
      bench,
      clock,
      hooks: {},
      kill: () => {
        isDead = true;
      },
      pause: (until) => {
        gate = until.finally(() => {
          gate = undefined;
        });
      },
      [Symbol.asyncDispose]: async () => {
        await bench[Symbol.asyncDispose]();
        await opened[Symbol.asyncDispose]();
      },
    };
    deployers.push(made);
    return made;
  };

  const state = async (ledger: Ledger, plan: Plan) => {
    const tenants = Object.keys(plan.tenants);
    const entries: Base[] = (await Promise.all(tenants.map((tenant) => ledger.entries(tenant)))).flat();
    const open = (await Promise.all(tenants.map((tenant) => ledger.open(tenant)))).flat();
    return { entries, open };
  };

  return {
    faults,
    journal,
    foreign,
    get made() {
      return made();
    },
    ledgerPath,
    ticks,
    log: [],
    dead,
    deployer,
    secret: (value) => {
      secret = value;
      for (const { bench } of deployers) bench.secrets.set("crm_key", value);
    },
    pass: (ms) => {
      passed += ms;
    },
    world,
    edit,
    remove: async (ids) => {
      const all = made();
      for (const { kind, id } of [...all.values()].filter((item) => ids.includes(item.id))) {
        await call(
          "DELETE",
          kind === "connection" ? `/source/${id}` : kind === "dataset" ? `/${id}` : `/import/jobs/${id}`,
        );
      }
    },
    run: async (by, plan, { faults: isFaulty = true, dies } = {}) => {
      const { bench } = by;
      const before = await world();
      const was = await state(bench.ledger, plan);
      const began = ticks();
      const first = faults.trace.length;
      const holder = localHolder(crypto.randomUUID());
      if (isFaulty) faults.arm(by.name);
      let applied: Applied | undefined;
      let thrown: DeployerError | undefined;
      let died = false;
      try {
        const work = bench.apply(plan, { holder });
        const death = dies?.then(() => {
          died = true;
        });
        applied = (await (death === undefined ? work : Promise.race([work, death]))) ?? undefined;
      } catch (error) {
        // Before any change had begun: the error is the outcome.
        if (!(error instanceof DeployerError)) throw error;
        thrown = error;
      } finally {
        faults.disarm();
      }
      if (died) {
        dead.add(holder.run);
        await faults.idle();
      }
      // A dead process reads nothing: another handle looks.
      await using looking = await openLedger(ledgerPath, { environment: "default" });
      const is = await state(died ? looking : bench.ledger, plan);
      return {
        plan,
        run: holder.run,
        applied,
        died,
        thrown,
        exchanges: faults.trace.slice(first).filter(({ client }) => client === by.name),
        journal,
        began,
        entriesBefore: was.entries,
        openBefore: was.open,
        entriesAfter: is.entries,
        openAfter: is.open.map(({ change }): Change => change),
        before,
        after: await world(),
        foreign,
        made: made(),
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const item of deployers) await item[Symbol.asyncDispose]();
      await faults.idle();
      await server[Symbol.asyncDispose]();
      await service.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
