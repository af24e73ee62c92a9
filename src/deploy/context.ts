import { digest } from "../canonical.ts";
import type { Base, Properties, Resource } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { Observed, ReportEvent } from "../engine/index.ts";
import { observe } from "../engine/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { Ledger } from "../ledger/index.ts";
import { openLedger } from "../ledger/index.ts";
import type { ProjectFiles, Tenant } from "../manifest/index.ts";
import type { Target } from "../resources/index.ts";
import type { ProjectSecrets, SecretResolver } from "../secrets/index.ts";
import { createSecretResolver } from "../secrets/index.ts";
import type { Fingerprint } from "./seal.ts";
import { fingerprinter } from "./seal.ts";
import { fingerprintKey, ledgerAddress } from "./state-folder.ts";
import { openTarget } from "./targets.ts";
import type { TenantIndex } from "./tenant-index.ts";
import { openTenantIndex } from "./tenant-index.ts";
import type { OpenOptions } from "./types.ts";

/** What an opened project shares between its calls. Everything costly is opened when first needed. */
export type Context = {
  readonly files: ProjectFiles;
  readonly options: OpenOptions;
  readonly set: Properties;
  clock(): number;
  report(event: ReportEvent): void;
  /** Reports warnings once each. */
  warn(diagnostics: readonly Diagnostic[]): void;
  index(): Promise<TenantIndex>;
  ledger(): Promise<Ledger>;
  fingerprint(): Promise<Fingerprint>;
  target(name: string): Promise<Target<InfinoClient>>;
  /** Resolves a tenant's texts; a tenant without a file has only the project's secrets. */
  secrets(tenant: Tenant | undefined): SecretResolver;
  close(): Promise<void>;
};

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      // The next call may succeed, such as after a variable was set.
      made = undefined;
      throw error;
    });
    return made;
  };
};

export const createContext = (files: ProjectFiles, options: OpenOptions): Context => {
  const set = options.set ?? {};
  const env = options.env ?? process.env;
  const clock = options.clock ?? Date.now;
  const report = options.report ?? (() => undefined);
  let project: ProjectSecrets | undefined;
  const projectSecrets = (): ProjectSecrets => {
    project ??= createSecretResolver({ sources: files.secrets, env, dir: files.dir });
    return project;
  };
  const resolvers = new WeakMap<Tenant, SecretResolver>();
  const targets = new Map<string, () => Promise<Target<InfinoClient>>>();
  const warned = new Set<string>();
  let opened: Ledger | undefined;

  const key = once(async () => {
    if (files.ledger_key === undefined) return fingerprintKey(files.dir);
    return Buffer.from(await projectSecrets().resolve(files.ledger_key), "utf8");
  });
  const ledger = once(async () => {
    const address = await ledgerAddress(files.dir, await projectSecrets().resolve(files.ledger));
    const made = await openLedger(address, {
      environment: files.environment,
      durability: files.ledger_durability,
      clock,
    });
    try {
      await made.verifyKey(fingerprinter(await key())("ledger", "", "check"));
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
    opened = made;
    return made;
  });
  const index = once(() => openTenantIndex(files.dir, files.environment, digest([files.shared, set])));

  return {
    files,
    options,
    set,
    clock,
    report,
    warn: (diagnostics) => {
      for (const diagnostic of diagnostics) {
        const name = JSON.stringify(diagnostic);
        if (diagnostic.severity !== "warning" || warned.has(name)) continue;
        warned.add(name);
        report({ code: "warning", diagnostic });
      }
    },
    index,
    ledger,
    fingerprint: async () => fingerprinter(await key()),
    target: (name) => {
      const known = targets.get(name) ?? once(() => openTarget(name, files, projectSecrets(), options));
      targets.set(name, known);
      return known();
    },
    secrets: (tenant) => {
      if (tenant === undefined) return projectSecrets();
      const known = resolvers.get(tenant) ?? projectSecrets().forTenant(tenant.secrets);
      resolvers.set(tenant, known);
      return known;
    },
    close: async () => {
      await opened?.[Symbol.asyncDispose]();
    },
  };
};

/** Opens the named targets and reads what they hold. */
export const observeTargets = async (
  context: Context,
  names: Iterable<string>,
  entries: readonly Base[],
  desired: ReadonlyMap<string, readonly Resource[]>,
  signal: AbortSignal,
): Promise<{ targets: Map<string, Target<InfinoClient>>; observed: Map<string, Observed> }> => {
  const targets = new Map<string, Target<InfinoClient>>();
  for (const name of [...new Set(names)].sort()) targets.set(name, await context.target(name));
  const observed = new Map<string, Observed>();
  await Promise.all(
    [...targets].map(async ([name, target]) => {
      const own = entries.filter((entry) => entry.target === name);
      observed.set(name, await observe(target, own, desired.get(name) ?? [], signal, context.report));
    }),
  );
  return { targets, observed };
};
