import { Problem } from "../../problem.ts";

const longestName = 1_024;

/**
 * An index, alias, data stream, pattern or list of them as one part of a path. Throws `bad_request` for what can be none
 * of these; names in upper case are left to the server.
 */
export const datasetPath = (name: string): string => {
  const isOther = name === "" || name === "." || name === ".." || (name.startsWith("_") && name !== "_all");
  if (isOther || name.length > longestName || /[\s\\#"|\u0000-\u001f\u007f]/.test(name)) {
    throw new Problem("bad_request", `${JSON.stringify(name.slice(0, 100))} is not the name of an index or alias`);
  }
  return encodeURIComponent(name);
};
