import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Json } from "../contract/index.ts";
import { Problem } from "./problem.ts";
import { comparePayload } from "./signature.ts";

/** Bytes that a body may have, and those of operations that take many records at once. */
const maxBody = 4 * 1024 * 1024;
const maxLarge = 64 * 1024 * 1024;
const maxDepth = 64;

/**
 * The whole body; throws `payload_too_large` before more than 4 MiB (`isLarge`: 64 MiB) are held. `incoming` gives the
 * body of a GET, which a `Request` cannot carry.
 */
export const readBody = async (
  request: Request,
  incoming?: IncomingMessage,
  isLarge = false,
): Promise<Uint8Array<ArrayBuffer>> => {
  const most = isLarge ? maxLarge : maxBody;
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  if (announced > most) throw tooLarge(most);
  if (request.method === "GET" || request.method === "HEAD") {
    return incoming === undefined || (incoming.complete && incoming.readableLength === 0)
      ? new Uint8Array()
      : collect(incoming, most);
  }
  if (announced >= 0 && incoming !== undefined) return new Uint8Array(await request.arrayBuffer());
  return request.body === null ? new Uint8Array() : collect(request.body, most);
};

/**
 * The body piece by piece. `incoming` gives it without the detour of a web stream. `payload`: the SHA-256 in hex that it
 * has to have; else throws `unauthorized` at its end.
 */
export const streamBody = async function* (
  request: Request,
  incoming: IncomingMessage | undefined,
  payload: string | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (request.bodyUsed) {
    throw new Problem("unauthorized", "an upload needs the header x-amz-content-sha256, UNSIGNED-PAYLOAD will do");
  }
  const hash = payload === undefined ? undefined : createHash("sha256");
  const chunks: AsyncIterable<Uint8Array> | readonly Uint8Array[] = incoming ?? request.body ?? [];
  try {
    for await (const chunk of chunks) {
      hash?.update(chunk);
      yield chunk;
    }
  } catch (error) {
    if (incoming === undefined || incoming.complete) throw error;
    throw new Problem("bad_request", "the client went away before the body was complete", { cause: error });
  }
  if (hash !== undefined) comparePayload(hash.digest("hex"), payload);
};

const collect = async (chunks: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array<ArrayBuffer>> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > most) throw tooLarge(most);
    parts.push(chunk);
  }
  return new Uint8Array(Buffer.concat(parts));
};

/** A JSON body; throws `unsupported_media_type` or `invalid_json`. */
export const parseJson = (body: Uint8Array, contentType: string | null): Json => {
  const media = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  // What curl sends with -d unless told otherwise.
  const accepted =
    media === "" || media === "application/x-www-form-urlencoded" || /^application\/(.+\+)?json$/.test(media);
  if (!accepted) throw new Problem("unsupported_media_type", `the body must be application/json, not ${media}`);
  if (body.length === 0) throw new Problem("invalid_json", "the body is empty, it must be a JSON object");
  let value: Json;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as Json;
  } catch {
    throw new Problem("invalid_json", "the body is not valid JSON in UTF-8");
  }
  if (deeperThan(value, maxDepth))
    throw new Problem("invalid_json", `the body is nested deeper than ${maxDepth} levels`);
  return value;
};

const deeperThan = (value: Json, depth: number): boolean => {
  let level: Json[] = [value];
  for (let current = 0; level.length > 0; current++) {
    if (current > depth) return true;
    level = level.flatMap((item): Json[] => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return false;
};

const tooLarge = (most: number): Problem =>
  new Problem("payload_too_large", `the body is larger than ${most} bytes; POST /import/file takes larger ones`);
