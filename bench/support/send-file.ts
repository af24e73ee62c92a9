import { once } from "node:events";
import { open } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { basename } from "node:path";
import { AwsV4Signer } from "aws4fetch";
import { credentials } from "./credentials.ts";

const boundary = "----bench";
/** Bytes that are read and sent at a time. */
const pieceSize = 1024 * 1024;

const field = (name: string, value: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;

/**
 * A signed upload with next to no work for the sender, as curl sends one: what it takes is not what is measured, but it
 * is taken from the same processors. Gives the answer's body.
 */
export const sendFile = async (endpoint: string, dataset: string, format: string, path: string): Promise<unknown> => {
  const url = `${endpoint}/import/file`;
  const signer = new AwsV4Signer({
    method: "POST",
    url,
    headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
    accessKeyId: credentials.INFINO_ACCESS_KEY,
    secretAccessKey: credentials.INFINO_SECRET_KEY,
    service: "es",
    region: "us-east-1",
  });
  const { headers } = await signer.sign();
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const begin = `${field("index_name", dataset)}${field("format", format)}--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${basename(path)}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
    const end = `\r\n--${boundary}--\r\n`;
    const sent = request(url, {
      method: "POST",
      headers: {
        ...Object.fromEntries(headers),
        "content-type": `multipart/form-data; boundary=${boundary}`,
        "content-length": begin.length + size + end.length,
      },
    });
    const answered = once(sent, "response") as Promise<[IncomingMessage]>;
    answered.catch(() => undefined);
    sent.write(begin);
    const piece = Buffer.alloc(pieceSize);
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, pieceSize);
      if (bytesRead === 0) break;
      await new Promise<void>((resolve, reject) => {
        sent.write(piece.subarray(0, bytesRead), (error) => (error == null ? resolve() : reject(error)));
      });
    }
    sent.end(end);
    const [response] = await answered;
    return JSON.parse(Buffer.concat(await response.toArray()).toString("utf8")) as unknown;
  } finally {
    await file.close();
  }
};
