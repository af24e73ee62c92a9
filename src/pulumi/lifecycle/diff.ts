import type { dynamic } from "@pulumi/pulumi";
import { equal } from "../../canonical.ts";
import type { Catalog } from "../../catalog/index.ts";
import type { Field, Path, Properties } from "../../contract/index.ts";
import { at, compare, segments, within } from "../../contract/index.ts";
import type { Adapter } from "./adapter.ts";
import { fingerprintsOf } from "./fingerprint.ts";
import { commonArguments, recorded, wantedBy } from "./picture.ts";
import { unknownPaths } from "./unknown.ts";

export type Difference = {
  /** What would have to be written; what is unknown is left out. */
  readonly fields: readonly Field[];
  readonly unknown: readonly string[];
  /** Immutable paths among them. */
  readonly immutable: readonly Path[];
  /** The deployer's own settings that are others now: only the state has to know. */
  readonly settings: readonly Path[];
};

/** What a refresh no longer found: the arguments before it still have its fingerprint. */
const vanished = (olds: Properties, news: Properties, clear: Properties): readonly Field[] => {
  const before = fingerprintsOf(olds);
  return Object.keys(fingerprintsOf(news))
    .filter((path) => before[path] === undefined && at(clear, path) === undefined)
    .map((path) => ({ path, class: "drift" }));
};

/** What the arguments ask for beyond the state, judged by the state alone. */
export const difference = (
  adapter: Adapter,
  catalog: Catalog,
  id: string,
  olds: Properties,
  news: Properties,
  fitting: readonly Path[] = [],
): Difference => {
  const wanted = wantedBy(adapter, catalog, news);
  const { shape, clear } = wanted;
  const { base, live } = recorded(adapter, id, olds, wanted, fitting);
  const unknown = unknownPaths(clear);
  const fields = [...compare(shape, wanted.sealed, live, base, false), ...vanished(olds, news, clear)].filter(
    (field) => !within(unknown, field.path),
  );
  const changed = [...fields.map((field) => field.path), ...unknown];
  return {
    fields,
    unknown,
    immutable: shape.immutable.filter((path) => changed.some((other) => within([path], other))),
    settings: shape.local.filter(
      (path) => !within(shape.immutable, path) && !equal(at(base.applied, path) ?? null, at(clear, path) ?? null),
    ),
  };
};

const keyOf = ({ kind, properties }: Adapter, inputs: Properties): string => kind.key(properties(inputs));

/** Pure. Compares as the engine does, with the state in the ledger's place. */
export const diff = (
  adapter: Adapter,
  catalog: Catalog,
  id: string,
  olds: Properties,
  news: Properties,
  fitting: readonly Path[] = [],
): dynamic.DiffResult => {
  const { fields, unknown, immutable, settings } = difference(adapter, catalog, id, olds, news, fitting);
  const others = commonArguments.filter((name) => !equal(olds[name], news[name]));
  return {
    changes: fields.length + unknown.length + settings.length + others.length > 0,
    replaces: [...new Set(immutable.map((path) => adapter.argument(`/${segments(path)[0] ?? ""}`)))],
    // Two objects never have one name.
    deleteBeforeReplace: immutable.length > 0 && (unknown.length > 0 || keyOf(adapter, olds) === keyOf(adapter, news)),
  };
};
