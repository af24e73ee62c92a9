import { request as requestHttp } from "node:http";
import { AwsV4Signer } from "aws4fetch";
import type { Json } from "../../src/contract/index.ts";

export type Exchange = { readonly status: number; readonly body: Json | undefined; readonly text: string };

export type Exchanger = (
  method: string,
  path: string,
  body?: string | FormData,
  headers?: Readonly<Record<string, string>>,
) => Promise<Exchange>;

const parsed = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

/** Signed requests over HTTP, also GETs with a body, which `fetch` cannot send. */
export const exchanger =
  (url: string, keys: { readonly accessKey: string; readonly secretKey: string }): Exchanger =>
  async (method, path, given, headers = {}) => {
    const form = given instanceof FormData ? new Response(given) : undefined;
    const body = form === undefined ? given : undefined;
    const content =
      form === undefined ? Buffer.from((body as string | undefined) ?? "") : Buffer.from(await form.arrayBuffer());
    const signer = new AwsV4Signer({
      method,
      url: `${url}${path}`,
      headers: {
        ...(form === undefined ? {} : { "content-type": form.headers.get("content-type") ?? "" }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        ...headers,
      },
      accessKeyId: keys.accessKey,
      secretAccessKey: keys.secretKey,
      service: "es",
      region: "us-east-1",
      singleEncode: true,
      allHeaders: true,
    });
    const signed = await signer.sign();
    return send(method, signed.url, Object.fromEntries(signed.headers), content);
  };

/** One request as it is, not signed. */
export const send = (
  method: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  content = Buffer.alloc(0),
): Promise<Exchange> =>
  new Promise((resolve, reject) => {
    const length = content.length === 0 ? {} : { "content-length": String(content.length) };
    requestHttp(url, { method, headers: { ...headers, ...length } }, (response) => {
      const parts: Buffer[] = [];
      response
        .on("data", (part: Buffer) => parts.push(part))
        .on("error", reject)
        .on("end", () => {
          const text = Buffer.concat(parts).toString("utf8");
          resolve({ status: response.statusCode ?? 0, body: parsed(text), text });
        });
    })
      .on("error", reject)
      .end(content);
  });
