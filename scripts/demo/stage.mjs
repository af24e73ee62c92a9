import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";

const patience = 5_000;

/** Runs and stops the demo's processes and keeps everything that they printed. `limit`: milliseconds for all of it. */
export const createStage = ({ limit }) => {
  const controller = new AbortController();
  const running = new Set();
  const transcripts = [];
  const timer = setTimeout(() => controller.abort(new Error(`it took longer than ${limit / 1000} s`)), limit);
  let current = "the start";

  const launch = (args, options) => {
    const child = spawn(process.execPath, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const exited = once(child, "exit");
    const closed = once(child, "close");
    const transcript = { place: `the output of ${basename(args[0])} ${args.slice(1).join(" ")}`.trim(), bytes: "" };
    transcripts.push(transcript);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        transcript.bytes += text;
      });
    }
    running.add(child);
    exited.finally(() => running.delete(child)).catch(() => {});
    return { child, exited, closed, transcript };
  };

  /** Settles with `work`, or rejects when time is up or the demo is interrupted. */
  const unlessAborted = async (work) => {
    const { promise, reject } = Promise.withResolvers();
    const abort = () => reject(controller.signal.reason);
    if (controller.signal.aborted) abort();
    controller.signal.addEventListener("abort", abort, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      controller.signal.removeEventListener("abort", abort);
    }
  };

  const end = async ({ child, exited }) => {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), patience);
    await exited;
    clearTimeout(killer);
  };

  const servers = [];
  return {
    signal: controller.signal,
    current: () => current,
    transcripts: () => transcripts,
    say: (text) => console.log(text),
    heading: (text) => {
      current = text;
      console.log(`\n== ${text}`);
    },
    interrupt: (signal) => controller.abort(new Error(`interrupted by ${signal}`)),

    /** Starts a server; gives its address when it listens. */
    start: async (args, options) => {
      const server = launch(args, options);
      servers.push(server);
      const listening = new Promise((resolve, reject) => {
        server.child.stdout.on("data", () => {
          const url = /^listening on (http:\S+)\n/.exec(server.transcript.bytes)?.[1];
          if (url !== undefined) resolve(url);
        });
        server.closed.then(
          ([code]) => reject(new Error(`${basename(args[0])} ended with ${code}\n${server.transcript.bytes}`)),
          reject,
        );
      });
      const url = await unlessAborted(listening);
      console.log(`${[basename(args[0]), ...args.slice(1, 2)].join(" ")} listens on ${url}`);
      return { url };
    },

    /** Runs a command to its end, shows and gives what it printed; rejects where it exits otherwise than expected. */
    run: async (name, args, { exit, ...options }) => {
      const words = args.slice(1).map((word) => (/\s/.test(word) ? `'${word}'` : word));
      console.log(`$ ${[name, ...words].join(" ")}`);
      const { child, closed, transcript } = launch(args, options);
      child.stdout.on("data", (text) => process.stdout.write(text));
      // Among the rest of the story, in order.
      child.stderr.on("data", (text) => process.stdout.write(text));
      const [code, signal] = await unlessAborted(closed);
      if (code !== exit) throw new Error(`expected exit code ${exit}, got ${code ?? signal}`);
      return transcript.bytes;
    },

    /** Ends every process; safe to call twice. */
    stop: async () => {
      clearTimeout(timer);
      for (const child of running) if (!servers.some((server) => server.child === child)) child.kill("SIGKILL");
      await Promise.all(servers.splice(0).map(end));
    },
  };
};
