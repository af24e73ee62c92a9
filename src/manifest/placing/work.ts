import type { Json, Path } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { FileEdit } from "../editing/types.ts";
import type { Source } from "../parse/source.ts";
import type { Member, Tree } from "../parse/tree.ts";
import type { Names } from "./names.ts";
import type { Edit, Instance, NewComponent, PlacedEdit, PlaceOptions, UnplacedReason } from "./types.ts";

/** One difference and what becomes of it; open until it has changes or a reason. */
export type Point = {
  readonly edit: Edit;
  readonly of: Instance | NewComponent;
  /** All of them have to be made for it. */
  changes: readonly Change[];
  refused:
    | { readonly reason: UnplacedReason; readonly message: string; readonly location: Location | undefined }
    | undefined;
};

/** Something to be changed in one file. */
export type Change = {
  readonly source: Source;
  readonly into: PlacedEdit["into"];
  readonly location: Location;
  readonly edits: readonly FileEdit[];
  /** What a template language reads is no YAML or JSON: there, texts are put in place of others. */
  readonly rendered: boolean;
};

/** What an edited component is made of, so that it can be told what it is with only some of its edits. */
export type Diff =
  | { readonly type: "same"; readonly value: Json }
  | { readonly type: "point"; readonly point: Point }
  | { readonly type: "map"; readonly members: readonly DiffMember[] }
  | { readonly type: "list"; readonly items: readonly Diff[] };

export type DiffMember = {
  readonly key: string;
  /** Its new name, if these points are placed. */
  readonly renamed?: { readonly to: string; readonly points: readonly Point[] };
  readonly diff: Diff;
};

/** A scalar or key of a template in an instance. */
export type Side = { readonly view: View; readonly path: Path; readonly from: Json; readonly to: Json };

/** An instance that was edited, as it is looked at. */
export type View = {
  readonly instance: Instance;
  /** Scalars of the template that give something else now. */
  readonly scalars: Map<Tree, Side[]>;
  /** Keys that have another name. */
  readonly keys: Map<Member, { readonly from: string; readonly to: string }>;
  /** Parts of the template that nothing came from any more. */
  readonly gone: Set<Tree | Member>;
  readonly generated: ReadonlySet<Path>;
  diff: Diff | undefined;
};

/** A scalar of a template of which some instance has another value. */
export type Leaf = {
  readonly source: Source;
  readonly node: Extract<Tree, { type: "scalar" }>;
  readonly location: Location;
  readonly rendered: boolean;
  /** A template language has it as it stands in the file. */
  readonly isLiteral: boolean;
  /** All that have it; `point` where it was edited. */
  readonly entries: LeafEntry[];
  /** What the template gets. */
  raw: Json | undefined;
};

export type LeafEntry = {
  readonly side: Side;
  readonly instance: Instance;
  readonly point: Point | undefined;
  /** It is not certain that this item became that one. */
  readonly isLoose: boolean;
};

/** A key that has another name in an instance. */
export type KeyEdit = {
  readonly instance: Instance;
  readonly member: Member;
  readonly to: string;
  readonly points: readonly Point[];
};

export type Work = {
  readonly instances: readonly Instance[];
  readonly options: PlaceOptions;
  readonly names: Names;
  readonly views: Map<Instance, View>;
  readonly points: Point[];
  readonly leaves: Map<string, Leaf>;
  readonly keyEdits: KeyEdit[];
};

export const newPoint = (
  work: Pick<Work, "points">,
  of: Instance | NewComponent,
  path: Path,
  change: Pick<Edit, "from" | "to">,
): Point => {
  const point: Point = { edit: { name: of.name, path, ...change }, of, changes: [], refused: undefined };
  work.points.push(point);
  return point;
};

export const refuse = (
  points: readonly Point[],
  reason: UnplacedReason,
  message: string,
  location?: Location,
): void => {
  for (const point of points) {
    if (point.refused === undefined) point.refused = { reason, message, location };
    point.changes = [];
  }
};

/** Gives points a change of a template; with tenants' files only, there is none. */
export const place = ({ options }: Work, points: readonly Point[], change: Change): void => {
  if (options.tenantFiles === "always") {
    const message =
      "it stands in the template, which belongs to all tenants; a tenant's own file holds values of variables only";
    refuse(points, "template-shared", message, change.location);
    return;
  }
  for (const point of points) point.changes = [...point.changes, change];
};

/** True for a component that is taken out of its template. */
export const isGone = (view: View | undefined): boolean =>
  view?.instance.edited === undefined && view?.diff?.type === "point" && view.diff.point.refused === undefined;

const isPlaced = (point: Point, made: ReadonlySet<Change>): boolean =>
  point.refused === undefined && point.changes.length > 0 && point.changes.every((change) => made.has(change));

/** What a component becomes when these changes are made. */
export const settled = (diff: Diff, made: ReadonlySet<Change>): Json | undefined => {
  switch (diff.type) {
    case "same":
      return diff.value;
    case "point":
      return isPlaced(diff.point, made) ? diff.point.edit.to : diff.point.edit.from;
    case "list":
      return diff.items.flatMap((item) => {
        const value = settled(item, made);
        return value === undefined ? [] : [value];
      });
    case "map": {
      const value: Record<string, Json> = {};
      for (const { key, renamed, diff: inner } of diff.members) {
        const member = settled(inner, made);
        const isRenamed = renamed?.points.every((point) => isPlaced(point, made)) ?? false;
        if (member !== undefined) value[isRenamed && renamed !== undefined ? renamed.to : key] = member;
      }
      return value;
    }
    default:
      return diff satisfies never;
  }
};
