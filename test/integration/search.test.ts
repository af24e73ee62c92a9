import { describe, expect, inject, it } from "vitest";
import { skip } from "../support/skip.ts";

for (const name of ["opensearch", "elasticsearch"] as const) {
  const server = inject(name);
  if ("missing" in server) {
    skip(name, server.missing);
    continue;
  }
  describe(name, () => {
    it("answers", async () => {
      expect((await fetch(server.url)).status).toBe(200);
    });
  });
}
