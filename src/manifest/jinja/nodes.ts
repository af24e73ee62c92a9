/** A part of a template, at its offsets in the file's text. */
export type Place = { readonly start: number; readonly end: number };

export type Arguments = {
  readonly positional: readonly Expression[];
  readonly named: readonly (readonly [string, Expression])[];
};

export type Expression = Place &
  (
    | { readonly type: "literal"; readonly value: null | boolean | number | string; readonly float: boolean }
    | { readonly type: "name"; readonly name: string }
    | { readonly type: "member"; readonly of: Expression; readonly key: Expression; readonly dotted: boolean }
    | {
        readonly type: "slice";
        readonly of: Expression;
        readonly bounds: readonly (Expression | undefined)[];
      }
    | { readonly type: "call"; readonly of: Expression; readonly args: Arguments }
    | { readonly type: "list"; readonly items: readonly Expression[] }
    | { readonly type: "dict"; readonly entries: readonly (readonly [Expression, Expression])[] }
    | { readonly type: "unary"; readonly operator: string; readonly of: Expression }
    | { readonly type: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression }
    | { readonly type: "filter"; readonly name: string; readonly of: Expression; readonly args: Arguments }
    | {
        readonly type: "test";
        readonly name: string;
        readonly negated: boolean;
        readonly of: Expression;
        readonly args: Arguments;
      }
    | {
        readonly type: "choice";
        readonly condition: Expression;
        readonly yes: Expression;
        readonly no: Expression | undefined;
      }
  );

/** What `set` and `for` give values to: one name, several, or an attribute of a namespace. */
export type Target = Place &
  (
    | { readonly type: "names"; readonly names: readonly string[]; readonly unpacks: boolean }
    | { readonly type: "attribute"; readonly of: string; readonly key: string }
  );

export type Parameter = { readonly name: string; readonly value: Expression | undefined };

export type Node = Place &
  (
    | { readonly type: "text"; readonly text: string; readonly raw: boolean }
    | {
        readonly type: "output";
        readonly expression: Expression | undefined;
        /** Where it looks like the name of one variable, dots and hyphens included. */
        readonly name: string | undefined;
      }
    | {
        readonly type: "if";
        readonly branches: readonly { readonly condition: Expression; readonly body: readonly Node[] }[];
        readonly otherwise: readonly Node[];
      }
    | {
        readonly type: "for";
        readonly target: Target;
        readonly of: Expression;
        readonly condition: Expression | undefined;
        readonly body: readonly Node[];
        readonly otherwise: readonly Node[];
      }
    | { readonly type: "set"; readonly target: Target; readonly value: Expression }
    | {
        readonly type: "capture";
        /** Absent: what it makes is put out. */
        readonly target: Target | undefined;
        /** What is done with the text, which is called `bodyName` there. */
        readonly filter: Expression | undefined;
        readonly body: readonly Node[];
      }
    | {
        readonly type: "with";
        readonly values: readonly (readonly [string, Expression])[];
        readonly body: readonly Node[];
      }
    | {
        readonly type: "macro";
        readonly name: string;
        readonly parameters: readonly Parameter[];
        readonly body: readonly Node[];
      }
    | {
        readonly type: "call";
        readonly parameters: readonly Parameter[];
        readonly call: Expression;
        readonly body: readonly Node[];
      }
  );

/** No template can name it. */
export const bodyName = "(body)";
