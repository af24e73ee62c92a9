import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Tests start hundreds of processes of the same code: Node compiles it, and strips its types, once a run. */
export const setup = async (): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), "connector-compiled-"));
  process.env["NODE_COMPILE_CACHE"] = folder;
  return () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
};
