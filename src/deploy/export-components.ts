import type { Path, Properties } from "../contract/index.ts";
import { address, at, leaves, withAt } from "../contract/index.ts";
import { validateProperties } from "../resources/index.ts";
import type { Found, Undeclared } from "./export-pick.ts";
import type { ExportedComponent, Placeholder } from "./export-text.ts";
import { credentialIn, reservedKeyIn } from "./export-text.ts";
import type { ExportLeft, ExportReport } from "./ownership-types.ts";

/** A name that is not taken yet: itself, or with a number behind it. */
export const free = (wanted: string, isTaken: (name: string) => boolean, joint = "-"): string => {
  let name = wanted;
  for (let number = 2; isTaken(name); number++) name = `${wanted}${joint}${number}`;
  return name;
};

const slug = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|-+$/g, "")
    .slice(0, 200);

const secretWord = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, "_");

/** What is taken already. */
export type Names = { readonly _ids: Set<string>; readonly secrets: Set<string>; readonly variables: Set<string> };

type Secret = ExportReport["secrets"][number];

export type Made = {
  readonly component: ExportedComponent;
  readonly secrets: readonly Secret[];
  readonly item: Undeclared;
};

/** References that must be there, as the files name them; undefined with the one that nothing in the files stands for. */
const resolveReferences = (
  { kind, declaration }: Undeclared,
  known: ReadonlyMap<string, string>,
): { properties: Properties; paths: readonly Path[] } | { missing: string } => {
  let properties = declaration.properties;
  const paths: Path[] = [];
  for (const reference of kind.references(properties)) {
    if (reference.optional === true) {
      paths.push(reference.path);
      continue;
    }
    const _id = known.get(`${reference.kind} ${reference._id}`);
    if (_id === undefined) return { missing: address(reference.kind, reference._id) };
    properties = withAt(properties, reference.path, _id);
    paths.push(reference.path);
  }
  return { properties, paths };
};

const credentialNote =
  "What may be a password, in a URL or behind `password=`, is a secret here: its value is that text as it stands live.";

const makeComponent = (
  found: Found,
  item: Undeclared,
  properties: Properties,
  references: readonly Path[],
  sources: ReadonlyMap<string, Properties>,
  names: Names,
): Made | { readonly problem: string } => {
  const { kind, live, declaration } = item;
  const wanted = slug(declaration._id);
  const base = wanted === "" ? `${kind.name}-${slug(live.id)}` : wanted;
  const _id = free(names._ids.has(base) ? `${base}-${kind.name}` : base, (name) => names._ids.has(name));
  const named = declaration.name;
  const written =
    named !== undefined && at(properties, named) === _id ? withAt(properties, named, undefined) : properties;
  const reserved = reservedKeyIn(written);
  if (reserved !== undefined) return { problem: `it has the key "${reserved}", which no file can hold` };
  const places = [
    ...declaration.secrets.map((path) => ({ path, before: "", after: "" })),
    ...leaves(written).flatMap((path) => {
      const value = at(written, path);
      const credential = typeof value === "string" && path !== named ? credentialIn(value) : undefined;
      return credential === undefined ? [] : [{ path, ...credential }];
    }),
  ];
  const sealed = places.reduce<Properties>((all, { path }) => withAt(all, path, { $secret: "$SECRET(x)" }), written);
  const component = { tenant: "", connector: "", system: "", _id, type: kind.name, properties: sealed };
  const full = kind.properties(component, {
    catalog: found.target.catalog,
    component: (other) => {
      const source = sources.get(other);
      return source === undefined ? undefined : { ...component, _id: other, type: "connection", properties: source };
    },
  });
  const [wrong] = validateProperties(kind, found.target.catalog, _id, full);
  if (wrong !== undefined) return { problem: wrong.message };
  // Adopting it must find it again.
  if (named !== undefined && kind.key(full) !== kind.key(properties)) return { problem: "its name cannot be written" };
  const placeholders: Placeholder[] = [];
  const secrets: Secret[] = [];
  for (const { path, before, after } of places) {
    const word = secretWord(`${_id}_${path.slice(path.lastIndexOf("/") + 1)}`).replace(/^(?![a-z_])/, "_");
    const name = free(word, (text) => names.secrets.has(text), "_");
    const env = free(name.toUpperCase(), (text) => names.variables.has(text), "_");
    names.secrets.add(name);
    names.variables.add(env);
    placeholders.push({ path, before, name, after });
    secrets.push({ name, env, resource: address(kind.name, _id), path });
  }
  names._ids.add(_id);
  return {
    component: {
      _id,
      kind: kind.name,
      properties: written,
      secrets: placeholders,
      names: [...references, ...(named === undefined ? [] : [named])],
      notes: [...declaration.notes, ...(places.length > declaration.secrets.length ? [credentialNote] : [])],
    },
    secrets,
    item,
  };
};

/** Components for what was chosen and what it refers to, in the order in which they are made. */
export const makeComponents = (
  found: Found,
  chosen: ReadonlySet<Undeclared>,
  names: Names,
): { made: Made[]; left: ExportLeft[] } => {
  const needed = new Set(
    [...chosen].flatMap(({ kind, declaration }) =>
      kind.references(declaration.properties).map((reference) => `${reference.kind} ${reference._id}`),
    ),
  );
  const known = new Map(found.own);
  const sources = new Map<string, Properties>();
  const made: Made[] = [];
  const left: ExportLeft[] = [];
  for (const item of found.undeclared) {
    const { kind, live } = item;
    const isNeeded = [live.id, kind.key(live.properties)].some((id) => needed.has(`${kind.name} ${id}`));
    if (!chosen.has(item) && !isNeeded) continue;
    const resolved = resolveReferences(item, known);
    const one =
      "missing" in resolved
        ? { problem: `it needs ${resolved.missing}, which is not exported and no component of this tenant` }
        : makeComponent(found, item, resolved.properties, resolved.paths, sources, names);
    if ("problem" in one) {
      left.push({
        kind: kind.name,
        id: live.id,
        name: item.declaration._id,
        reason: one.problem,
      });
      continue;
    }
    known.set(`${kind.name} ${live.id}`, one.component._id);
    sources.set(one.component._id, one.component.properties);
    made.push(one);
  }
  return { made, left };
};
