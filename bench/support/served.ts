import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export { credentials } from "./credentials.ts";

export type Served = AsyncDisposable & { readonly url: string; readonly pid: number };

/** The local service as a process of its own, so that its work is not counted as ours; its import jobs do not run. */
export const served = async (data: string): Promise<Served> => {
  const program = new URL("./idle-service.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, data], { stdio: ["ignore", "pipe", "ignore"] });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return {
    url,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
};
