import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { DeployerError } from "../errors.ts";
import { usage } from "./flag.ts";

/** Writes a file as a whole or not at all; a reader never sees half of it. What `text` throws comes out as it is. */
export const writeFileWhole = async (
  file: string,
  text: string | AsyncIterable<string>,
  mode: number,
): Promise<void> => {
  const draft = `${file}.${randomUUID()}.tmp`;
  try {
    await using handle = await open(draft, "wx", mode);
    await handle.writeFile(text);
    await handle.sync();
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    if (error instanceof DeployerError) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw usage(`cannot write ${JSON.stringify(file)} (${code})`, "look at the path and the rights of its folder");
  }
};
