import { readFileSync } from "node:fs";

/** The package's version; the same file stands above `src` and `dist`. */
export const version = (): string => {
  const file = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(file) as { readonly version: string };
  return version;
};
