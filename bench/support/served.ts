import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export const credentials = { INFINO_ACCESS_KEY: "IAK_BENCH", INFINO_SECRET_KEY: "secret-key-of-the-benchmarks" };

export type Served = AsyncDisposable & { readonly url: string };

/** The local service as a process of its own, so that its work is not counted as ours. */
export const served = async (data: string): Promise<Served> => {
  const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;
  const child = spawn(process.execPath, [main, "serve", "--port", "0", "--data", data], {
    env: { ...process.env, ...credentials },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return {
    url: line.replace("listening on ", ""),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
};
