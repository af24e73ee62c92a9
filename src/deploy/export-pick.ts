import type { Base, Live, Resource } from "../contract/index.ts";
import { address } from "../contract/index.ts";
import type { Observed } from "../engine/index.ts";
import { recover } from "../engine/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import type { Declaration, ResourceKind, Target } from "../resources/index.ts";
import type { Context } from "./context.ts";
import { observeTargets } from "./context.ts";
import type { ExportLeft } from "./ownership-types.ts";

type Kind = ResourceKind<InfinoClient>;

/** A live object that nobody declared, and what the files would say of it. */
export type Undeclared = { readonly kind: Kind; readonly live: Live; readonly declaration: Declaration };

export type Found = {
  readonly target: Target<InfinoClient>;
  readonly undeclared: readonly Undeclared[];
  /** What nobody declared and no file can say. */
  readonly left: readonly ExportLeft[];
  /** `_id`s that are taken on this target. */
  readonly taken: ReadonlySet<string>;
  /** `_id`s of this tenant's own resources, as `kind id` and as `kind _id`. */
  readonly own: ReadonlyMap<string, string>;
};

/** What the ledger says of one target: entries, those that open creates prove included, and ids that it must not give away. */
const owned = async (context: Context, name: string) => {
  const ledger = await context.ledger();
  const tenants = await ledger.tenants();
  const entries = (await Promise.all(tenants.map((tenant) => ledger.entries(tenant)))).flat();
  const open = (await Promise.all(tenants.map((tenant) => ledger.open(tenant)))).flat();
  return {
    entries: entries.filter((entry) => entry.target === name),
    open: open.filter((intent) => intent.change.target === name),
  };
};

const nameOf = (kind: Kind, live: Live): string => {
  const key = kind.key(live.properties);
  return key === "" ? live.id : key;
};

const readsAtOnce = 10;

/** With their configuration, where the list did not carry it; what is gone by now is left out. */
const inFull = async (
  target: Target<InfinoClient>,
  kind: Kind,
  list: readonly Live[],
  observed: Observed,
  signal: AbortSignal,
): Promise<readonly Live[]> => {
  const { read } = kind;
  const found: (Live | undefined)[] = [];
  for (let start = 0; start < list.length; start += readsAtOnce) {
    const batch = list
      .slice(start, start + readsAtOnce)
      .map((live) =>
        live.isBare === true && read !== undefined
          ? read(target.api, target.catalog, live.id, observed.ids, signal)
          : live,
      );
    found.push(...(await Promise.all(batch)));
  }
  return found.filter((live) => live !== undefined);
};

/**
 * What is live on a target and neither in the ledger, nor left by an interrupted run, nor asked for by any tenant.
 * `desired` is what all tenants of that target ask for.
 */
export const findUndeclared = async (
  context: Context,
  name: string,
  tenant: string,
  desired: readonly Resource[],
  signal: AbortSignal,
): Promise<Found> => {
  const { entries, open } = await owned(context, name);
  const { targets, observed } = await observeTargets(context, [name], entries, new Map([[name, desired]]), signal);
  const target = targets.get(name) ?? (await context.target(name));
  const seen = observed.get(name);
  const proven: readonly Base[] = recover(entries, open, targets, observed).entries;
  const ours = new Set([
    ...proven.map((entry) => `${entry.resource.kind} ${entry.id}`),
    ...open.flatMap(({ change, acked }) =>
      [change.id, acked].flatMap((id) => (id === undefined ? [] : `${change.kind} ${id}`)),
    ),
  ]);
  const own = new Map<string, string>();
  const isOwn = ({ kind, _id }: Resource, id: string): void => {
    for (const text of [id, _id]) own.set(`${kind} ${text}`, _id);
  };
  for (const { resource, id } of proven) if (resource.tenant === tenant) isOwn(resource, id);
  const undeclared: Undeclared[] = [];
  const left: ExportLeft[] = [];
  for (const kind of target.kinds) {
    const collection = seen?.collections.get(kind.name);
    if (seen === undefined || collection === undefined || kind.declare === undefined) continue;
    if (!collection.readable) throw collection.error;
    const wanted = new Map(
      desired.flatMap((item) => (item.kind === kind.name ? [[kind.key(item.properties), item]] : [])),
    );
    const foreign: Live[] = [];
    for (const found of collection.byId.values()) {
      const asked = wanted.get(kind.key(found.properties));
      if (asked?.tenant === tenant) isOwn(asked, found.id);
      if (!ours.has(`${kind.name} ${found.id}`) && asked === undefined) foreign.push(found);
    }
    for (const live of await inFull(target, kind, foreign, seen, signal)) {
      const leave = (reason: string): void => {
        left.push({ kind: kind.name, id: live.id, name: nameOf(kind, live), reason });
      };
      const same = collection.byKey.get(kind.key(live.properties)) ?? [];
      const declaration = kind.declare(live, target.catalog);
      if ("problem" in declaration) leave(declaration.problem);
      else if (same.length > 1) leave(`${same.length} live objects have this identity, and none could be taken over`);
      else undeclared.push({ kind, live, declaration });
    }
  }
  const taken = new Set([...desired.map((item) => item._id), ...proven.map((entry) => entry.resource._id)]);
  return { target, undeclared, left, taken, own };
};

/** How globs and messages name it. */
export const undeclaredName = ({ kind, declaration }: Undeclared): string => address(kind.name, declaration._id);
