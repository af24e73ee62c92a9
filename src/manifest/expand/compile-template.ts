import type { Json } from "../../contract/index.ts";
import { placeAt } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";
import type { Member, Tree, TreeMap } from "../parse/tree.ts";
import { reservedKeys } from "../parse/tree.ts";
import type { Dialect } from "../parse/variable-marks.ts";
import type { Compilation, CompileProblem, Part, VariableUse } from "./compile-text.ts";
import { compileKey, compileText } from "./compile-text.ts";
import type { Make, Scope, Spot } from "./scope.ts";

export type ComponentTemplate = {
  readonly tree: TreeMap;
  readonly id: Part;
  readonly type: Part;
  readonly properties: Part;
  readonly idSpot: Spot;
  readonly typeSpot: Spot;
  /** How the marks in its tree are read. */
  readonly dialect: Dialect;
};

/** A template file, compiled once for all tenants. */
export type Template = {
  readonly source: Source;
  readonly components: readonly ComponentTemplate[];
  readonly variables: readonly string[];
  readonly uses: readonly VariableUse[];
  readonly problems: readonly CompileProblem[];
  readonly environment: ReadonlySet<string>;
};

const compile = (compilation: Compilation, source: Source, tree: Tree): Part => {
  const { start, end } = tree;
  if (tree.type === "scalar") {
    return typeof tree.value === "string"
      ? compileText(compilation, tree.value, { source, start, end })
      : { constant: true, value: tree.value };
  }
  return tree.type === "list"
    ? compileList(compilation, source, tree.items)
    : compileMembers(compilation, source, tree.members, []);
};

const compileList = (compilation: Compilation, source: Source, items: readonly Tree[]): Part => {
  const parts = items.map((item) => compile(compilation, source, item));
  const base = parts.map((part) => (part.constant ? part.value : null));
  const made = parts.flatMap((part, index) => (part.constant ? [] : [{ index, make: part.make }]));
  const [first, second] = made;
  if (first === undefined) return { constant: true, value: Object.freeze(base) };
  const { index, make } = first;
  if (second === undefined) {
    return {
      constant: false,
      make: (scope) => {
        const value = base.slice();
        value[index] = make(scope);
        return value;
      },
    };
  }
  return {
    constant: false,
    make: (scope) => {
      const value = base.slice();
      for (const { index, make } of made) value[index] = make(scope);
      return value;
    },
  };
};

type Entry = { readonly key: string | ((scope: Scope) => string); readonly part: Part; readonly spot: Spot };

const compileMembers = (
  compilation: Compilation,
  source: Source,
  members: readonly Member[],
  taken: readonly string[],
): Part => {
  const entries = members.map((member): Entry => {
    const spot = { source, start: member.keyStart, end: member.keyEnd };
    const key = compileKey(compilation, member.key, spot);
    return { key, spot, part: compile(compilation, source, member.value) };
  });
  // Keys differ as they are written; an escape may make two of them the same.
  if (members.every(({ key }, index) => entries[index]?.key === key)) return withFixedKeys(entries);
  return { constant: false, make: withMadeKeys(entries, taken) };
};

const withFixedKeys = (entries: readonly Entry[]): Part => {
  const base: Record<string, Json> = {};
  const made: { key: string; make: Make }[] = [];
  for (const { key, part } of entries) {
    if (typeof key !== "string") continue;
    base[key] = part.constant ? part.value : null;
    if (!part.constant) made.push({ key, make: part.make });
  }
  const [first, second, third] = made;
  if (first === undefined) return { constant: true, value: Object.freeze(base) };
  const { key, make } = first;
  if (second === undefined) {
    return {
      constant: false,
      make: (scope) => {
        const value = { ...base };
        value[key] = make(scope);
        return value;
      },
    };
  }
  const { key: otherKey, make: otherMake } = second;
  if (third === undefined) {
    return {
      constant: false,
      make: (scope) => {
        const value = { ...base };
        value[key] = make(scope);
        value[otherKey] = otherMake(scope);
        return value;
      },
    };
  }
  return {
    constant: false,
    make: (scope) => {
      const value = { ...base };
      for (const { key, make } of made) value[key] = make(scope);
      return value;
    },
  };
};

const withMadeKeys =
  (entries: readonly Entry[], taken: readonly string[]) =>
  (scope: Scope): Json => {
    const value: Record<string, Json> = {};
    for (const { key, part, spot } of entries) {
      const name = typeof key === "string" ? key : key(scope);
      const place = () => placeAt(spot.source, spot.start, spot.end);
      if (reservedKeys.has(name)) {
        scope.report("invalid-value", place, `the key becomes "${name}", which is reserved`, "use another name");
      } else if (Object.hasOwn(value, name) || taken.includes(name)) {
        const message = `the key becomes "${name}", which is here already`;
        scope.report("duplicate-key", place, message, "every key of a mapping needs a name of its own");
      } else value[name] = part.constant ? part.value : part.make(scope);
    }
    return value;
  };

const componentOf = (compilation: Compilation, source: Source, tree: TreeMap): ComponentTemplate | undefined => {
  const required = (name: string): { part: Part; spot: Spot } | undefined => {
    const member = tree.members.find(({ key }) => key === name);
    const around = { source, start: tree.start, end: tree.start + 1 };
    if (member === undefined) {
      const hint = `add ${name}: as text`;
      compilation.problems.push({ code: "missing-field", spot: around, message: `a component needs "${name}"`, hint });
      return undefined;
    }
    const { value } = member;
    const spot = { source, start: value.start, end: Math.max(value.end, value.start + 1) };
    if (value.type === "scalar" && typeof value.value === "string" && value.value !== "") {
      return { part: compileText(compilation, value.value, spot), spot };
    }
    const message = `"${name}" of a component has to be text`;
    const written = source.text.slice(value.start, value.end);
    const hint =
      value.type === "scalar" && written !== "" ? `put it in quotes: "${written}"` : `write ${name}: as text`;
    const start = value.type === "scalar" && value.end > value.start ? spot : keySpot(source, member);
    compilation.problems.push({ code: "wrong-type", spot: start, message, hint });
    return undefined;
  };
  const id = required("_id");
  const type = required("type");
  const others = tree.members.filter(({ key }) => key !== "_id" && key !== "type");
  const properties = compileMembers(compilation, source, others, ["_id", "type"]);
  if (id === undefined || type === undefined) return undefined;
  const { dialect } = compilation;
  return { tree, id: id.part, type: type.part, properties, idSpot: id.spot, typeSpot: type.spot, dialect };
};

const keySpot = (source: Source, member: Member): Spot => ({ source, start: member.keyStart, end: member.keyEnd });

/** Compiles the documents of a template: each is one component, or a list of them. */
export const compileTemplate = (
  source: Source,
  trees: readonly Tree[],
  declared: ReadonlySet<string>,
  dialect: Dialect = "own",
): Template => {
  const compilation: Compilation = {
    variables: [],
    slots: new Map(),
    uses: [],
    problems: [],
    environment: new Set(),
    declared,
    dialect,
  };
  const components = trees
    .flatMap((tree) => (tree.type === "list" ? tree.items : [tree]))
    .flatMap((tree): ComponentTemplate[] => {
      if (tree.type === "map") {
        const component = componentOf(compilation, source, tree);
        return component === undefined ? [] : [component];
      }
      const spot = { source, start: tree.start, end: Math.max(tree.end, tree.start + 1) };
      const hint = "a template is one mapping, a list of mappings, or several documents of them";
      compilation.problems.push({ code: "wrong-type", spot, message: "a component has to be a mapping", hint });
      return [];
    });
  const { variables, uses, problems, environment } = compilation;
  return { source, components, variables, uses, problems, environment };
};
