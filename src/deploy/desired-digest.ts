import { canonicalJson } from "../canonical.ts";
import type { Resource } from "../contract/index.ts";
import { eachSealed } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import type { ProjectFiles, TenantFile } from "../manifest/index.ts";
import { nearest } from "../nearest.ts";
import type { Context } from "./context.ts";
import { givenKey } from "./ledger-key.ts";
import { readOne, refuseInvalid } from "./read-tenants.ts";
import { fingerprinter, sealResources } from "./seal.ts";
import { ruleDiagnostics } from "./tenant-diagnostics.ts";
import type { DesiredDigest, OwnedReport } from "./types.ts";

/** What is known of the folder's tenant files, for as long as the project is open. */
type Known = { listing: Promise<readonly TenantFile[]> | undefined; readonly files: Map<string, string> };

const known = new WeakMap<ProjectFiles, Known>();

const knownOf = (files: ProjectFiles): Known => {
  const found = known.get(files) ?? { listing: undefined, files: new Map() };
  known.set(files, found);
  return found;
};

const isNamed = (file: string, tenant: string): boolean =>
  file
    .slice(file.lastIndexOf("/") + 1)
    .replace(/\.(ya?ml|json)$/, "")
    .toLowerCase() === tenant;

type Read = Awaited<ReturnType<ProjectFiles["readTenant"]>>;

/** The file of one tenant, read; of the others only as many as it takes to find it, each once. */
export const findTenant = async (files: ProjectFiles, tenant: string): Promise<Read> => {
  const memory = knownOf(files);
  const read = async (file: string): Promise<Read> => {
    const found = await files.readTenant(file);
    if (found.tenant !== undefined) memory.files.set(found.tenant.id, file);
    return found;
  };
  const place = memory.files.get(tenant);
  if (place !== undefined) {
    const found = await read(place);
    if (found.tenant === undefined || found.tenant.id === tenant) return found;
    memory.files.delete(tenant);
  }
  const isOld = memory.listing !== undefined;
  memory.listing ??= files.tenantFiles();
  const listing = [...(await memory.listing)].sort(
    (a, b) => Number(isNamed(b.file, tenant)) - Number(isNamed(a.file, tenant)),
  );
  const places = new Set(memory.files.values());
  for (const { file } of listing) {
    if (places.has(file) && !isNamed(file, tenant)) continue;
    const found = await read(file);
    if (found.tenant?.id === tenant || (found.tenant === undefined && isNamed(file, tenant))) return found;
  }
  if (isOld) {
    memory.listing = undefined;
    return findTenant(files, tenant);
  }
  // The next call looks at the folder anew.
  memory.listing = undefined;
  throw new DeployerError("usage", `the project has no tenant "${tenant}"`, {
    hint: nearest(tenant, [...memory.files.keys()], "tenants are"),
  });
};

/** A key that the files name is taken as it is; one in a file may have another in its place, which the ledger tells. */
const keyOf = async (context: Context): Promise<Uint8Array> => {
  const { ledger_key } = context.files;
  return ledger_key === undefined
    ? (await context.key()).key
    : givenKey(await context.secrets(undefined).resolve(ledger_key));
};

const endpointOf = async (context: Context, target: string): Promise<string | null> => {
  const text = context.files.targets[target]?.endpoint;
  const secrets = context.secrets(undefined);
  return text === undefined || (await secrets.missing([text])).length > 0 ? null : secrets.resolve(text);
};

const unresolvedIn = (resources: readonly Resource[]): readonly string[] => {
  const texts = new Set<string>();
  for (const { properties } of resources) {
    eachSealed(properties, (_, { $secret, fingerprint }) => {
      if (fingerprint === undefined) texts.add($secret);
    });
  }
  return [...texts];
};

/** See `Project.desiredDigest`. */
export const desiredDigestOf = async (context: Context, id: string, set = context.set): Promise<DesiredDigest> => {
  const { files } = context;
  refuseInvalid([...files.diagnostics, ...ruleDiagnostics(files)]);
  const found = await findTenant(files, id);
  refuseInvalid(found.diagnostics);
  if (found.tenant === undefined) throw new DeployerError("internal", `the file of tenant ${id} gave no tenant`);
  const { tenant, resources, inputs, diagnostics } = await readOne(files, found.tenant, found.diagnostics, set);
  refuseInvalid(diagnostics);
  const print = fingerprinter(await keyOf(context));
  const { on_drift, ignore } = files;
  const sealed = await sealResources(resources, context.secrets(tenant), print);
  const everything = {
    inputs,
    resources: sealed,
    state: tenant.state,
    target: tenant.target,
    endpoint: await endpointOf(context, tenant.target),
    policies: [tenant.on_drift ?? null, on_drift, ignore],
  };
  return {
    tenant: id,
    // What stands in it in clear could be guessed from a digest that anybody can make.
    digest: print(`desired ${id}`, "", canonicalJson(everything)),
    state: tenant.state,
    unresolved: unresolvedIn(sealed),
    ...(tenant.on_drift === undefined ? {} : { on_drift: tenant.on_drift }),
  };
};

/** See `Project.owned`. */
export const ownedOf = async (context: Context, tenant: string): Promise<OwnedReport> => {
  const ledger = await context.ledger();
  const entries = await ledger.entries(tenant);
  const items = entries.map(({ target, resource: { kind, _id }, id, state }) => ({ target, kind, _id, id, state }));
  const open = (await ledger.open(tenant)).length;
  const key = ({ kind, _id, target }: (typeof items)[number]): string => `${kind} ${_id} ${target}`;
  return {
    tenant,
    items: items.sort((a, b) => (key(a) < key(b) ? -1 : 1)),
    open,
    known: open > 0 || (await ledger.revision(tenant)) !== "0",
  };
};
