import { equal } from "../canonical.ts";
import type { Json } from "../contract/index.ts";
import { isObject, joinPath } from "../contract/index.ts";
import type { FileChange, PairedExpansion, SesamConnector, UnplacedEdit } from "../manifest/index.ts";
import { editFile } from "../manifest/index.ts";
import type { CollapsePlaced, CollapseUnplaced } from "./collapse-types.ts";

type Profile = NonNullable<PairedExpansion["profile"]>;

export type CollapsedProfile = {
  readonly change: FileChange | undefined;
  readonly placed: readonly CollapsePlaced[];
  readonly unplaced: readonly CollapseUnplaced[];
};

/** What differs, by the variable's name. */
const pathsOf = (from: Json, to: Json): readonly string[] => {
  if (!isObject(from) || !isObject(to)) return [""];
  const names = new Set([...Object.keys(from), ...Object.keys(to)]);
  const has = (one: Json, name: string): Json | undefined =>
    isObject(one) && Object.hasOwn(one, name) ? one[name] : undefined;
  return [...names].filter((name) => !equal(has(from, name), has(to, name))).map((name) => joinPath("", name));
};

/** Values of an environment go into the connector's own file, which is made where there is none. They are never shown. */
export const collapseProfile = (connector: SesamConnector, profile: Profile | undefined): CollapsedProfile => {
  if (profile === undefined) return { change: undefined, placed: [], unplaced: [] };
  const { path: name, from, to } = profile;
  const paths = pathsOf(from, to);
  const source = connector.profile;
  const before = source?.text ?? "";
  const [tree] = source?.trees() ?? [];
  const edited =
    tree === undefined
      ? { text: `${JSON.stringify(to, null, 2)}\n` }
      : editFile(name, before, [{ op: "value", start: tree.start, end: tree.end, from, to }]);
  const location = { file: name, line: 1, column: 1 };
  if ("problem" in edited) {
    const message = `it cannot be changed without touching more (${edited.problem}); edit the file itself`;
    const refused = (path: string): UnplacedEdit => ({ name, path, reason: "file-format", message, location });
    return { change: undefined, placed: [], unplaced: paths.map(refused) };
  }
  const placed = paths.map((path): CollapsePlaced => ({ name, path, into: "profile", location }));
  return { change: { file: name, before, after: edited.text }, placed, unplaced: [] };
};
