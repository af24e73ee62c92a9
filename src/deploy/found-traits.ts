import type { Catalog } from "../catalog/index.ts";
import { secretFieldsOfType } from "../catalog/index.ts";
import { isObject } from "../contract/index.ts";
import type { ConnectionWire } from "../infino/index.ts";
import type { Traits } from "../resources/index.ts";

/** The values that a trait may have after what was seen; absent: nothing was. */
export type FoundTraits = { readonly [Trait in keyof Traits]?: readonly Traits[Trait][] };

/** Lists without a configuration tend to have the name beside it. */
export const connectionName = (wire: ConnectionWire): unknown =>
  wire.config?.["name"] ?? (isObject(wire) ? wire["name"] : undefined);

/** Keys of a configuration beside its name. */
const keysOf = (wire: ConnectionWire | undefined): readonly string[] =>
  Object.keys(wire?.config ?? {}).filter((key) => key !== "name");

const names = (listed: readonly ConnectionWire[]): FoundTraits => {
  const seen = new Set<unknown>();
  for (const wire of listed) {
    const name = connectionName(wire);
    if (name !== undefined && seen.has(name)) return { names: ["free"] };
    seen.add(name);
  }
  return {};
};

const lists = (listed: ConnectionWire | undefined, read: ConnectionWire | undefined): FoundTraits => {
  if (keysOf(listed).length > 0) return { lists: ["full"] };
  return keysOf(read).length > 0 ? { lists: ["bare"] } : {};
};

const secrets = (wires: readonly ConnectionWire[], catalog: Catalog): FoundTraits => {
  const known = wires.flatMap((wire) => {
    const type = catalog.get(wire.type);
    const hidden = type === undefined ? [] : secretFieldsOfType(type);
    return hidden.length === 0 || keysOf(wire).length === 0 ? [] : [{ wire, hidden }];
  });
  const shown = known.some(({ wire, hidden }) => hidden.some((key) => Object.hasOwn(wire.config ?? {}, key)));
  // That none is shown may mean that none of these connections has one.
  return shown ? { secrets: ["masked"] } : {};
};

const updatedAt = (wires: readonly ConnectionWire[]): FoundTraits => {
  if (wires.length === 0) return {};
  return { updated_at: wires.some((wire) => wire.updated_at !== undefined) ? ["config", "any"] : ["none"] };
};

/** What a listing, and one of its connections read alone, tell of how the target behaves. */
export const traitsSeen = (
  listed: readonly ConnectionWire[],
  read: ConnectionWire | undefined,
  catalog: Catalog,
): FoundTraits => {
  const wires = read === undefined ? listed : [...listed, read];
  const same = listed.find((wire) => wire.id === read?.id) ?? listed[0];
  return { ...names(listed), ...lists(same, read), ...secrets(wires, catalog), ...updatedAt(wires) };
};
