import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { serve } from "../../src/service/index.ts";
import { baseEnv } from "../support/base-env.ts";
import { temporaryFolder } from "../support/service.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);

describe("examples/library", () => {
  it("provisions a tenant, and finds nothing to do the second time", async () => {
    const credentials = { accessKey: "IAK_EXAMPLE", secretKey: "example-secret-key" };
    const server = await serve({ credentials, statusWait: 0 });
    try {
      const dir = join(temporaryFolder(), "quickstart");
      await cp(join(root, "examples/quickstart"), dir, {
        recursive: true,
        filter: (path) => !path.endsWith(".connector-deployer"),
      });
      const env = {
        ...baseEnv(),
        INFINO_ENDPOINT: server.url,
        INFINO_ACCESS_KEY: credentials.accessKey,
        INFINO_SECRET_KEY: credentials.secretKey,
        T001_CRM_KEY: "a-key-of-the-example",
        EVENTS_PASSWORD: "a-password-of-the-example",
      };
      const provision = async (): Promise<readonly { op: string; outcome: string }[]> => {
        const script = join(root, "examples/library/provision.mjs");
        const { stdout } = await run(process.execPath, [script, dir, "t001"], { env, cwd: root });
        return stdout
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as { op: string; outcome: string });
      };
      const first = await provision();
      expect(first).toHaveLength(10);
      expect(new Set(first.map(({ op, outcome }) => `${op} ${outcome}`))).toEqual(new Set(["insert done"]));
      expect(await provision()).toEqual([]);
    } finally {
      await server.close();
    }
  });
});
