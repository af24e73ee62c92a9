import { Unreadable } from "./expression.ts";
import type { Place, Target } from "./nodes.ts";
import { bodyName } from "./nodes.ts";
import type { Token } from "./tokens.ts";

export const isEquals = (token: Token): boolean => token.type === "Equals";

/** Where a token stands at no bracket's inside; -1 where none does. */
export const indexAt = (tokens: readonly Token[], is: (token: Token) => boolean): number => {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (/^Open/.test(token.type)) depth++;
    if (/^Close/.test(token.type)) depth--;
    if (depth === 0 && is(token)) return index;
  }
  return -1;
};

export const spanOf = (tokens: readonly Token[], around: Place): Place => {
  const [first] = tokens;
  const last = tokens.at(-1);
  return first === undefined || last === undefined ? around : { start: first.start, end: last.end };
};

/** `x`, `x, y` or, for `set`, `namespace.x`. */
export const targetOf = (tokens: readonly Token[], around: Place, attributes: boolean): Target => {
  const place = spanOf(tokens, around);
  const isWrapped = tokens[0]?.type === "OpenParen" && tokens.at(-1)?.type === "CloseParen";
  const plain = isWrapped ? tokens.slice(1, -1) : tokens;
  const [first, dot, key] = plain;
  if (attributes && dot?.type === "Dot" && first?.name !== undefined && key?.name !== undefined && plain.length === 3) {
    return { type: "attribute", of: first.name, key: key.name, ...place };
  }
  const names = plain.filter((_, index) => index % 2 === 0);
  const isList = names.every(({ name, value }) => name !== undefined && value !== name);
  const commas = plain.filter((_, index) => index % 2 === 1);
  if (names.length === 0 || !isList || !commas.every(({ type }) => type === "Comma")) {
    throw new Unreadable(
      place,
      "a name is missing here",
      attributes ? "write {{% set name = value %}}" : "write {{% for item in list %}}",
    );
  }
  return { type: "names", names: names.map(({ name }) => name ?? ""), unpacks: commas.length > 0, ...place };
};

/** What stands between commas that are in no brackets. */
export const separated = (tokens: readonly Token[]): readonly (readonly Token[])[] => {
  const parts: Token[][] = [];
  let depth = 0;
  for (const token of tokens) {
    if (/^Open/.test(token.type)) depth++;
    if (/^Close/.test(token.type)) depth--;
    const isComma = depth === 0 && token.type === "Comma";
    if (isComma || parts.length === 0) parts.push([]);
    if (!isComma) parts.at(-1)?.push(token);
  }
  return parts;
};

export const nothingMore = ([token]: readonly Token[]): void => {
  if (token !== undefined) throw new Unreadable(token, "nothing may follow here");
};

export const bodyToken = ({ start: at }: Place): Token => ({
  type: "Identifier",
  value: `${bodyName}\0${at}`,
  name: bodyName,
  start: at,
  end: at,
});

export const pipeToken = ({ start: at }: Place): Token => ({ type: "Pipe", value: "|", start: at, end: at });
