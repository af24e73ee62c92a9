import { equal } from "../canonical.ts";
import type {
  Base,
  Component,
  EntityName,
  EntityProblem,
  GivenEntity,
  Json,
  Path,
  Properties,
  Resource,
  Shape,
} from "../contract/index.ts";
import { address, at, entityName, holdsSealed, leaves, withAt, within } from "../contract/index.ts";
import type { Move } from "../engine/index.ts";
import type { ProjectFiles } from "../manifest/index.ts";
import { assemble, infinoKinds } from "../resources/index.ts";
import { withContents } from "./file-contents.ts";

/** What entities ask for in one tenant. */
export type Asked = {
  /** Everything the tenant is to have: what the entities say, and what else it owns as it was last written. */
  readonly desired: readonly Resource[];
  /** Entities by the address of what they are about, under its new name where it gets one. */
  readonly named: ReadonlyMap<string, GivenEntity>;
  readonly moves: readonly Move[];
  readonly problems: readonly EntityProblem[];
};

type Found = {
  readonly given: GivenEntity;
  readonly kind: string;
  readonly _id: string;
  readonly base: Base | undefined;
};

const wrong = (given: GivenEntity, code: EntityProblem["code"], message: string, hint: string): EntityProblem => ({
  line: given.line,
  code,
  message,
  hint,
});

const shapeOf = ({ kind, properties }: Resource, { catalog }: ProjectFiles): Shape | undefined =>
  infinoKinds.find(({ name }) => name === kind)?.shape(properties, catalog);

/** The entry that a name is about; a live id is known by the ledger alone. */
const baseOf = (name: EntityName, entries: readonly Base[]): Base | undefined =>
  entries.find(
    ({ resource, id }) =>
      resource.kind === name.kind && ("live" in name ? id === name.live : resource._id === name._id),
  );

/**
 * What a collected and edited entity asks for. What nobody can collect (secrets, queries, settings of our own) stays as it
 * was written; what nobody declared and nobody changed stays undeclared; a value as the target spells it is the one that
 * we sent.
 */
const edited = (given: GivenEntity, base: Base, shape: Shape): Properties => {
  const before = base.resource.properties;
  let result: Properties = {};
  for (const path of leaves(given.properties)) {
    const value = at(given.properties, path) ?? null;
    const own = at(before, path);
    if (own === undefined && given.basedOn !== undefined && equal(value, at(given.basedOn, path))) continue;
    result = withAt(result, path, own !== undefined && equal(value, at(base.echo, path)) ? own : value);
  }
  const uncollected = [...shape.secret, ...shape.writeOnly, ...shape.local];
  for (const path of leaves(before)) {
    const own = at(before, path);
    if (at(result, path) !== undefined || !(within(uncollected, path) || holdsSealed(own))) continue;
    result = withAt(result, path, own);
  }
  return result;
};

/** The rename that a `$replaced` entity tells of, or why it is none. */
const moveOf = (
  { given, kind, _id, base }: Found,
  all: readonly Found[],
  resolve: (text: string) => string | undefined,
): Move | EntityProblem => {
  const name = address(kind, _id);
  const heirs = all.filter(
    (other) => !other.given.deleted && other.given.ids.some((text) => text === given.written || resolve(text) === name),
  );
  const [heir, second] = heirs;
  const only = "$replaced renames what is ours: exactly one other entity has the old _id in its $ids";
  if (heir === undefined) return wrong(given, "invalid-value", `no entity has "${given.written}" in its $ids`, only);
  if (second !== undefined) {
    const message = `several entities have "${given.written}" in their $ids: lines ${heirs.map((one) => one.given.line).join(", ")}`;
    return wrong(given, "invalid-value", message, only);
  }
  if (base === undefined) return wrong(given, "invalid-value", `"${given.written}" is not ours`, only);
  if (heir.kind !== kind) return wrong(given, "invalid-value", `"${heir.given.written}" is of another kind`, only);
  if (heir.base !== undefined) {
    return wrong(given, "invalid-value", `"${heir.given.written}" is ours already under its own name`, only);
  }
  return { from: name, to: address(kind, heir._id) };
};

/** What refers to something that is renamed, refers to it by its new name. */
const following = (resource: Resource, moves: readonly Move[]): Resource => {
  const kind = infinoKinds.find(({ name }) => name === resource.kind);
  const properties = (kind?.references(resource.properties) ?? []).reduce<Properties>((part, reference) => {
    const to = moves.find(({ from }) => from === address(reference.kind, reference._id))?.to;
    const isIt = to !== undefined && at(part, reference.path) === reference._id;
    return isIt ? withAt(part, reference.path, to.slice(to.indexOf("/") + 1)) : part;
  }, resource.properties);
  return { ...resource, properties };
};

const componentOf = ({ tenant, kind, _id, properties }: Resource): Component => ({
  tenant,
  connector: "",
  system: "",
  _id,
  type: kind,
  properties,
});

const pathText = (path: Path): string => (path === "" ? "" : ` (${path.slice(1).replaceAll("/", ".")})`);

/** What one tenant's entities ask for, checked like its files would be. Entities without an entry are new. */
export const askedOf = async (
  files: ProjectFiles,
  tenant: string,
  given: readonly GivenEntity[],
  entries: readonly Base[],
): Promise<Asked> => {
  const problems: EntityProblem[] = [];
  const kinds = infinoKinds.map(({ name }) => name);
  const found: Found[] = [];
  for (const one of given) {
    const base = baseOf(one.name, entries);
    if ("live" in one.name && base === undefined) {
      const message = `"${one.written}" is not ours: tenant ${tenant} owns no ${one.name.kind} with this id`;
      problems.push(
        wrong(one, "invalid-value", message, "name ours, or take it over first with: connector-deployer adopt"),
      );
      continue;
    }
    const _id = base?.resource._id ?? ("_id" in one.name ? one.name._id : "");
    const twin = found.find((other) => other.kind === one.name.kind && other._id === _id);
    if (twin !== undefined) {
      const message = `"${one.written}" is the same as "${twin.given.written}" in line ${twin.given.line}`;
      problems.push(wrong(one, "duplicate-id", message, "keep one of them; only one could count"));
      continue;
    }
    found.push({ given: one, kind: one.name.kind, _id, base });
  }
  const resolve = (text: string): string | undefined => {
    try {
      const name = entityName(text, { vendor: files.vendor, kinds });
      const _id = "_id" in name ? name._id : baseOf(name, entries)?.resource._id;
      return _id === undefined ? undefined : address(name.kind, _id);
    } catch {
      // Other systems' ids stand in $ids too.
      return undefined;
    }
  };
  const moves: Move[] = [];
  for (const one of found.filter((other) => other.given.replaced)) {
    const move = moveOf(one, found, resolve);
    if ("from" in move) moves.push(move);
    else problems.push(move);
  }
  const named = new Map<string, GivenEntity>();
  const present: Resource[] = [];
  for (const { given: one, kind, _id, base } of found) {
    if (one.replaced) continue;
    named.set(address(kind, _id), one);
    if (one.deleted) continue;
    const shape = base === undefined ? undefined : shapeOf(base.resource, files);
    const isEdited = "live" in one.name && base !== undefined && shape !== undefined;
    present.push({ tenant, kind, _id, properties: isEdited ? edited(one, base, shape) : one.properties });
  }
  const gone = new Set(found.filter((one) => one.given.deleted).map(({ kind, _id }) => address(kind, _id)));
  const others = entries
    .filter(({ state }) => state === "live")
    .map(({ resource }) => resource)
    .filter(({ kind, _id }) => !gone.has(address(kind, _id)) && !named.has(address(kind, _id)))
    .map((resource) => following(resource, moves));
  const assembled = assemble([...present, ...others].map(componentOf), infinoKinds, files.catalog);
  const filled = await withContents(
    files,
    assembled.resources.filter(({ kind, _id }) => named.has(address(kind, _id))),
  );
  const lineOf = new Map(found.map(({ _id, given: one }) => [_id, one]));
  for (const { code, _id, path, message, hint } of [...assembled.problems, ...filled.problems]) {
    const one = lineOf.get(_id);
    const isLeft = others.some((other) => other._id === _id);
    // What is left alone is as it is, unless an entity takes away what it needs.
    if (isLeft && code !== "dangling-reference" && code !== "duplicate-natural-key" && code !== "duplicate-id")
      continue;
    const about = one ?? given[0];
    if (about === undefined) continue;
    const text = `${_id}${pathText(path)}: ${message}`;
    problems.push(wrong(about, code, text, hint ?? "correct the entity"));
  }
  return { desired: [...filled.resources, ...others], named, moves, problems };
};

/** What the entity's writer had seen, in place of what was observed now; paths that it does not tell stay as observed. */
export const basedOnGiven = (observed: Properties, given: Properties, relevant: Properties): Properties =>
  leaves(relevant).reduce<Properties>((part, path) => {
    const value: Json | undefined = at(given, path);
    return value === undefined ? part : withAt(part, path, value);
  }, observed);
