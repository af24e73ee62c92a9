import { rename, rm } from "node:fs/promises";
import type { Call } from "../operations.ts";
import { Problem } from "../problem.ts";
import { detectFormat, type Reading } from "./detect-format.ts";
import { formatOf, readRequest } from "./read-request.ts";
import { type Detect, receiveFile, rewriteFile } from "./receive-file.ts";
import { receiveForm } from "./receive-form.ts";

/** A file that has been received, with all that its form says. */
export type Arrived = {
  readonly dataset: string;
  /** Where it stands. */
  readonly path: string;
  /** As its sender calls it; empty: not at all. */
  readonly name: string;
  readonly bytes: number;
  /** How to read it. Throws `malformed_file`. */
  reading(): Promise<Reading>;
};

const rewritten = (path: string): string => `${path}-lines`;

/** Removes what {@link receive} has written. */
export const remove = async (path: string): Promise<void> => {
  for (const file of [path, rewritten(path)]) await rm(file, { force: true });
};

/**
 * Receives a form and its file, which it writes to `path`. Throws `unsupported_media_type`, `bad_request`,
 * `missing_fields`, `invalid_name`, `invalid_field`; nothing is left then.
 */
export const receive = async (call: Call, path: string): Promise<Arrived> => {
  const target = await receiveFile(path);
  try {
    const form = await receiveForm(call, target, ({ fields, name }) => {
      // One that comes after the file counts, too.
      const format = fields.has("format") ? formatOf(fields) : undefined;
      if (format !== undefined) target.begin((start) => detectFormat(start, name, format));
    });
    const { dataset, format } = readRequest(form.fields);
    const { bytes, reading, wrong } = await target.end();
    return {
      dataset,
      path,
      name: form.name,
      bytes,
      reading: async () => {
        if (wrong !== undefined) throw wrong;
        return reading ?? arrange(path, (start) => detectFormat(start, form.name, format));
      },
    };
  } catch (error) {
    await target.stop();
    await remove(path);
    throw error;
  }
};

/** What could not be done while the file arrived, as nobody had said yet what it is. */
const arrange = async (path: string, detect: Detect): Promise<Reading> => {
  const { reading, wrong } = await rewriteFile(path, rewritten(path), detect);
  if (wrong !== undefined) throw wrong;
  if (reading === undefined) throw new Problem("internal_error", "the file was not looked at");
  await rename(rewritten(path), path);
  return reading;
};
