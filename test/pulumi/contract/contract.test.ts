import { afterAll, beforeAll, describe, it } from "vitest";
import { setScene } from "../../support/pulumi/contract/scene.ts";
import type { Kind } from "../../support/pulumi/contract/subject.ts";
import { subjects } from "../../support/pulumi/contract/subjects.ts";
import { startServiceWorld, startUploadWorld, type World } from "../../support/pulumi/contract/world.ts";
import { checkCases } from "./check-cases.ts";
import { createCases } from "./create-cases.ts";
import { deleteCases } from "./delete-cases.ts";
import { diffCases } from "./diff-cases.ts";
import { importCases } from "./import-cases.ts";
import { placeCases } from "./place-cases.ts";
import { readCases } from "./read-cases.ts";
import { updateCases } from "./update-cases.ts";

const groups = [checkCases, diffCases, createCases, readCases, updateCases, deleteCases, importCases, placeCases];

const kinds = Object.keys(subjects) as readonly Kind[];
const casesOf = (kind: Kind) => groups.flatMap((cases) => cases(subjects[kind]));

const all = kinds.map((kind) => ({ kind, cases: casesOf(kind) }));
const kept = new Map<Kind, number>(kinds.map((kind) => [kind, 0]));

let service: World;
let uploads: World;
beforeAll(async () => {
  [service, uploads] = await Promise.all([startServiceWorld(), startUploadWorld()]);
});
afterAll(async () => {
  await Promise.all([service.stop(), uploads.stop()]);
  const total = all.reduce((sum, { cases }) => sum + cases.length, 0);
  const ran = [...kept.values()].reduce((sum, count) => sum + count, 0);
  const each = all.map(({ kind, cases }) => `${kind} ${kept.get(kind)} of ${cases.length}`).join(", ");
  process.stdout.write(`provider contract: ${ran} of ${total} cases kept over the real host's gRPC (${each})\n`);
});

describe.each(all)("the provider of $kind", ({ kind, cases }) => {
  it.each(cases)("$name", async ({ run }) => {
    await run(setScene(subjects[kind], kind === "file-upload" ? uploads : service));
    kept.set(kind, (kept.get(kind) ?? 0) + 1);
  });
});
