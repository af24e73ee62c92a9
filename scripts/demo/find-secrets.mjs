import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** A secret as it may turn up: in clear, in Base64 (as in an authorization header), in hex, URL-encoded, as JSON text. */
export const secretForms = (secret) => [
  ...new Set([
    secret,
    Buffer.from(secret).toString("base64").replace(/=+$/, ""),
    Buffer.from(secret).toString("hex"),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ]),
];

/** Everything in a folder, as `{ place, bytes }`; places are relative to it. */
export const readFolder = async (folder) => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (file) => ({ place: relative(folder, file), bytes: await readFile(file) })));
};

/** The places that hold one of the texts. */
export const placesWith = (texts, contents) =>
  contents.filter(({ bytes }) => texts.some((text) => bytes.includes(text))).map(({ place }) => place);
