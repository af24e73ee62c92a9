import type { Json } from "../contract/index.ts";
import { isObject } from "../contract/index.ts";
import { onOneLine, shortest, spellings } from "./spellings.ts";

const hidden = "[redacted]";
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

type Hidden = Map<string, string>;

const hide = (text: string, found: Hidden): void => {
  for (const spelling of spellings(text)) found.set(spelling, hidden);
};

const hideUrl = (text: string, address: URL, found: Hidden): void => {
  const { protocol, host, username, password, pathname, searchParams, hash } = address;
  const origin = `${protocol}//${host}`;
  if (text.replace(/\/+$/, "") !== origin) {
    hide(text, found);
    found.set(text, `${origin}/${hidden}`);
  }
  const parts = pathname.split("/").filter((part) => part.length >= anywhere);
  const userinfo = password === "" ? "" : `${username}:${password}`;
  for (const part of [username, password, userinfo, pathname, ...parts, ...searchParams.values(), hash.slice(1)]) {
    hide(part, found);
  }
};

/** Whether what stands under a key `name` stays. */
type Names = "keep" | "hide";

const hideText = (text: string, found: Hidden, names: Names): void => {
  hide(text, found);
  // A service account's key is JSON in a text, and a private key has lines: a server may quote a part of either.
  collect(parsed(text), found, names);
  if (text.includes("\n")) for (const line of text.split("\n")) hide(line.trim(), found);
};

/** Of a cloud's key file, by its `type`, only these members are secret: the others say whose it is. */
const keyFiles: readonly unknown[] = ["service_account", "authorized_user"];
const isKeySecret = (name: string): boolean => /^private_key|^client_secret$|token$/.test(name);

const collect = (value: Json | undefined, found: Hidden, names: Names): void => {
  if (Array.isArray(value)) for (const item of value) collect(item, found, names);
  else if (isObject(value)) {
    const isKeyFile = keyFiles.includes(value["type"]);
    for (const [key, member] of Object.entries(value)) {
      if (isKeyFile ? isKeySecret(key) : names === "hide" || key !== "name") collect(member, found, names);
    }
  } else if (typeof value === "string") {
    const address = url(value);
    if (address === undefined) hideText(value, found, names);
    else hideUrl(value, address, found);
  }
};

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

const ellipsis = "…";

/** Words that were cut may end in the beginning of what must not be in them. */
const withoutCut = (words: string, found: Hidden): string => {
  if (!words.includes(ellipsis)) return words;
  const long = [...found.keys()].filter((part) => part.length >= anywhere);
  const pieces = words.split(ellipsis);
  const last = pieces.pop() ?? "";
  const clean = pieces.map((piece) => {
    for (let start = 0; start <= piece.length - shortest; start++) {
      const end = piece.slice(start);
      if (long.some((part) => part.startsWith(end))) return `${piece.slice(0, start)}${hidden}`;
    }
    return piece;
  });
  return [...clean, last].join(ellipsis);
};

const without = (words: string, found: Hidden): string => {
  let clean = words;
  for (const [part, instead] of [...found].sort(([a], [b]) => b.length - a.length)) {
    if (part.length >= anywhere) clean = clean.replaceAll(part, () => instead);
    else
      clean = clean.replace(new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(part)}(?![\\p{L}\\p{N}_])`, "gu"), () => instead);
  }
  return withoutCut(clean, found);
};

/**
 * Removes from a text that a server wrote whatever the request told it, since the server may quote a secret and the
 * client does not know which fields are secret. Hidden are: every string in `body` of at least 8 characters, those of 4
 * to 7 where they stand as a word of their own, the lines and JSON members of such strings, everything in URLs but scheme,
 * host and port, the JSON, URL, HTML and base64 spellings of all these, and `credentials`. What stands under a key `name`
 * stays, and so does what is not secret in a cloud's key file. Control characters become spaces, and the text is cut at 500 characters.
 */
export const redact = (text: string, body: Json | undefined, credentials: readonly string[]): string => {
  const found: Hidden = new Map();
  collect(body, found, "keep");
  for (const credential of credentials) {
    collect(credential, found, "hide");
    hide(credential, found);
  }
  const clean = onOneLine(without(text, found));
  return clean.length > 500 ? `${clean.slice(0, 499)}…` : clean;
};

/** Words without these texts, in all the ways in which `redact` hides those of a body; lines and length stay. */
export const withoutTexts = (words: string, texts: readonly string[]): string => {
  const found: Hidden = new Map();
  for (const text of texts) collect(text, found, "hide");
  return without(words, found);
};
