import { defineConfig } from "vitest/config";

/** Tests against real servers, which `test/integration/servers.ts` starts once for all of them. */
export default defineConfig({
  test: {
    include: ["test/integration/**/*.test.ts"],
    globalSetup: ["test/integration/servers.ts"],
    sequence: { shuffle: true },
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});
