import { createHash, timingSafeEqual } from "node:crypto";
import { AwsV4Signer } from "aws4fetch";
import { Problem } from "./problem.ts";
import type { Credentials } from "./types.ts";

const region = "us-east-1";
const service = "es";
const tolerance = 5 * 60_000;
const unsignedPayload = "UNSIGNED-PAYLOAD";

const authorization =
  /^AWS4-HMAC-SHA256 Credential=([^\s,]+)\/(\d{8})\/([^/\s,]+)\/([^/\s,]+)\/([^/\s,]+), ?SignedHeaders=([a-z0-9!#$%&'*+.^_`|~;-]+), ?Signature=([0-9a-f]{64})$/;

type Claim = {
  readonly accessKey: string;
  readonly datetime: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `x-amz-content-sha256`, where it is sent. */
  readonly payload: string | undefined;
};

/**
 * Verifies AWS Signature Version 4 by signing the request again. Throws `unauthorized`. The body is read only where
 * it takes part in the signature itself; otherwise gives the SHA-256 in hex that it has to have, or undefined where the
 * signature says nothing of it.
 */
export const createVerifier = (credentials: Credentials, clock: () => number) => {
  const keys = new Map<string, ArrayBuffer>();
  return async (request: Request, body: () => Promise<Uint8Array<ArrayBuffer>>): Promise<string | undefined> => {
    const claim = readClaim(request, clock());
    const known = sameText(claim.accessKey, credentials.accessKey);
    const hashed = claim.payload !== undefined && claim.signedHeaders.includes("x-amz-content-sha256");
    const content = hashed ? undefined : await body();
    if (keys.size > 2) keys.clear();
    let valid = false;
    for (const signer of signers(request, claim, credentials, content, keys)) {
      if (sameText(await signer.signature(), claim.signature)) valid = true;
    }
    if (!known) throw refuse(`the access key ${JSON.stringify(claim.accessKey)} is not known here`);
    if (!valid) throw refuse(`the signature does not match the request and the secret key${formHint(request, claim)}`);
    if (claim.payload === undefined || claim.payload === unsignedPayload) return undefined;
    // Covered already where the header itself is not signed.
    if (content !== undefined) checkPayload(content, claim.payload);
    return claim.payload;
  };
};

/** Throws `unauthorized` where the body is not the one that was signed. */
export const checkPayload = (body: Uint8Array, payload: string | undefined): void => {
  if (payload !== undefined) comparePayload(createHash("sha256").update(body).digest("hex"), payload);
};

/** `actual`: the SHA-256 of the body in hex. Throws `unauthorized`. */
export const comparePayload = (actual: string, payload = actual): void => {
  if (!sameText(actual, payload)) throw refuse("the body does not match x-amz-content-sha256");
};

/** curl signs a form as if it were empty. */
const formHint = (request: Request, { payload }: Claim): string =>
  payload === undefined && request.headers.get("content-type")?.startsWith("multipart/form-data") === true
    ? "; curl cannot sign a form: send the header x-amz-content-sha256: UNSIGNED-PAYLOAD"
    : "";

const readClaim = (request: Request, now: number): Claim => {
  const header = request.headers.get("authorization");
  if (header === null) throw refuse("the request is not signed: the authorization header is missing");
  const match = authorization.exec(header);
  if (match === null) {
    throw refuse(
      "the authorization header is not of the form AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…",
    );
  }
  const [, accessKey = "", date = "", inRegion = "", forService = "", terminator = "", names = "", signature = ""] =
    match;
  if (inRegion !== region || forService !== service || terminator !== "aws4_request") {
    throw refuse(
      `the credential scope is ${inRegion}/${forService}/${terminator}, it must be ${region}/${service}/aws4_request`,
    );
  }
  const datetime = request.headers.get("x-amz-date");
  if (datetime === null) throw refuse("the x-amz-date header is missing");
  const time = parseDate(datetime);
  if (Number.isNaN(time)) throw refuse(`x-amz-date ${JSON.stringify(datetime)} is not of the form 20250115T103000Z`);
  if (Math.abs(now - time) > tolerance) {
    throw refuse(
      `x-amz-date ${datetime} is more than 5 minutes away from the server's time ${new Date(now).toISOString()}`,
    );
  }
  if (!datetime.startsWith(date)) throw refuse(`the credential's date ${date} is not that of x-amz-date ${datetime}`);
  const signedHeaders = names.split(";");
  if (new Set(signedHeaders).size !== signedHeaders.length) throw refuse("a header is listed as signed twice");
  for (const name of ["host", "x-amz-date"]) {
    if (!signedHeaders.includes(name)) throw refuse(`the header ${name} must be signed`);
  }
  for (const name of signedHeaders) {
    if (name !== "host" && (name === "authorization" || !request.headers.has(name))) {
      throw refuse(`the header ${name} is listed as signed, but not in the request`);
    }
  }
  const payload = request.headers.get("x-amz-content-sha256") ?? undefined;
  if (payload === unsignedPayload && !signedHeaders.includes("x-amz-content-sha256")) {
    throw refuse("x-amz-content-sha256: UNSIGNED-PAYLOAD must be signed itself");
  }
  if (payload !== undefined && payload !== unsignedPayload && !/^[0-9a-f]{64}$/.test(payload)) {
    throw refuse("x-amz-content-sha256 is neither a SHA-256 in lower-case hex nor UNSIGNED-PAYLOAD");
  }
  return { accessKey, datetime, signedHeaders, signature, payload };
};

/** Clients differ in two points that mean the same request: encoding a path again, and the port in the host. */
const signers = (
  request: Request,
  claim: Claim,
  credentials: Credentials,
  content: Uint8Array<ArrayBuffer> | undefined,
  cache: Map<string, ArrayBuffer>,
): AwsV4Signer[] => {
  const url = new URL(request.url);
  const host = request.headers.get("host") ?? url.host;
  const hosts = new Set([host, host.replace(/:\d+$/, "")]);
  const headers = claim.signedHeaders
    .filter((name) => name !== "host")
    .map((name): [string, string] => [name, request.headers.get(name) ?? ""]);
  const encodings = /[^A-Za-z0-9/._~-]/.test(url.pathname) ? [true, false] : [true];
  return [...hosts].flatMap((host) =>
    encodings.map(
      (singleEncode) =>
        new AwsV4Signer({
          method: request.method,
          url: `${url.protocol}//${host}${url.pathname}${url.search}`,
          headers,
          ...(content === undefined ? {} : { body: content }),
          accessKeyId: credentials.accessKey,
          secretAccessKey: credentials.secretKey,
          service,
          region,
          datetime: claim.datetime,
          allHeaders: true,
          singleEncode,
          cache,
        }),
    ),
  );
};

/** Milliseconds since the epoch of `20250115T103000Z`; NaN for anything else. */
const parseDate = (text: string): number => {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};

/** Takes the same time wherever the texts differ. */
const sameText = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));
const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

const refuse = (reason: string): Problem => new Problem("unauthorized", reason);
