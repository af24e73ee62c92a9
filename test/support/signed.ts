import { AwsV4Signer } from "aws4fetch";

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body; undefined where there is none. */
  readonly body: unknown;
  readonly text: string;
};

/** Sends signed requests, with a library that is not the service's own client. */
export type SignedClient = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

export type Signing = {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Base URL; default one that is only good in process. */
  readonly url?: string;
  readonly region?: string;
  readonly service?: string;
  /** Milliseconds since the epoch. */
  readonly now?: number;
  readonly singleEncode?: boolean;
  readonly allHeaders?: boolean;
};

export const sign = async (
  signing: Signing,
  method: string,
  path: string,
  body?: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Request> => {
  const signer = new AwsV4Signer({
    method,
    url: `${signing.url ?? "http://in.process"}${path}`,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body }),
    accessKeyId: signing.accessKey,
    secretAccessKey: signing.secretKey,
    service: signing.service ?? "es",
    region: signing.region ?? "us-east-1",
    datetime: new Date(signing.now ?? Date.now()).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    singleEncode: signing.singleEncode ?? true,
    allHeaders: signing.allHeaders ?? false,
  });
  const signed = await signer.sign();
  return new Request(signed.url, { method, headers: signed.headers, body: body ?? null });
};

/** A client for a service in process (`fetch` its own) or behind a port (the global one). */
export const signedClient =
  (signing: Signing, fetch: (request: Request) => Promise<Response> = globalThis.fetch): SignedClient =>
  async (method, path, body, headers) => {
    const content =
      body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    return read(await fetch(await sign(signing, method, path, content as string | undefined, headers)));
  };

/** A member of an answer that is an object, as text. */
export const member = (answer: Answer, name: string): string =>
  String((answer.body as Readonly<Record<string, unknown>> | undefined)?.[name]);

export const read = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : parse(text), text };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
