import { once } from "node:events";
import type { Call } from "../operations.ts";
import { Problem } from "../problem.ts";
import type { FileTarget } from "./receive-file.ts";

/** A multipart form with one file. */
export type Form = {
  readonly fields: ReadonlyMap<string, string>;
  /** Its name as the client gave it; empty: none. */
  readonly name: string;
};

/** Where the file stands in the form. */
const fileField = "file";
/** Bytes of the form that wait at most. */
const waiting = 1024 * 1024;
const limits = { fieldSize: 64 * 1024, fields: 100, parts: 200 };

/**
 * Reads a form as it arrives; `begin` is told of the file and of the fields that stand before it, `target` gets its
 * bytes. The whole body is read whatever is wrong with it, so that the client gets to read the answer. Throws
 * `unsupported_media_type`, `bad_request`, `missing_fields`.
 */
export const receiveForm = async (
  call: Call,
  target: Pick<FileTarget, "write">,
  begin: (form: Form) => void,
): Promise<Form> => {
  const type = call.header("content-type") ?? "";
  if (!/^multipart\/form-data\s*(;|$)/i.test(type)) {
    const given = type === "" ? "a body without content-type" : JSON.stringify(type);
    throw new Problem("unsupported_media_type", `an upload must be multipart/form-data, not ${given}`);
  }
  if (!/;\s*boundary=/i.test(type)) throw new Problem("bad_request", "the content-type has no boundary");
  const { Busboy } = await import("@fastify/busboy");
  const fields = new Map<string, string>();
  let name: string | undefined;
  let wrong: Problem | undefined;
  let arrived: Buffer[] = [];
  const parser = new Busboy({
    headers: { "content-type": type },
    highWaterMark: waiting,
    isPartAFile: (field, _type, file) => field === fileField || file !== undefined,
    limits,
  });
  parser.on("field", (field, value, _nameCut, isCut) => {
    if (isCut) wrong ??= invalid(`the field ${field} is longer than ${limits.fieldSize} bytes`);
    if (fields.has(field)) wrong ??= invalid(`the field ${field} is there twice`);
    fields.set(field, value);
  });
  parser.on("file", (field, content, file) => {
    if (field !== fileField || name !== undefined) {
      wrong ??= invalid(
        field === fileField
          ? "there are several files; send them one by one"
          : `the file stands in the field ${JSON.stringify(field)}, it belongs into "${fileField}"`,
      );
      content.resume();
      return;
    }
    name = file ?? "";
    begin({ fields, name });
    content.on("data", (bytes: Buffer) => arrived.push(bytes));
  });
  for (const limit of ["fieldsLimit", "partsLimit"] as const) {
    parser.on(limit, () => {
      wrong ??= invalid("the form has too many parts");
    });
  }
  let broken: unknown;
  const ended = once(parser, "finish");
  ended.catch((error: unknown) => {
    broken = error;
  });
  let failure: { readonly error: unknown } | undefined;
  const pass = async (): Promise<void> => {
    const some = arrived;
    arrived = [];
    try {
      for (const bytes of some) {
        if (failure !== undefined) return;
        const written = target.write(bytes);
        if (written !== undefined) await written;
      }
    } catch (error) {
      failure = { error };
    }
  };
  try {
    for await (const chunk of call.stream()) {
      // What follows an error is read all the same.
      if (broken === undefined && !parser.write(chunk)) await Promise.race([once(parser, "drain"), ended]);
      await pass();
    }
    parser.end();
    await ended;
    await pass();
  } catch (error) {
    if (call.signal.aborted) throw new Problem("bad_request", "the client went away before the file was complete");
    if (error instanceof Problem || error !== broken) throw error;
    throw invalid(`the form is broken: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (failure !== undefined) throw failure.error;
  if (wrong !== undefined) throw wrong;
  if (name === undefined) throw new Problem("missing_fields", `the form has no file: it belongs into "${fileField}"`);
  return { fields, name };
};

const invalid = (reason: string): Problem => new Problem("bad_request", reason);
