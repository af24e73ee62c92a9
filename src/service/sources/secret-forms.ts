import { isObject, type Json, type Properties } from "../../contract/index.ts";

const shortest = 4;

/**
 * Takes secrets out of texts, in every form in which they may have been sent: as they are, escaped for JSON or a URL,
 * with a user name as base64. `names` are the fields that hold secrets; passwords in addresses are secret as well.
 */
export const secretRemover = (config: Properties, names: readonly string[]): ((text: string) => string) => {
  const inAddresses = Object.values(config).flatMap((value) => (typeof value === "string" ? loginIn(value) : []));
  const secrets = [...names.flatMap((name) => textsIn(config[name])), ...inAddresses.map(({ password }) => password)];
  const users = [...textsIn(config["username"]), ...textsIn(config["user"]), ...inAddresses.map(({ user }) => user)];
  const plain = secrets.filter((secret) => secret !== "").flatMap((secret) => [secret, ...basic(secret, users)]);
  const forms = new Set(plain.flatMap(escaped).filter((form) => form.length >= shortest));
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((clean, form) => clean.replaceAll(form, "***"), text);
};

/** The credentials of Basic authentication, with and without what fills them up, in both alphabets. */
const basic = (secret: string, users: readonly string[]): readonly string[] =>
  ["", ...users].flatMap((user) => {
    const login = Buffer.from(`${user}:${secret}`);
    const standard = login.toString("base64");
    return [standard, standard.replace(/=+$/, ""), login.toString("base64url")];
  });

const escaped = (text: string): readonly string[] => [
  text,
  JSON.stringify(text).slice(1, -1),
  encodeURIComponent(text.toWellFormed()),
];

/** The user and password of an address. */
const loginIn = (text: string): readonly { readonly user: string; readonly password: string }[] => {
  const url = /^[a-z][a-z0-9+.-]*:\/\/[^/]*@/i.test(text) ? URL.parse(text) : null;
  if (url === null || url.password === "") return [];
  const raw = { user: url.username, password: url.password };
  try {
    return [raw, { user: decodeURIComponent(raw.user), password: decodeURIComponent(raw.password) }];
  } catch {
    return [raw];
  }
};

const textsIn = (value: Json | undefined): readonly string[] => {
  if (typeof value === "string") return [value, ...secretsOfKeyFile(value)];
  if (typeof value !== "object" || value === null) return [];
  return isKeyFile(value) ? secretMembers(value) : Object.values(value).flatMap(textsIn);
};

/** Of a cloud's key file these members are secret; the others, such as its project, belong into messages. */
const secretMembers = (key: Properties): readonly string[] =>
  Object.entries(key).flatMap(([name, member]) =>
    /^private_key|^client_secret$|token$/.test(name) && typeof member === "string" ? [member] : [],
  );

const isKeyFile = (value: Json): value is Properties =>
  isObject(value) && (value["type"] === "service_account" || value["type"] === "authorized_user");

const secretsOfKeyFile = (text: string): readonly string[] => {
  if (!text.trimStart().startsWith("{")) return [];
  try {
    const value = JSON.parse(text) as Json;
    return isKeyFile(value) ? secretMembers(value) : [];
  } catch {
    return [];
  }
};
