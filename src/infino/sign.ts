import { createHash } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { DeployerError } from "../errors.ts";
import type { Operation } from "./operations.ts";

export type Credentials = { readonly accessKey: string; readonly secretKey: string };

/** What one call sends; the same for each of its attempts. */
export type Message = {
  readonly method: Operation["method"];
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** SHA-256 of the body, in hex; or that the signature does not cover the body. */
  readonly hash: string;
};

/** What stands in the place of a body's hash where the body is streamed: a form's boundary is random. */
const unsignedPayload = "UNSIGNED-PAYLOAD";

/** One path segment in the form that SigV4 signs, so that what is sent is what was signed. */
const segment = (operation: Operation, parameter: string, value: string): string => {
  // A URL drops "." and ".." even when they are percent-encoded: the request would reach another object.
  if (value === "" || value === "." || value === ".." || !value.isWellFormed()) {
    throw new DeployerError("usage", `${operation.name}: ${JSON.stringify(value)} cannot be a ${parameter} in a path`);
  }
  return encodeURIComponent(value).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
};

/** The message of a call; throws `usage` where a parameter fits into no path. */
export const message = (
  endpoint: string,
  operation: Operation,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
  content: unknown,
  { query = {}, isStreamed = false }: { query?: Readonly<Record<string, string>>; isStreamed?: boolean } = {},
): Message => {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    segment(operation, name, parameters[name] ?? ""),
  );
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\x21-\x7e]+$/.test(value)) {
      throw new DeployerError(
        "usage",
        `${operation.name}: ${JSON.stringify(value)} cannot stand in the header ${name}`,
      );
    }
  }
  const body = content === undefined ? undefined : JSON.stringify(content);
  const hash = isStreamed
    ? unsignedPayload
    : createHash("sha256")
        .update(body ?? "")
        .digest("hex");
  const search = new URLSearchParams(query).toString();
  const url = `${endpoint}${path}${search === "" ? "" : `?${search}`}`;
  return { method: operation.method, url, headers, body, hash };
};

/**
 * A function that signs a message as of a time (milliseconds since the epoch): AWS Signature Version 4, service `es`,
 * region `us-east-1`. The path is encoded once, as the API's own client does. The signing key is derived once a day.
 */
export const createSigner = (credentials: Credentials) => {
  const keys = new Map<string, ArrayBuffer>();
  return async (message: Message, now: number): Promise<{ url: URL; init: RequestInit }> => {
    if (keys.size > 2) keys.clear();
    const signer = new AwsV4Signer({
      method: message.method,
      url: message.url,
      headers: { ...message.headers, "x-amz-content-sha256": message.hash },
      accessKeyId: credentials.accessKey,
      secretAccessKey: credentials.secretKey,
      service: "es",
      region: "us-east-1",
      datetime: new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      singleEncode: true,
      cache: keys,
    });
    const { url, headers } = await signer.sign();
    headers.set("accept", "application/json");
    headers.set("user-agent", "connector-deployer");
    if (message.body !== undefined) headers.set("content-type", "application/json");
    // A redirect followed would carry a signature made for another address.
    return { url, init: { method: message.method, headers, body: message.body ?? null, redirect: "manual" } };
  };
};
