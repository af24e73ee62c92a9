import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";

const hidden = "[redacted]";
const shortest = 4;
/** Shorter ones are hidden only as words of their own: they are too likely to be a part of an innocent one. */
const anywhere = 8;

const url = (text: string): URL | undefined =>
  /^[a-z][a-z0-9+.-]*:\/\/./i.test(text) && URL.canParse(text) ? new URL(text) : undefined;

const parsed = (text: string): Json | undefined => {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

type Hidden = Map<string, string>;

/** Hides a text and its JSON, base64 and URL spellings. */
const hide = (text: string, found: Hidden): void => {
  const spellings = [text, decoded(text), JSON.stringify(text).slice(1, -1), Buffer.from(text).toString("base64")];
  if (text.isWellFormed()) spellings.push(encodeURIComponent(text));
  for (const spelling of spellings)
    if (text.length >= shortest && spelling.length >= shortest) found.set(spelling, hidden);
};

const hideUrl = (text: string, { protocol, host, username, password, pathname, searchParams }: URL, found: Hidden) => {
  const origin = `${protocol}//${host}`;
  if (text.replace(/\/+$/, "") !== origin) found.set(text, `${origin}/${hidden}`);
  for (const part of [username, password, pathname, ...searchParams.values()]) hide(part, found);
};

const hideText = (text: string, found: Hidden): void => {
  hide(text, found);
  // A service account's key is JSON in a text, and a private key has lines: a server may quote a part of either.
  collect(parsed(text), found);
  if (text.includes("\n")) for (const line of text.split("\n")) hide(line.trim(), found);
};

const collect = (value: Json | undefined, found: Hidden): void => {
  if (Array.isArray(value)) for (const item of value) collect(item, found);
  else if (isObject(value)) {
    for (const [key, member] of Object.entries(value)) if (key !== "name") collect(member, found);
  } else if (typeof value === "string") {
    const address = url(value);
    if (address === undefined) hideText(value, found);
    else hideUrl(value, address, found);
  }
};

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/**
 * Removes from a text that a server wrote whatever the request told it, since the server may quote a secret and the
 * client does not know which fields are secret. Hidden are: every string in `body` of at least 8 characters, those of 4
 * to 7 where they stand as a word of their own, the lines and JSON members of such strings, everything in URLs but scheme,
 * host and port, the JSON, URL and base64 spellings of all these, and `credentials`. What stands under a key `name` stays.
 * Control characters become spaces, and the text is cut at 500 characters.
 */
export const redact = (text: string, body: Json | undefined, credentials: readonly string[]): string => {
  const found: Hidden = new Map();
  collect(body, found);
  for (const credential of credentials) hide(credential, found);
  let clean = text;
  for (const [part, instead] of [...found].sort(([a], [b]) => b.length - a.length)) {
    if (part.length >= anywhere) clean = clean.replaceAll(part, () => instead);
    else
      clean = clean.replace(new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(part)}(?![\\p{L}\\p{N}_])`, "gu"), () => instead);
  }
  clean = clean.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return clean.length > 500 ? `${clean.slice(0, 499)}…` : clean;
};
