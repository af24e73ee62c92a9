import type { Json, Piece, Sealed } from "../../contract/index.ts";
import { backslashesBefore, isObject, joinPath, parseReferences, writeReferences } from "../../contract/index.ts";
import { nearest, nearestName } from "../../nearest.ts";
import type { Make, Scope, Spot } from "./scope.ts";
import { placeWithin } from "./scope.ts";

/** A text with `$ENV()` but no `$SECRET()`: put in, or sealed, once it is known whether its place is secret. */
export class Deferred {
  readonly pieces: readonly Piece[];
  readonly spot: Spot;
  constructor(pieces: readonly Piece[], spot: Spot) {
    this.pieces = pieces;
    this.spot = spot;
  }
}

export const holdsReference = (pieces: readonly Piece[]): boolean => pieces.some((piece) => piece.type !== "text");

export const plainText = (pieces: readonly Piece[]): string =>
  pieces.reduce((text, piece) => (piece.type === "text" ? text + piece.text : text), "");

const written = (piece: Piece): string =>
  piece.type === "text" ? piece.text : `$${piece.type === "env" ? "ENV" : "SECRET"}(${piece.name})`;

/** `$ENV(` or `$SECRET(` that is neither escaped nor followed by a name and a bracket. */
export const brokenReference = (text: string): string | undefined => {
  for (const match of text.matchAll(/\$(?:ENV|SECRET)\((?![A-Za-z_][A-Za-z0-9_.-]*\))/g)) {
    if (backslashesBefore(text, match.index) % 2 === 0) return match[0];
  }
  return undefined;
};

export const secretHint = (name: string, declared: readonly string[]): string =>
  nearestName(name, declared) === undefined
    ? `declare it: secrets: { ${name}: { env: NAME } }`
    : nearest(name, declared);

/** Reports a secret that neither the project nor the tenant declares. */
export const checkSecret = (scope: Scope, name: string, spot: Spot): void => {
  if (scope.secretDeclared(name)) return;
  const place = () => placeWithin(spot, `$SECRET(${name})`);
  const message = `neither the project nor the tenant declares the secret "${name}"`;
  scope.report("missing-secret", place, message, secretHint(name, scope.secretNames()));
};

/** What a text becomes: plain, sealed as a whole, or deferred. */
export const settle = (pieces: readonly Piece[], spot: Spot, scope: Scope): Json => {
  if (scope.keepsReferences === true) return pieces.map(written).join("");
  let deferred = false;
  let secret = false;
  for (const piece of pieces) {
    if (piece.type === "env") deferred = true;
    if (piece.type !== "secret") continue;
    secret = true;
    checkSecret(scope, piece.name, spot);
  }
  if (secret) return { $secret: writeReferences(pieces) } satisfies Sealed;
  if (!deferred) return plainText(pieces);
  scope.deferred = true;
  // It stands in for its text until resolveDeferred has put that in; nothing else sees it.
  return new Deferred(pieces, spot) as unknown as string;
};

/** The text with environment variables put in; a missing one is reported. */
export const inClear = ({ pieces, spot }: Deferred, scope: Scope, report: boolean): string =>
  pieces
    .map((piece) => {
      if (piece.type !== "env") return written(piece);
      const value = scope.environment.get(piece.name);
      if (value === undefined && report) {
        const place = () => placeWithin(spot, written(piece));
        const message = `the environment variable ${piece.name} is not set`;
        scope.report("missing-environment-variable", place, message, `set ${piece.name}`);
      }
      return value ?? "";
    })
    .join("");

type Place = { readonly holder: Record<string, Json> | Json[]; readonly key: string; readonly path: string };

const placesOf = (
  holder: Record<string, Json> | Json[],
  path: string,
  places: (Place & { value: Deferred })[],
): void => {
  for (const [key, value] of Object.entries(holder)) {
    const here = joinPath(path, key);
    if (value instanceof Deferred) places.push({ holder, key, path: here, value });
    else if (Array.isArray(value) || isObject(value)) placesOf(value as Record<string, Json> | Json[], here, places);
  }
};

/**
 * Puts environment variables into properties that were just made, in place; at a path that is secret the text is sealed
 * as it stands.
 */
export const resolveDeferred = (
  properties: Record<string, Json>,
  scope: Scope,
  secretPaths: () => readonly string[],
): void => {
  const places: (Place & { value: Deferred })[] = [];
  placesOf(properties, "", places);
  const put = ({ holder, key }: Place, value: Json): void => {
    (holder as Record<string, Json>)[key] = value;
  };
  for (const place of places) put(place, inClear(place.value, scope, false));
  const secret = secretPaths();
  for (const place of places) {
    const sealed = secret.some((path) => place.path === path || place.path.startsWith(`${path}/`));
    if (sealed) put(place, { $secret: writeReferences(place.value.pieces) });
    else inClear(place.value, scope, true);
  }
};

/** How to make a value of a file that the vendor writes, in which references count and variables do not. */
export const referencing = (json: Json, spot: Spot): { json: Json; pieces?: readonly Piece[]; make?: Make } => {
  if (typeof json === "string") {
    const pieces = parseReferences(json);
    if (!holdsReference(pieces)) return { json: plainText(pieces) };
    return { json, pieces, make: (scope) => settle(pieces, spot, scope) };
  }
  if (Array.isArray(json)) {
    const items = json.map((item: Json) => referencing(item, spot));
    const plain = items.map((item) => item.json);
    if (items.every((item) => item.make === undefined)) return { json: plain };
    return { json: plain, make: (scope) => items.map((item) => item.make?.(scope) ?? item.json) };
  }
  if (isObject(json)) {
    const members = Object.entries(json).map(([key, value]) => [key, referencing(value, spot)] as const);
    const plain = Object.fromEntries(members.map(([key, { json }]) => [key, json]));
    if (members.every(([, { make }]) => make === undefined)) return { json: plain };
    return {
      json: plain,
      make: (scope) => Object.fromEntries(members.map(([key, { json, make }]) => [key, make?.(scope) ?? json])),
    };
  }
  return { json };
};

/** Environment variables that a value or text names. */
export const environmentIn = (json: unknown): string[] =>
  [...JSON.stringify(json ?? null).matchAll(/\$ENV\(([A-Za-z_][A-Za-z0-9_.-]*)\)/g)].map(([, name = ""]) => name);
