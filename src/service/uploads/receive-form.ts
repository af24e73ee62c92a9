import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Call } from "../operations.ts";
import { Problem } from "../problem.ts";

/** A multipart form with one file, which is on disk. */
export type Form = {
  readonly fields: ReadonlyMap<string, string>;
  /** Its name as the client gave it; empty: none. */
  readonly name: string;
  readonly bytes: number;
};

/** Where the file stands in the form. */
const fileField = "file";
/** Bytes that wait for the disk at most: what has gathered is written at once. */
const waiting = 1024 * 1024;
const limits = { fieldSize: 64 * 1024, fields: 100, parts: 200 };

/**
 * Reads a form as it arrives and writes its file to `path`, which must not exist. The whole body is read whatever is
 * wrong with it, so that the client gets to read the answer. Throws `unsupported_media_type`, `bad_request`,
 * `missing_fields`; removing the file is up to the caller.
 */
export const receiveForm = async (call: Call, path: string): Promise<Form> => {
  const type = call.header("content-type") ?? "";
  if (!/^multipart\/form-data\s*(;|$)/i.test(type)) {
    const given = type === "" ? "a body without content-type" : JSON.stringify(type);
    throw new Problem("unsupported_media_type", `an upload must be multipart/form-data, not ${given}`);
  }
  if (!/;\s*boundary=/i.test(type)) throw new Problem("bad_request", "the content-type has no boundary");
  const { Busboy } = await import("@fastify/busboy");
  const fields = new Map<string, string>();
  let name = "";
  let bytes = 0;
  let wrong: Problem | undefined;
  let writing: Promise<void> | undefined;
  const stop = new AbortController();
  const parser = new Busboy({
    headers: { "content-type": type },
    isPartAFile: (field, _type, file) => field === fileField || file !== undefined,
    limits,
  });
  parser.on("field", (field, value, _nameCut, isCut) => {
    if (isCut) wrong ??= invalid(`the field ${field} is longer than ${limits.fieldSize} bytes`);
    if (fields.has(field)) wrong ??= invalid(`the field ${field} is there twice`);
    fields.set(field, value);
  });
  parser.on("file", (field, content, file) => {
    if (field !== fileField || writing !== undefined) {
      wrong ??= invalid(
        field === fileField
          ? "there are several files; send them one by one"
          : `the file stands in the field ${JSON.stringify(field)}, it belongs into "${fileField}"`,
      );
      content.resume();
      return;
    }
    name = file ?? "";
    const target = createWriteStream(path, { flags: "wx", mode: 0o600, highWaterMark: waiting });
    writing = pipeline(content, target, { signal: stop.signal }).then(() => {
      bytes = target.bytesWritten;
    });
    writing.catch((error: unknown) => stop.abort(error));
  });
  for (const limit of ["fieldsLimit", "partsLimit"] as const) {
    parser.on(limit, () => {
      wrong ??= invalid("the form has too many parts");
    });
  }
  let broken: unknown;
  parser.on("error", (error) => {
    broken = error;
  });
  try {
    await pipeline(Readable.from(call.stream()), parser, { signal: stop.signal });
    await writing;
  } catch (error) {
    const isOurs = stop.signal.aborted;
    stop.abort(error);
    await writing?.catch(() => undefined);
    if (isOurs) throw stop.signal.reason;
    if (call.signal.aborted) throw new Problem("bad_request", "the client went away before the file was complete");
    if (error instanceof Problem || error !== broken) throw error;
    throw invalid(`the form is broken: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (wrong !== undefined) throw wrong;
  if (writing === undefined)
    throw new Problem("missing_fields", `the form has no file: it belongs into "${fileField}"`);
  return { fields, name, bytes };
};

const invalid = (reason: string): Problem => new Problem("bad_request", reason);
