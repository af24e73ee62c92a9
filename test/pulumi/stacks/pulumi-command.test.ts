import { describe, expect, it } from "vitest";
import { stackNames } from "../../../src/pulumi/stacks/index.ts";
import { createFakePulumi } from "./fake-pulumi.ts";

const never = new AbortController().signal;

describe("a question to pulumi", () => {
  it("has a deadline", async () => {
    await using fake = await createFakePulumi({ list: { print: "[]", exit: 0, wait: 20_000 } });
    const started = performance.now();
    await expect(stackNames({ dir: fake.program, env: fake.env, patience: 1_500 }, never)).rejects.toMatchObject({
      code: "pulumi-failed",
      message: expect.stringContaining("1.5 s"),
    });
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it("is answered within it", async () => {
    await using fake = await createFakePulumi({ stacks: ["t001"] });
    expect(await stackNames({ dir: fake.program, env: fake.env }, never)).toEqual(["t001"]);
  });
});
