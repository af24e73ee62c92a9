import type { IncomingMessage } from "node:http";
import type { Json } from "../contract/index.ts";
import { Problem } from "./problem.ts";

/** Bytes that a body may have. */
const maxBody = 4 * 1024 * 1024;
const maxDepth = 64;

/**
 * The whole body; throws `payload_too_large` before more than `maxBody` bytes are held. `incoming` gives the body of a
 * GET, which a `Request` cannot carry.
 */
export const readBody = async (request: Request, incoming?: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> => {
  const announced = Number(request.headers.get("content-length") ?? Number.NaN);
  if (announced > maxBody) throw tooLarge();
  if (request.method === "GET" || request.method === "HEAD") {
    return incoming === undefined || incoming.complete ? new Uint8Array() : collect(incoming);
  }
  if (announced >= 0 && incoming !== undefined) return new Uint8Array(await request.arrayBuffer());
  return request.body === null ? new Uint8Array() : collect(request.body);
};

const collect = async (chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> => {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > maxBody) throw tooLarge();
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

const tooLarge = (): Problem => new Problem("payload_too_large", `the body is larger than ${maxBody} bytes`);
