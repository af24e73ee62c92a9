import type { Properties } from "../../contract/index.ts";
import { statePath } from "../program-folder.ts";
import { flatAdapter } from "./flat-adapter.ts";
import { digestFile } from "./local-file.ts";
import { isUnknown } from "./unknown.ts";

const names = ["dataset", "path", "format", "batch_size", "async_mode", "mode", "on_delete", "content"] as const;

const anotherContent = (path: string, digest: string) => ({
  property: "content",
  message: `the file "${path}" does not have the content that "content" asks for; it has ${digest}`,
  hint: "correct one of them, or leave content out",
});

/** The path as states hold it, and the digest of what is there now. */
const fill = async (inputs: Properties, dir: string) => {
  const given = inputs["path"];
  if (typeof given !== "string" || given === "" || isUnknown(given)) return { inputs, problems: [] };
  const path = statePath(dir, given);
  const found = await digestFile(dir, path);
  if ("problem" in found) return { inputs: { ...inputs, path }, problems: [{ property: "path", ...found.problem }] };
  const content = inputs["content"] ?? found.digest;
  const isOther = typeof content === "string" && !isUnknown(content) && content !== found.digest;
  return { inputs: { ...inputs, path, content }, problems: isOther ? [anotherContent(path, found.digest)] : [] };
};

export const fileUploadAdapter = flatAdapter("file", names, { fill, isNamed: true });
