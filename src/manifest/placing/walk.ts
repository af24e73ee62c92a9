import type { Json } from "../../contract/index.ts";
import { isSealed } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { Source } from "../parse/source.ts";
import type { Member, Tree } from "../parse/tree.ts";
import type { Style, Wish } from "./candidates.ts";
import { agreeOnValue } from "./candidates.ts";
import type { Change, Diff, Point, Side, Work } from "./work.ts";
import { refuse } from "./work.ts";

export type WalkInto = (walk: Walk, node: Tree, sides: readonly Side[], member?: Member, isLoose?: boolean) => Diff[];

/** A template as all who share it are walked through it. */
export type Walk = {
  readonly work: Work;
  readonly source: Source;
  readonly rendered: boolean;
  readonly style: Style;
  /** Walks on into a part of the template. */
  readonly into: WalkInto;
};

export const shared = (what: string): string =>
  `others that share the template do not have ${what}; edit all of them alike, or give this one a template of its own`;

export const logic = "a template language makes it; edit the template";

export const wishOf = <T>({ work: { names }, style }: Walk, { view }: Side, want: T): Wish<T> => {
  const { instance } = view;
  const scope = names.extended(instance, instance.scope);
  const must = names.must(instance, instance.scope, style.dialect === "sesam");
  return { scope, must, may: names.may(instance, instance.scope), want };
};

export const changeIn = ({ source, rendered }: Walk, location: Location, ...edits: Change["edits"]): Change => ({
  source,
  into: "template",
  location,
  edits,
  rendered,
});

export const isContainer = (value: Json): boolean => typeof value === "object" && value !== null;

/** What stands in the way of new values, for each of them; undefined where only the others do. */
const obstacle = (
  walk: Walk,
  side: Side,
  value: Json,
): { reason: "secret" | "not-expressible"; message: string } | undefined => {
  if (isSealed(value)) return { reason: "secret", message: "it is a secret; change its source" };
  if (agreeOnValue([wishOf(walk, side, value)], walk.style) !== undefined) return undefined;
  const message =
    "it holds what a template would read as a variable, a block or a reserved key, and this cannot be escaped here";
  return { reason: "not-expressible", message };
};

export const refuseValue = (
  walk: Walk,
  side: Side,
  value: Json,
  points: readonly Point[],
  location: Location,
  what: string,
): void => {
  const found = obstacle(walk, side, value);
  refuse(points, found?.reason ?? "template-shared", found?.message ?? shared(what), location);
};

export const same = (value: Json): Diff => ({ type: "same", value });

export const forget = (view: Side["view"], tree: Tree, member?: Member): void => {
  if (member !== undefined) view.gone.add(member);
  view.gone.add(tree);
};

/** One that stays as it was, whatever was made of it: it counts for the others as such. */
export const unchanged = (side: Side): Side => ({ ...side, to: side.from });

/** True where parts of the template can come and go. */
export const canTakeParts = ({ rendered, work }: Walk): boolean => !rendered && work.options.tenantFiles !== "always";
