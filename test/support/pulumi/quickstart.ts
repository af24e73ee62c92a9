import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect } from "vitest";
import { serve } from "../../../src/service/index.ts";
import { cli } from "../../cli/support.ts";
import { testCredentials } from "../service.ts";
import { programFolder, removeFolder, root } from "./dynamic-host.ts";

const program = `
import { Tenant } from "connector-deployer/pulumi";
export const ids = new Tenant("t001", { project: "./deploy" }).ids;
`;

/** A Pulumi program for a tenant of examples/quickstart, which is in `deploy`, beside a service of its own. */
export type Quickstart = AsyncDisposable & {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs the command line on the project; gives its document. Nothing that it prints may hold a secret. */
  run(exit: number, ...args: readonly string[]): Promise<Readonly<Record<string, unknown>>>;
  /** Text of a file of the program's folder; no secret and no folder of this machine may be in it. */
  clean(file: string): Promise<string>;
  /** Throws where a text holds a secret. */
  expectNoSecret(text: string): void;
};

export const startQuickstart = async (): Promise<Quickstart> => {
  const server = await serve({ credentials: testCredentials, statusWait: 0, runImports: false });
  const folder = programFolder();
  const quickstart = join(root, "examples/quickstart");
  await cp(quickstart, join(folder, "deploy"), {
    recursive: true,
    filter: (path) => !path.endsWith(".connector-deployer"),
  });
  await writeFile(
    join(folder, "Pulumi.yaml"),
    "name: connector-deployer\nruntime: { name: nodejs, options: { typescript: false } }\n",
  );
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", main: "index.js" }));
  await writeFile(join(folder, "index.js"), program);
  const env = {
    ...(parseEnv(await readFile(join(quickstart, "demo.env"), "utf8")) as Record<string, string>),
    INFINO_ENDPOINT: server.url,
    INFINO_ACCESS_KEY: testCredentials.accessKey,
    INFINO_SECRET_KEY: testCredentials.secretKey,
  };
  const expectNoSecret = (text: string): void => {
    for (const secret of ["placeholder-", testCredentials.secretKey]) expect(text).not.toContain(secret);
  };
  return {
    folder,
    env,
    expectNoSecret,
    run: async (exit, ...args) => {
      const done = await cli([...args, "-p", "deploy", "-o", "json"], { cwd: folder, env });
      expect(done.exit, done.stderr).toBe(exit);
      expectNoSecret(done.stdout + done.stderr);
      return JSON.parse(done.stdout);
    },
    clean: async (file) => {
      const text = await readFile(join(folder, file), "utf8");
      expectNoSecret(text);
      expect(text).not.toContain(folder);
      return text;
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      removeFolder(folder);
    },
  };
};
