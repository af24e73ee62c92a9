// Runs on the Node that is too old for everything else: only what Node 18 can parse and has.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The Node that a checkout's development dependencies bring; an installed package has none. */
const ownNode = fileURLToPath(new URL("../../node_modules/node/bin/node", import.meta.url));

/**
 * Runs the same command with the checkout's own Node, as if it were this process: same streams, exit code and signals;
 * it ends when this process is killed. Without one, says what is needed and exits with 3.
 */
export const runWithNewerNode = async (): Promise<void> => {
  if (!existsSync(ownNode)) {
    const message = `connector-deployer needs Node 24 or newer; this is ${process.versions.node}`;
    process.stderr.write(`error usage: ${message}\n  what to do: install Node 24, then run the same command again\n`);
    process.exitCode = 3;
    return;
  }
  const guard = 'process.once("disconnect",()=>process.kill(process.pid,"SIGKILL"));process.channel?.unref();';
  const preload = `data:text/javascript,${encodeURIComponent(guard)}`;
  const child = spawn(ownNode, ["--import", preload, ...process.argv.slice(1)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // A terminal sends Ctrl-C to the whole group; what is sent to this process alone is passed on.
  const forward = (signal: NodeJS.Signals): void => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, forward);
  await new Promise<void>((done) => {
    child.once("exit", (code, signal) => {
      process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
      done();
    });
  });
  process.exit();
};
