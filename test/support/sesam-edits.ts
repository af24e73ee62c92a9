import fc from "fast-check";
import type { Json } from "../../src/contract/index.ts";
import type { GeneratedConnector } from "./sesam-connectors.ts";

/** What an edit changes: each has a place, as long as the connector after it is as good as the one before. */
export type EditKind = "literal" | "part of a text" | "parameter" | "addition" | "removal" | "key" | "order";

export type GeneratedEdit = {
  readonly kind: EditKind;
  /** For a message. */
  readonly what: string;
  /** The connector that expands to the edited expansion. */
  readonly connector: GeneratedConnector;
};

type Path = readonly (string | number)[];

/** Values below the members of a component that its identity and its kind do not rest on, by path. */
const placesIn = (value: Json, path: Path = []): { path: Path; value: Json }[] => {
  const here = [{ path, value }];
  if (Array.isArray(value)) return [...here, ...value.flatMap((item, index) => placesIn(item, [...path, index]))];
  if (typeof value !== "object" || value === null) return here;
  return [...here, ...Object.entries(value).flatMap(([key, member]) => placesIn(member, [...path, key]))];
};

const isFree = (path: Path): boolean =>
  path.length > 1 || (path.length === 1 && !["_id", "type", "source"].includes(String(path[0])));

/** A value with the one at `path` changed; undefined takes it out. */
const changed = (value: Json, path: Path, change: (old: Json) => Json | undefined): Json => {
  const [head, ...rest] = path;
  if (head === undefined) return change(value) ?? null;
  if (Array.isArray(value)) {
    return value.flatMap((item: Json, index): Json[] => {
      if (index !== head) return [item];
      if (rest.length > 0) return [changed(item, rest, change)];
      const now = change(item);
      return now === undefined ? [] : [now];
    });
  }
  const entries = Object.entries(value as { [key: string]: Json }).flatMap(([key, member]): [string, Json][] => {
    if (key !== head) return [[key, member]];
    if (rest.length > 0) return [[key, changed(member, rest, change)]];
    const now = change(member);
    return now === undefined ? [] : [[key, now]];
  });
  return Object.fromEntries(entries);
};

const newTexts = ["edited", 'with "quotes"', "two\nlines", "back\\slash", "Ny verdi ☃", "", "_S.id", "10"];
const newValues: readonly Json[] = [
  ...newTexts,
  7,
  -1.25,
  true,
  false,
  null,
  [],
  {},
  ["copy", "new"],
  { new: [1, "x"] },
];

const withComponent = (
  connector: GeneratedConnector,
  file: string,
  index: number,
  component: Json,
): GeneratedConnector => {
  const components = connector.templates[file] ?? [];
  const now = components.map((one, at) => (at === index ? (component as typeof one) : one));
  return { ...connector, templates: { ...connector.templates, [file]: now } };
};

const marked = /\{\{@ \w+ @\}\}/;
const hasMark = (text: unknown): boolean => typeof text === "string" && marked.test(text);

type Candidate = { readonly kind: EditKind; readonly what: string; readonly make: (pick: Pick) => GeneratedConnector };
type Pick = <T>(from: readonly T[]) => T;

const templateCandidates = (connector: GeneratedConnector): Candidate[] =>
  Object.entries(connector.templates).flatMap(([file, components]) =>
    components.flatMap((component, index) =>
      placesIn(component)
        .filter(({ path }) => isFree(path))
        .flatMap(({ path, value }): Candidate[] => {
          const what = `${file}/${index}/${path.join("/")}`;
          const put = (change: (old: Json) => Json | undefined) =>
            withComponent(connector, file, index, changed(component, path, change));
          const candidates: Candidate[] = [];
          const isScalar = typeof value !== "object" || value === null;
          if (isScalar && !hasMark(value)) {
            candidates.push({
              kind: "literal",
              what,
              make: (pick) => put(() => pick(newValues.filter((one) => one !== value))),
            });
          }
          if (typeof value === "string" && hasMark(value)) {
            const parts = value.split(/(\{\{@ \w+ @\}\})/);
            const literals = parts.flatMap((part, at) => (at % 2 === 0 && part !== "" ? [at] : []));
            if (literals.length > 0) {
              const edit = (pick: Pick): string => {
                const at = pick(literals);
                const text = pick(["edited", "/x?", 'a "b"', "æ"]);
                return parts
                  .map((part, other) => (other === at ? pick([`${part}${text}`, `${text}${part}`, text]) : part))
                  .join("");
              };
              candidates.push({ kind: "part of a text", what, make: (pick) => put(() => edit(pick)) });
            }
          }
          if (!isScalar && !Array.isArray(value)) {
            candidates.push({
              kind: "addition",
              what,
              make: (pick) => put((old) => ({ ...(old as object), "a new key": pick(newValues) })),
            });
          }
          if (Array.isArray(value)) {
            candidates.push({
              kind: "addition",
              what,
              make: (pick) =>
                put((old) => {
                  const items = old as readonly Json[];
                  const at = pick([0, items.length, items.length >> 1]);
                  return [...items.slice(0, at), pick(["a new item", 77_777, ["new"]]), ...items.slice(at)];
                }),
            });
          }
          if (Array.isArray(value) && JSON.stringify(value) !== JSON.stringify(value.toReversed())) {
            candidates.push({ kind: "order", what, make: () => put((old) => (old as readonly Json[]).toReversed()) });
          }
          const key = path.at(-1);
          if (typeof key === "string" && !hasMark(key)) {
            const parent = path.slice(0, -1);
            const renamed = (old: Json): Json =>
              Object.fromEntries(
                Object.entries(old as { [key: string]: Json }).map(([name, member]) => [
                  name === key ? "another key" : name,
                  member,
                ]),
              );
            const make = () => withComponent(connector, file, index, changed(component, parent, renamed));
            candidates.push({ kind: "key", what, make });
          }
          if (path.length > 0 && !hasMark(path.at(-1)))
            candidates.push({ kind: "removal", what, make: () => put(() => undefined) });
          return candidates;
        }),
    ),
  );

const parameterCandidates = (connector: GeneratedConnector): Candidate[] =>
  Object.entries(connector.manifest.datatypes).flatMap(([datatype, { parameters }]) =>
    Object.entries(parameters).map(
      ([name, value]): Candidate => ({
        kind: "parameter",
        what: `parameter ${name} of ${datatype}`,
        make: (pick) => {
          const now =
            typeof value === "number"
              ? 4321
              : typeof value === "boolean"
                ? !value
                : pick(["another value", 'new "q"', "c:\\x"]);
          const { datatypes } = connector.manifest;
          const own = datatypes[datatype];
          if (own === undefined) return connector;
          const changedDatatype = { ...own, parameters: { ...parameters, [name]: now } };
          return {
            ...connector,
            manifest: { ...connector.manifest, datatypes: { ...datatypes, [datatype]: changedDatatype } },
          };
        },
      }),
    ),
  );

/** Edits of a connector that its files can hold. */
export const editsOf = (connector: GeneratedConnector): fc.Arbitrary<GeneratedEdit> => {
  const byKind = new Map<EditKind, Candidate[]>();
  for (const candidate of [...templateCandidates(connector), ...parameterCandidates(connector)]) {
    byKind.set(candidate.kind, [...(byKind.get(candidate.kind) ?? []), candidate]);
  }
  return fc
    .tuple(fc.constantFrom(...byKind.values()), fc.array(fc.nat(1_000_000), { minLength: 6, maxLength: 6 }))
    .map(([candidates, numbers]) => {
      let at = 0;
      const pick: Pick = (from) => from[(numbers[at++ % numbers.length] ?? 0) % from.length] as (typeof from)[number];
      const { kind, what, make } = pick(candidates);
      return { kind, what, connector: make(pick) };
    });
};

/** An expansion with one value anywhere changed, taken out or added, whatever it came from. */
export const wildEdit = (files: ReadonlyMap<string, Json>, numbers: Iterable<number>): ReadonlyMap<string, Json> => {
  const source = numbers[Symbol.iterator]();
  const pick = <T>(from: readonly T[]): T => from[Number(source.next().value ?? 0) % from.length] as T;
  const [path, content] = pick([...files].filter(([file]) => file.includes("/")));
  const place = pick(placesIn(content).filter((one) => one.path.length > 0));
  const change = (old: Json): Json | undefined => {
    const kind = pick(["set", "set", "text", "remove", "add"]);
    if (kind === "remove") return undefined;
    if (kind === "text" && typeof old === "string")
      return pick([`${old}x`, `x${old}`, old.slice(1), old.replaceAll("contact", "kontakt")]);
    if (kind === "add" && Array.isArray(old)) return [...old, pick(newValues)];
    if (kind === "add" && typeof old === "object" && old !== null) return { ...old, "a new key": pick(newValues) };
    return pick(newValues);
  };
  return new Map([...files, [path, changed(content, place.path, change)]]);
};
