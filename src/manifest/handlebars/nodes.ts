/** A part of a Handlebars template, at its offsets in the file's text. */
type Spanned = { readonly start: number; readonly end: number };

export type Path = Spanned & {
  readonly type: "path";
  /** As the template writes it. */
  readonly written: string;
  /** How many contexts up: `../x`; `root` counts as all of them. */
  readonly up: number | "root";
  /** A name that a block gives: `@index`, or one between `|` and `|`. */
  readonly named: string | undefined;
  readonly parts: readonly string[];
};

export type Expression =
  | (Spanned & { readonly type: "literal"; readonly value: null | boolean | number | string })
  | Path
  | (Spanned & { readonly type: "lookup"; readonly of: Expression; readonly key: Expression })
  | (Spanned & { readonly type: "concat"; readonly parts: readonly Expression[] });

export type Node =
  | (Spanned & { readonly type: "text"; readonly text: string })
  | (Spanned & { readonly type: "emit"; readonly expression: Expression })
  | (Spanned & {
      readonly type: "if";
      readonly condition: Expression;
      /** `unless`. */
      readonly negated: boolean;
      readonly includeZero: boolean;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    })
  | (Spanned & {
      readonly type: "each" | "with";
      readonly of: Expression;
      /** What stands between `|` and `|`: the item and its key. */
      readonly names: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    });

/** A variable that an expression reads from the template's own context, where it has to be there. */
export type NameUse = Spanned & { readonly name: string; readonly optional: boolean };
