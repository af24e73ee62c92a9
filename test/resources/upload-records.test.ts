import { createHash } from "node:crypto";
import { existsSync, openAsBlob, readFileSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/infino/index.ts";
import { uploadRecords } from "../../src/resources/records/upload-records.ts";

const mebibyte = 1024 * 1024;

/** Bytes that this process has read, from files and sockets. */
const readSoFar = (): number => Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

/** A CSV file of some 50 MB, its digest and its number of records. */
const bigFile = async (): Promise<{ path: string; content: string; records: number }> => {
  const dir = await mkdtemp(join(tmpdir(), "connector-upload-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "big.csv");
  const rows = Buffer.from("some-code,some longer name of a region\n".repeat(25_000));
  const hash = createHash("sha256");
  const file = await open(path, "w");
  for (const part of [Buffer.from("code,name\n"), ...Array<Buffer>(53).fill(rows)]) {
    hash.update(part);
    await file.write(part);
  }
  await file.close();
  return { path, content: `sha256:${hash.digest("hex")}`, records: 53 * 25_000 };
};

it.skipIf(!existsSync("/proc/self/io"))(
  "a file of 50 MB is read no faster than the target takes it (needs /proc)",
  async () => {
    const { path, content, records } = await bigFile();
    let taken = 0;
    let count = 0;
    let readWhileStalled = Number.NaN;
    let afterParsing = Number.NaN;
    const server = createServer(async (request, response) => {
      response.setHeader("content-type", "application/json");
      if (request.method === "GET") {
        response.end(JSON.stringify({ index: "big", docs_count: count }));
        return;
      }
      afterParsing = readSoFar();
      for await (const chunk of request) {
        taken += (chunk as Buffer).length;
        if (taken > mebibyte && Number.isNaN(readWhileStalled)) {
          await wait(300);
          readWhileStalled = readSoFar() - afterParsing;
        }
      }
      count = records;
      response.end(JSON.stringify({ run_id: "r", status: "completed", stats: null, errors: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    let opened = 0;
    const api = createClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      accessKey: "IAK_TEST",
      secretKey: "secret-of-tests",
      openFile: (name) => {
        opened++;
        return openAsBlob(name);
      },
    });
    const properties = { dataset: "big", path, format: "csv", mode: "replace", content };
    await uploadRecords(api, properties, { isOurs: false }, new AbortController().signal);
    expect(opened).toBe(1);
    expect(taken).toBeGreaterThan(50_000_000);
    // What the sockets' buffers hold comes on top of what the target took.
    expect(readWhileStalled).toBeLessThan(20 * mebibyte);
  },
);
