import type { Base, Change, Path, Properties } from "../contract/index.ts";
import { address, at, eachSealed, updateEntity, withAt } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { infinoKinds } from "../resources/index.ts";
import type { Context } from "./context.ts";
import { declaredBy, refuseOpen } from "./forget.ts";
import { ledgerRun } from "./ledger-run.ts";
import type { MoveOptions, MoveReport } from "./ownership-types.ts";
import { readTenants } from "./read-tenants.ts";
import { readdressed, resolveSealed } from "./seal.ts";
import { tool } from "./version.ts";

const nameOf = ({ resource }: Base): string => address(resource.kind, resource._id);

const parts = (text: string): { kind: string; _id: string } => {
  const slash = text.indexOf("/");
  const kind = text.slice(0, slash);
  const _id = text.slice(slash + 1);
  if (slash < 1 || _id === "") {
    throw new DeployerError("usage", `${JSON.stringify(text)} names no resource`, { hint: "write it as KIND/_ID" });
  }
  return { kind, _id };
};

const find = async (context: Context, { from, to, tenant }: MoveOptions): Promise<Base> => {
  const [old, now] = [parts(from), parts(to)];
  if (old.kind !== now.kind) {
    throw new DeployerError("usage", `${from} and ${to} are of different kinds`, {
      hint: `write the new one as ${old.kind}/${now._id}`,
    });
  }
  const ledger = await context.ledger();
  const tenants = (await ledger.tenants()).filter((id) => tenant === undefined || id === tenant);
  const entries = (await Promise.all(tenants.map((id) => ledger.entries(id)))).flat();
  const found = entries.filter((entry) => nameOf(entry) === from);
  const [only] = found;
  if (only === undefined) {
    const names = entries.filter((entry) => entry.resource.kind === old.kind).map(nameOf);
    throw new DeployerError("usage", `the ledger has no ${from}${tenant === undefined ? "" : ` of tenant ${tenant}`}`, {
      hint: nearest(from, names, "it has"),
    });
  }
  if (found.length > 1) {
    const list = found.map((entry) => entry.resource.tenant).join(", ");
    throw new DeployerError("usage", `${from} belongs to several tenants: ${list}`, {
      hint: "name one with -t TENANT",
    });
  }
  if (from === to) throw new DeployerError("usage", `${from} has that name already`, { hint: "give it another one" });
  const all = (await Promise.all((await ledger.tenants()).map((id) => ledger.entries(id)))).flat();
  const taken = all.find((entry) => entry.target === only.target && nameOf(entry) === to);
  if (taken !== undefined) {
    throw new DeployerError("usage", `the ledger has ${to} already, of tenant ${taken.resource.tenant}`, {
      hint: "choose another name, or let that one go first: connector-deployer forget",
    });
  }
  return only;
};

/** Entries that refer to a renamed one, with its new name everywhere. */
const referring = (entries: readonly Base[], moved: Base, _id: string): readonly Base[] =>
  entries.flatMap((entry) => {
    const kind = infinoKinds.find((item) => item.name === entry.resource.kind);
    const paths = (kind?.references(entry.resource.properties) ?? []).flatMap((reference) =>
      reference.optional !== true && reference.kind === moved.resource.kind && reference._id === moved.resource._id
        ? [reference.path]
        : [],
    );
    if (paths.length === 0 || entry.target !== moved.target) return [];
    const renamed = (properties: Properties): Properties =>
      paths.reduce(
        (part, path) => (at(part, path) === moved.resource._id ? withAt(part, path, _id) : part),
        properties,
      );
    const { resource, applied, echo } = entry;
    return [
      {
        ...entry,
        resource: { ...resource, properties: renamed(resource.properties) },
        applied: renamed(applied),
        echo: renamed(echo),
      },
    ];
  });

/** Paths of secrets whose fingerprint could not be made anew. */
const unresolvedIn = (before: Base, after: Base): readonly Path[] => {
  const paths: Path[] = [];
  eachSealed(before.applied, (path, sealed) => {
    const now = at(after.applied, path);
    if (sealed.fingerprint !== undefined && JSON.stringify(now) === JSON.stringify(sealed)) paths.push(path);
  });
  return paths;
};

/** Gives an entry another `_id`. Sends nothing; the live object keeps the name that it has. */
export const moveEntry = async (context: Context, options: MoveOptions): Promise<MoveReport> => {
  const base = await find(context, options);
  const { tenant, kind } = base.resource;
  const { _id } = parts(options.to);
  const ledger = await context.ledger();
  const print = await context.fingerprint();
  const { selected } = await readTenants(context.files, await context.index(), { tenants: [tenant] }, context.set);
  const file = selected.find((one) => one.tenant.id === tenant)?.tenant;
  const values = await resolveSealed([base], context.secrets(file));
  const isMeant = (name: string): boolean => name === options.from || name === options.to;
  await refuseOpen(context, tenant, isMeant);
  const revision = await ledger.revision(tenant);
  const now = readdressed(base, _id, values, print);
  const run = await ledgerRun(context, "mv", [tenant], async (_, leaseOf) => {
    const lease = leaseOf(tenant);
    if ((await ledger.revision(tenant)) !== revision) {
      throw new DeployerError(
        "stale-plan",
        `tenant ${tenant} was deployed by another run in the meantime; nothing was changed`,
        {
          hint: "run the same command again",
        },
      );
    }
    await refuseOpen(context, tenant, isMeant);
    // First, so that a run that ends between finds the old name and can do all of it again.
    for (const entry of referring(await ledger.entries(tenant), base, _id)) await ledger.put(lease, entry);
    await ledger.move(lease, base.resource._id, now);
    const change: Change = {
      tenant,
      target: base.target,
      kind,
      id: base.id,
      op: "rename",
      from: base.resource._id,
      entity: updateEntity(now.resource, {}),
      dependsOn: [],
    };
    await ledger.settle(lease, change, "done", now);
    return { rename: 1 };
  });
  const declared = await declaredBy(context, [tenant]);
  const isDeclared = (name: string): boolean => declared?.has(`${tenant} ${name}`) === true;
  return {
    type: "move",
    schemaVersion: 1,
    tool,
    environment: context.files.environment,
    run,
    tenant,
    target: base.target,
    kind,
    from: base.resource._id,
    to: _id,
    id: base.id,
    unresolved: unresolvedIn(base, now),
    ...(declared === undefined ? {} : { declared: { from: isDeclared(options.from), to: isDeclared(options.to) } }),
  };
};
