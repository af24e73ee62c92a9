import type { Json, Path } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { ComponentTemplate } from "../expand/compile-template.ts";
import type { Scope } from "../expand/scope.ts";
import type { Source } from "../parse/source.ts";

/** Why an edit of an expansion has no place in the files; the list is closed. */
export const unplacedReasons = [
  /** The expansion adds it by itself: a shim pipe, a comment, the node's metadata, permissions of a webhook. */
  "generated",
  /** A variable that no file gives a value: system, datatype, account_id of a development expansion, … */
  "built-in-variable",
  /** `$ENV(name)` of a development expansion: each environment gives the value. */
  "placeholder",
  /** A secret, or a text with references. */
  "secret",
  /** Other uses of the same variable have another value, or the old one. */
  "uses-disagree",
  /** Other datatypes or tenants that share the template have something else at this place. */
  "template-shared",
  /** Literal text and the value of a variable were changed at once, or a variable's text can be found in several ways. */
  "mixed",
  /** It comes out of a block, a loop or an expression of a template language. */
  "template-logic",
  /** What it became would be read as a variable, or cannot stand in a template. */
  "not-expressible",
  /** A new component that belongs to no template, or an `_id` that is another one's now. */
  "no-template",
  /** The file cannot be changed there without touching more: anchors, unusual layout. */
  "file-format",
  /** What was edited cannot be read: no JSON, no `_id`, too large. */
  "unreadable",
  /** Expanding the changed files again does not give what was edited. */
  "not-reproduced",
] as const;
export type UnplacedReason = (typeof unplacedReasons)[number];

/** A component of an expansion with where it came from, and what it was edited to. */
export type Instance = {
  /** How messages call it, unique: a file of the expansion, or `kind/_id`. */
  readonly name: string;
  readonly tenant: string;
  readonly connector: string;
  readonly datatype: string | undefined;
  /** Its tree has the places, and the marks of variables in its texts. */
  readonly template: ComponentTemplate;
  /** A template language made it: only what stands in the file as it is can be edited. */
  readonly rendered: boolean;
  readonly scope: Scope;
  /** The tenant's file, where there is one. */
  readonly tenantSource?: Source;
  /** Paths that the expansion added to what the template gives. */
  readonly generated?: readonly Path[];
  /** Whole, with `_id` and `type`. */
  readonly expanded: Json;
  /** Equal to `expanded` where nothing was edited; undefined where the component was taken out. */
  readonly edited: Json | undefined;
};

/** A component that an expansion did not have. */
export type NewComponent = {
  readonly name: string;
  readonly tenant: string;
  readonly connector: string;
  /** The datatype, or undefined for the system template; chosen by its `_id`. */
  readonly datatype: string | undefined;
  /** The template it goes into; absent: there is none. */
  readonly template?: { readonly source: Source; readonly rendered: boolean };
  readonly scope?: Scope;
  readonly edited: Json;
};

/** One difference. Without `from` it was added, without `to` taken out. The whole component is the path "". */
export type Edit = { readonly name: string; readonly path: Path; readonly from?: Json; readonly to?: Json };

export type PlacedEdit = Edit & {
  readonly into: "template" | "manifest" | "multi-tenant" | "tenant";
  readonly location: Location;
};

export type UnplacedEdit = Edit & {
  readonly reason: UnplacedReason;
  /** What is in the way and what to do, for a person. */
  readonly message: string;
  /** What it would be written to. */
  readonly location?: Location;
};

export type FileChange = { readonly file: string; readonly before: string; readonly after: string };

export type Placement = {
  /** Sorted by path; the texts are whole. */
  readonly files: readonly FileChange[];
  readonly placed: readonly PlacedEdit[];
  readonly unplaced: readonly UnplacedEdit[];
};

export type PlaceOptions = {
  /**
   * What becomes of an edit to a variable that a tenant may give a value of its own: it stays where the value came from
   * (`never`), goes to the tenant's file where others use the same value otherwise (`where-needed`), or always there.
   */
  readonly tenantFiles: "never" | "where-needed" | "always";
  /** Expands again, with these texts in place of the files': whole components by name. */
  readonly reexpand: (overlay: ReadonlyMap<string, string>) => Promise<ReadonlyMap<string, Json>>;
};
