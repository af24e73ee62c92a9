import type { dynamic } from "@pulumi/pulumi";
import { equal } from "../../canonical.ts";
import type { Catalog } from "../../catalog/index.ts";
import type { Field, Properties } from "../../contract/index.ts";
import { compare, segments, within } from "../../contract/index.ts";
import type { Adapter } from "./adapter.ts";
import { commonArguments, recorded, wantedBy } from "./picture.ts";
import { unknownPaths } from "./unknown.ts";

/** What would have to be written, judged by the state alone; what is unknown is left out. */
export const difference = (
  adapter: Adapter,
  catalog: Catalog,
  id: string,
  olds: Properties,
  news: Properties,
): {
  readonly fields: readonly Field[];
  readonly unknown: readonly string[];
  readonly immutable: readonly string[];
} => {
  const wanted = wantedBy(adapter, catalog, news);
  const { base, live } = recorded(adapter, id, olds, wanted);
  const unknown = unknownPaths(wanted.clear);
  const fields = compare(wanted.shape, wanted.sealed, live, base, false).filter(
    (field) => !within(unknown, field.path),
  );
  const changed = [...fields.map((field) => field.path), ...unknown];
  return {
    fields,
    unknown,
    immutable: wanted.shape.immutable.filter((path) => changed.some((other) => within([path], other))),
  };
};

/** Pure. Compares as the engine does, with the state in the ledger's place. */
export const diff = (
  adapter: Adapter,
  catalog: Catalog,
  id: string,
  olds: Properties,
  news: Properties,
): dynamic.DiffResult => {
  const { fields, unknown, immutable } = difference(adapter, catalog, id, olds, news);
  const others = commonArguments.filter((name) => !equal(olds[name], news[name]));
  return {
    changes: fields.length + unknown.length + others.length > 0,
    replaces: [...new Set(immutable.map((path) => segments(path)[0] ?? ""))],
    // Two objects never have one name.
    deleteBeforeReplace: immutable.length > 0,
  };
};
