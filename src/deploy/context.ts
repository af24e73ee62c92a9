import { digest } from "../canonical.ts";
import type { Base, Properties, Resource } from "../contract/index.ts";
import type { Diagnostic } from "../diagnostic.ts";
import type { Observed, ReportEvent } from "../engine/index.ts";
import { observe } from "../engine/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { Ledger, OpenIntent } from "../ledger/index.ts";
import { openLedger } from "../ledger/index.ts";
import type { ProjectFiles, Tenant } from "../manifest/index.ts";
import type { Target } from "../resources/index.ts";
import type { ProjectSecrets, SecretResolver } from "../secrets/index.ts";
import { createSecretResolver } from "../secrets/index.ts";
import { ciWarnings, ledgerAddress } from "./ledger-address.ts";
import type { LedgerKey } from "./ledger-key.ts";
import { fits, fittingKey } from "./ledger-key.ts";
import type { Fingerprint } from "./seal.ts";
import { fingerprinter } from "./seal.ts";
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
  /** Throws `ledger-key` where the key does not fit. */
  ledger(): Promise<Ledger>;
  /** Whatever its key is. */
  rawLedger(): Promise<Ledger>;
  /** The key that fits the ledger. */
  key(): Promise<LedgerKey>;
  /** After the key was changed. */
  forgetKey(): void;
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

  const warn = (diagnostics: readonly Diagnostic[]): void => {
    for (const diagnostic of diagnostics) {
      const name = JSON.stringify(diagnostic);
      if (diagnostic.severity !== "warning" || warned.has(name)) continue;
      warned.add(name);
      report({ code: "warning", diagnostic });
    }
  };
  const rawLedger = once(async () => {
    const address = await ledgerAddress(files, (text) => projectSecrets().resolve(text));
    warn(ciWarnings(address, env));
    opened = await openLedger(address, {
      environment: files.environment,
      durability: files.ledger_durability,
      clock,
    });
    return opened;
  });
  let keyed: Promise<{ readonly ledger: Ledger; readonly key: LedgerKey }> | undefined;
  const forgetKey = (): void => {
    keyed = undefined;
  };
  const withKey = (): NonNullable<typeof keyed> => {
    keyed ??= (async () => {
      const ledger = await rawLedger();
      return { ledger, key: await fittingKey(files, ledger, (text) => projectSecrets().resolve(text)) };
    })().catch((error: unknown) => {
      forgetKey();
      throw error;
    });
    return keyed;
  };
  /** The key as it is now: somebody may have changed it since this project was opened. */
  const currentKey = async (): Promise<LedgerKey> => {
    const { ledger, key } = await withKey();
    if (await fits(ledger, key.key)) return key;
    forgetKey();
    return (await withKey()).key;
  };
  const index = once(() => openTenantIndex(files.dir, files.environment, digest([files.shared, set])));

  return {
    files,
    options,
    set,
    clock,
    report,
    warn,
    index,
    ledger: async () => (await withKey()).ledger,
    rawLedger,
    key: currentKey,
    forgetKey,
    fingerprint: async () => fingerprinter((await currentKey()).key),
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
  intents: readonly OpenIntent[] = [],
): Promise<{ targets: Map<string, Target<InfinoClient>>; observed: Map<string, Observed> }> => {
  const targets = new Map<string, Target<InfinoClient>>();
  for (const name of [...new Set(names)].sort()) targets.set(name, await context.target(name));
  const observed = new Map<string, Observed>();
  await Promise.all(
    [...targets].map(async ([name, target]) => {
      const own = entries.filter((entry) => entry.target === name);
      const open = intents.filter((intent) => intent.change.target === name);
      observed.set(name, await observe(target, own, desired.get(name) ?? [], signal, context.report, open));
    }),
  );
  return { targets, observed };
};
