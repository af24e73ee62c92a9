import type { Catalog } from "../../src/catalog/index.ts";
import { builtinCatalog } from "../../src/catalog/index.ts";
import type { Base, Plan, Properties, Resource } from "../../src/contract/index.ts";
import { address, eachSealed, fingerprint, mapSealed } from "../../src/contract/index.ts";
import type {
  Applied,
  ApplySettings,
  Move,
  Policies,
  Renamed,
  ReportEvent,
  Rim,
  TenantInput,
} from "../../src/engine/index.ts";
import { applyPlan, findDrift, makePlan, observe, recover, renameEntries } from "../../src/engine/index.ts";
import { DeployerError } from "../../src/errors.ts";
import type { InfinoClient } from "../../src/infino/index.ts";
import { createClient } from "../../src/infino/index.ts";
import type { Ledger } from "../../src/ledger/index.ts";
import { localHolder, openLedger } from "../../src/ledger/index.ts";
import type { ResourceKind, Target, Traits } from "../../src/resources/index.ts";
import { defaultTraits, infinoKinds } from "../../src/resources/index.ts";
import type { Service } from "../../src/service/index.ts";
import { createService } from "../../src/service/index.ts";

export const credentials = { accessKey: "IAK_TEST", secretKey: "test-secret-key-of-the-service" };
const key = new TextEncoder().encode("fingerprints of tests");

export type Fetch = (request: Request) => Promise<Response>;

export type PlanSettings = Partial<{
  prune: boolean;
  deleteData: boolean;
  maxDeletes: number | `${number}%`;
  recreateMissing: boolean;
  policies: Partial<Policies>;
  waves: readonly string[];
  leaving: readonly string[];
  moves: readonly Move[];
  wave: (tenant: string) => string;
}>;

/** The real service in process, a real ledger in memory, and the engine between them. */
export type Workbench = AsyncDisposable & {
  readonly api: InfinoClient;
  readonly ledger: Ledger;
  readonly target: Target<InfinoClient>;
  readonly events: ReportEvent[];
  /** `METHOD /path` of every request since the last `forgetRequests`. */
  readonly requests: string[];
  forgetRequests(): void;
  /** Values of secrets; change it to rotate one. */
  readonly secrets: Map<string, string>;
  plan(desired: Readonly<Record<string, readonly Resource[]>>, settings?: PlanSettings): Promise<Plan>;
  apply(plan: Plan, settings?: Partial<ApplySettings>): Promise<Applied>;
  /** Plan and apply. */
  deploy(desired: Readonly<Record<string, readonly Resource[]>>, settings?: PlanSettings): Promise<Applied>;
  drift(): Promise<ReturnType<typeof findDrift>>;
};

export const signal = new AbortController().signal;

/** What stands in place of the bench's own parts; what is left out is made, and closed with the bench. */
export type BenchOptions = {
  /** How the service behaves, and what the engine is told of it. */
  readonly traits?: Partial<Traits>;
  readonly service?: Service;
  readonly ledger?: Ledger;
  /** Where requests are signed for; default an address in process. */
  readonly endpoint?: string;
  readonly kinds?: readonly ResourceKind<InfinoClient>[];
  readonly catalog?: Catalog;
  /** Milliseconds. `clientTimeout`: one request of the client; default 500. */
  readonly times?: { readonly clientTimeout?: number } & Partial<
    Pick<Target<InfinoClient>, "requestTimeout" | "settle" | "verify">
  >;
  readonly clock?: () => number;
  /** The engine's sleep; default at most 20 ms. */
  readonly sleep?: (ms: number) => Promise<void>;
  /** The client's sleep between repeats; default none. */
  readonly clientSleep?: (ms: number) => Promise<void>;
};

/** `wrap` stands between the client and the service: it may drop, delay or falsify. */
export const workbench = async (
  wrap: (fetch: Fetch) => Fetch = (fetch) => fetch,
  options: BenchOptions = {},
): Promise<Workbench> => {
  const { traits, endpoint = "http://127.0.0.1:1", clock = Date.now } = options;
  const { clientTimeout = 500, ...times } = options.times ?? {};
  const service =
    options.service ??
    (await createService({ credentials, runImports: false, ...(traits === undefined ? {} : { traits }) }));
  const ledger = options.ledger ?? (await openLedger("memory:", { environment: "default" }));
  const requests: string[] = [];
  const events: ReportEvent[] = [];
  const secrets = new Map([["crm_key", "s3cret-value-1"]]);
  const wrapped = wrap((request) => service.fetch(request));
  const api = createClient({
    endpoint,
    ...credentials,
    clock,
    fetch: (request) => {
      requests.push(`${request.method} ${new URL(request.url).pathname}`);
      return wrapped(request);
    },
    sleep: options.clientSleep ?? (async () => undefined),
    requestTimeout: clientTimeout,
  });
  const target: Target<InfinoClient> = {
    name: "default",
    endpoint,
    identity: "test",
    traits: { ...defaultTraits, ...traits },
    catalog: options.catalog ?? builtinCatalog(),
    api,
    kinds: options.kinds ?? infinoKinds,
    requestTimeout: 5,
    settle: 5,
    verify: 100,
    ...times,
    requests: () => api.requests(),
  };
  const targets = new Map([["default", target]]);
  const resolve = (text: string): string => {
    const value = secrets.get(/\$SECRET\((\w+)\)/.exec(text)?.[1] ?? "");
    if (value === undefined) throw new DeployerError("missing-secret", `no secret for ${text}`);
    return value;
  };
  const print = (entry: string, path: string, value: string): string => fingerprint(key, entry, path, value);
  const seal = (resource: Resource): Resource => {
    let missing = false;
    eachSealed(resource.properties, (_, { $secret }) => {
      missing ||= !secrets.has(/\$SECRET\((\w+)\)/.exec($secret)?.[1] ?? "");
    });
    if (missing) return resource;
    const properties = mapSealed(resource.properties, (path, { $secret }) => ({
      $secret,
      fingerprint: print(`${resource.kind}/${resource._id}`, path, resolve($secret)),
    })) as Properties;
    return { ...resource, properties };
  };

  const readdress = (base: Base, _id: string): Base => {
    const name = (id: string): string => address(base.resource.kind, id);
    const reprint = (of: Properties): Properties =>
      mapSealed(of, (path, sealed) =>
        sealed.fingerprint === print(name(base.resource._id), path, resolve(sealed.$secret))
          ? { ...sealed, fingerprint: print(name(_id), path, resolve(sealed.$secret)) }
          : sealed,
      ) as Properties;
    const resource = { ...base.resource, _id, properties: reprint(base.resource.properties) };
    return { ...base, resource, applied: reprint(base.applied) };
  };

  const bench: Workbench = {
    api,
    ledger,
    target,
    events,
    requests,
    forgetRequests: () => {
      requests.length = 0;
    },
    secrets,
    plan: async (desired, settings = {}) => {
      const tenants = [...new Set([...Object.keys(desired), ...(await ledger.tenants())])].sort();
      const sealed = new Map(Object.entries(desired).map(([tenant, list]) => [tenant, list.map(seal)]));
      const renamed = new Map<string, Renamed>();
      for (const tenant of tenants) {
        const [known, open] = [await ledger.entries(tenant), await ledger.open(tenant)];
        renamed.set(tenant, renameEntries(known, open, sealed.get(tenant) ?? [], settings.moves ?? [], readdress));
      }
      const entries = [...renamed.values()].flatMap((part) => part.entries);
      const open = [...renamed.values()].flatMap((part) => part.open);
      const wanted = [...sealed.values()].flat();
      const observed = new Map([["default", await observe(target, entries, wanted, signal, undefined, open)]]);
      const inputs: TenantInput[] = [];
      for (const tenant of tenants) {
        const part = renamed.get(tenant) ?? { entries: [], open: [], renamed: new Map() };
        inputs.push({
          tenant,
          target: "default",
          ...(settings.wave === undefined ? {} : { wave: settings.wave(tenant) }),
          desired: sealed.get(tenant) ?? [],
          inputs: "inputs",
          ledger: await ledger.revision(tenant),
          leaving: settings.leaving?.includes(tenant) === true,
          vanished: !sealed.has(tenant) && settings.leaving?.includes(tenant) !== true,
          ...recover(part.entries, part.open, targets, observed),
          renamed: part.renamed,
        });
      }
      return makePlan({
        tool: "connector-deployer/0.1.0",
        createdAt: "2026-01-15T10:30:00.000Z",
        environment: "default",
        targets,
        observed,
        tenants: inputs,
        waves: settings.waves ?? [],
        prune: settings.prune ?? false,
        deleteData: settings.deleteData ?? false,
        maxDeletes: settings.maxDeletes ?? "10%",
        recreateMissing: settings.recreateMissing ?? false,
        policies: {
          isProtected: () => false,
          mayAdopt: () => false,
          isOwnedElsewhere: () => false,
          keepField: () => true,
          isSelected: () => true,
          ...settings.policies,
        },
        refusals: [],
      });
    },
    apply: async (plan, settings = {}) => {
      const holder = localHolder(crypto.randomUUID());
      const started = new Date().toISOString();
      await ledger.begin({
        id: holder.run,
        command: "apply",
        environment: "default",
        started,
        planDigest: plan.digest,
      });
      const rim: Rim<InfinoClient> = {
        targets,
        ledger,
        secret: async (_tenant, text) => resolve(text),
        fingerprint: print,
        clock,
        sleep: options.sleep ?? ((ms) => new Promise((done) => setTimeout(done, Math.min(ms, 20)))),
        report: (event) => events.push(event),
        signal,
      };
      return applyPlan(rim, plan, {
        holder,
        parallelism: 10,
        onError: "continue",
        stop: signal,
        waves: [],
        refusesDrift: () => false,
        ...settings,
      });
    },
    deploy: async (desired, settings) =>
      bench.apply(await bench.plan(desired, settings), { waves: settings?.waves ?? [] }),
    drift: async () => {
      const entries = (await Promise.all((await ledger.tenants()).map((tenant) => ledger.entries(tenant)))).flat();
      const observed = new Map([["default", await observe(target, entries, [], signal)]]);
      return findDrift(entries, targets, observed, () => true);
    },
    [Symbol.asyncDispose]: async () => {
      if (options.ledger === undefined) await ledger[Symbol.asyncDispose]();
      if (options.service === undefined) await service.close();
    },
  };
  return bench;
};

export const aConnection = (tenant: string, config: Properties = {}, _id = `acme-${tenant}-crm`): Resource => ({
  tenant,
  kind: "connection",
  _id,
  properties: {
    source: "elasticsearch",
    auth: "api_key",
    config: { name: _id, base_url: "http://127.0.0.1:9", api_key: { $secret: "$SECRET(crm_key)" }, ...config },
  },
});

export const aJob = (tenant: string, properties: Properties = {}, connection = `acme-${tenant}-crm`): Resource => ({
  tenant,
  kind: "import-job",
  _id: `acme-${tenant}-crm-contact-collect`,
  properties: {
    connection,
    source: "elasticsearch",
    target_dataset: `acme-${tenant}-crm-contact-collect`,
    query: '{"query":{"match_all":{}}}',
    schedule: "0 0 * * *",
    ...properties,
  },
});

export const aDataset = (tenant: string, on_delete: "retain" | "delete" = "retain"): Resource => ({
  tenant,
  kind: "dataset",
  _id: `acme-${tenant}-contacts`,
  properties: { name: `acme-${tenant}-contacts`, on_delete },
});

export const aTenant = (tenant: string): readonly Resource[] => [aDataset(tenant), aConnection(tenant), aJob(tenant)];
