import type { Json } from "../../contract/index.ts";

/**
 * One change of a file. Offsets are those of the file as it was read: a tree's `start` and `end`, a member's `keyStart` and
 * `keyEnd`. `from` is what stands there now, so that a text that says something else is refused.
 */
export type FileEdit =
  /** A value, scalar or not, becomes another one; of two texts only the part that differs is written anew. */
  | { readonly op: "value"; readonly start: number; readonly end: number; readonly from: Json; readonly to: Json }
  | { readonly op: "key"; readonly start: number; readonly end: number; readonly from: string; readonly to: string }
  /** Into the mapping that begins at `start`, behind its last member. */
  | { readonly op: "add-member"; readonly start: number; readonly key: string; readonly value: Json }
  /** The member whose key begins at `start`. */
  | { readonly op: "remove-member"; readonly start: number; readonly key: string }
  /** Into the list that begins at `start`, before the item that is at `index` now; its length for the end. */
  | { readonly op: "add-item"; readonly start: number; readonly index: number; readonly value: Json }
  | { readonly op: "remove-item"; readonly start: number; readonly index: number }
  /** Behind the last component of a template that is one mapping or several documents: the template becomes a list, or gets a document. */
  | { readonly op: "add-component"; readonly value: Json }
  /** At a path from the top of a file of one document; mappings on the way are made. */
  | { readonly op: "set"; readonly path: readonly string[]; readonly value: Json };

/** A file's text with changes made, every other byte kept; or why it cannot be done without touching more. */
export type Edited = { readonly text: string } | { readonly problem: string };
