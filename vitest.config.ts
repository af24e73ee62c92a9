import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/integration/**"],
    globalSetup: ["test/support/compile-cache.ts"],
    // The default leaves one core to vitest itself, which has next to nothing to do while tests run.
    maxWorkers: "100%",
    sequence: { shuffle: true },
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
