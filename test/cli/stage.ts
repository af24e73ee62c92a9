import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { serve } from "../../src/service/index.ts";
import type { SignedClient } from "../support/signed.ts";
import { signedClient } from "../support/signed.ts";
import type { Run } from "./support.ts";
import { cli } from "./support.ts";

const credentials = { accessKey: "stage-access", secretKey: "stage-secret" };

/** A port that hands everything on, each POST only after a while. */
const slowly = async (port: number, wait: number, onPost: () => void) => {
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === "POST") onPost();
    void delay(incoming.method === "POST" ? wait : 0).then(() => {
      const { method, url, headers } = incoming;
      const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      incoming.pipe(onward);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
};

export type Stage = AsyncDisposable & {
  /** The copied project. */
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs the command line in the project. */
  readonly run: (...args: readonly string[]) => Promise<Run>;
  /** Resolves when the first POST arrives, where there is a wait before it. */
  readonly posted: Promise<void>;
  /** A client of the service that is not ours. */
  readonly client: SignedClient;
};

/** A copy of a fixture project beside a real service on a port of its own. `wait`: milliseconds before each POST; imports run only where they are to. */
export const startStage = async ({
  wait = 0,
  runImports = false,
}: {
  readonly wait?: number;
  readonly runImports?: boolean;
} = {}): Promise<Stage> => {
  const temp = await mkdtemp(join(tmpdir(), "connector-deployer-stage-"));
  const dir = join(temp, "project");
  await cp(join(import.meta.dirname, "../fixtures/cli/two-tenants"), dir, { recursive: true });
  const server = await serve({ credentials, statusWait: 0, runImports });
  const posted = Promise.withResolvers<void>();
  const proxy = wait > 0 ? await slowly(server.port, wait, posted.resolve) : undefined;
  const url = proxy === undefined ? server.url : `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const env = {
    INFINO_ENDPOINT: url,
    INFINO_ACCESS_KEY: credentials.accessKey,
    INFINO_SECRET_KEY: credentials.secretKey,
    T001_CRM_KEY: "planted-key-of-t001",
    T002_CRM_KEY: "planted-key-of-t002",
  };
  return {
    dir,
    env,
    posted: posted.promise,
    run: (...args) => cli(args, { cwd: dir, env }),
    client: signedClient({ ...credentials, url: server.url }),
    [Symbol.asyncDispose]: async () => {
      proxy?.closeAllConnections();
      proxy?.close();
      await server.close();
      await rm(temp, { recursive: true, force: true });
    },
  };
};
