import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { programFolder } from "./program-folder.ts";

const place = /^(?<lead>\s*at .* \()(?<file>.*)(?<rest>:[0-9]+:[0-9]+\))$/;

/** A frame of the program, its file as a path; nothing of a frame from elsewhere. */
const ownFrame = (folder: string, line: string): string => {
  const { lead, file, rest } = place.exec(line)?.groups ?? {};
  if (lead === undefined || file === undefined || rest === undefined) return "";
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  const inside = relative(folder, path);
  return inside.startsWith("..") || isAbsolute(inside) ? "" : `${lead}${path}${rest}`;
};

/**
 * Pulumi's SDK puts the places of the calls that made a resource into its state, and takes the URLs of ES modules for
 * paths: the state would hold the machine's folders. For the next error that is made, which is the SDK's, places are the
 * program's own files, and those of nobody else.
 */
export const ownPositions = (): void => {
  const before = Error.prepareStackTrace;
  const folder = programFolder(process.cwd());
  Error.prepareStackTrace = (error, frames) => {
    Error.prepareStackTrace = before;
    const text =
      before === undefined
        ? [String(error), ...frames.map((frame) => `    at ${String(frame)}`)].join("\n")
        : String(before(error, frames));
    const [first = "", ...lines] = text.split("\n");
    return [first, ...lines.map((line) => ownFrame(folder, line))].join("\n");
  };
};
