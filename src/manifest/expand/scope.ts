import type { Json, Path, Piece } from "../../contract/index.ts";
import type { Location } from "../../diagnostic.ts";
import type { Complain } from "../collect.ts";
import { placeAt } from "../parse/place.ts";
import type { Source } from "../parse/source.ts";

/** A text in a file: a scalar or a key. */
export type Spot = { readonly source: Source; readonly start: number; readonly end: number };

/** What a variable stands for. */
export type Value = {
  /** Its value; a text without references is unescaped. */
  readonly json: Json;
  /** As a part of a longer text; undefined where it is no scalar or holds references. */
  readonly text: string | undefined;
  /** The parts of a trusted text that holds references. */
  readonly pieces: readonly Piece[] | undefined;
  /** Makes a trusted value that holds references somewhere. */
  readonly make: Make | undefined;
  /** Where it came from, in words. */
  readonly from: string;
  /** Its place in a file that all tenants share; edits of it go there. */
  readonly spot: (() => Spot | undefined) | undefined;
  /** Its path in the tenant's file. */
  readonly tenantPath: string | undefined;
  /** It is only the part of the variable's value at this path, not the whole; `spot` is still the whole's. */
  readonly within?: Path;
  /** It stands outside of quotes: a number is one, in Sesam's dialect too. */
  readonly literal?: boolean;
  /** How the template writes it, where that is not a variable's own mark. */
  readonly written?: string;
};

/** The values of one template's variables for one tenant and datatype, and what else expansion asks for. */
export type Scope = {
  /** Names, and what they stand for, by the template's slots. */
  readonly variables: readonly string[];
  readonly values: readonly Value[];
  readonly environment: ReadonlyMap<string, string>;
  readonly secretDeclared: (name: string) => boolean;
  /** For a did-you-mean. */
  readonly secretNames: () => readonly string[];
  readonly report: Complain;
  /** Set when a text with `$ENV()` waits for the decision whether its place is secret. */
  deferred: boolean;
  /** Set while a component is made whose references are not ours to resolve: they stay as they are written. */
  keepsReferences?: boolean;
};

export type Make = (scope: Scope) => Json;

/** The place of a part of a text, found again in the file's own spelling of it; `before` equal parts are skipped. */
export const placeWithin = (spot: Spot, part: string, before = 0): Location => {
  const { source, start, end } = spot;
  let found = source.text.indexOf(part, start);
  for (let skip = before; skip > 0 && found !== -1; skip--) found = source.text.indexOf(part, found + part.length);
  if (found === -1 || found + part.length > end) return placeAt(source, start, end);
  return placeAt(source, found, found + part.length);
};

/** How many times `part` stands in `text` before an offset. */
export const timesBefore = (text: string, part: string, offset: number): number => {
  let times = 0;
  for (let at = text.indexOf(part); at !== -1 && at < offset; at = text.indexOf(part, at + part.length)) times++;
  return times;
};
