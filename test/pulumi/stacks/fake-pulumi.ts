import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** What the double does for one stack. */
export type FakeStack = {
  /** Printed instead of a summary of its own. */
  readonly print?: string;
  /** So many times. */
  readonly repeat?: number;
  readonly exit?: number;
  /** Milliseconds until it ends. */
  readonly wait?: number;
  /** Until SIGINT; `stubborn`: for ever. */
  readonly hang?: "polite" | "stubborn";
};

export type FakePlan = {
  readonly version?: string;
  readonly stacks?: readonly string[];
  /** What `stack ls` ends with. */
  readonly list?: { readonly print: string; readonly exit: number; readonly wait?: number };
  readonly by?: Readonly<Record<string, FakeStack>>;
};

export type Call = {
  readonly at: "begin" | "end" | "SIGINT";
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

export type FakePulumi = AsyncDisposable & {
  /** A folder for everything that the test makes. */
  readonly root: string;
  /** Folder with a Pulumi.yaml. */
  readonly program: string;
  /** Environment in which `pulumi` is the double. */
  readonly env: Readonly<Record<string, string>>;
  readonly calls: () => Promise<readonly Call[]>;
  /** The same without `version` and `stack ls`, and only their beginnings, as `up t001`. */
  readonly work: () => Promise<readonly string[]>;
  /** Resolves when so many stacks have begun. */
  readonly begun: (stacks: number) => Promise<void>;
};

const script = `#!${process.execPath}
// A test double of the pulumi command: it records how it is called and does what a plan says. It deploys nothing.
const fs = require("node:fs");
const [, , ...argv] = process.argv;
const here = process.env.FAKE_PULUMI;
const plan = JSON.parse(fs.readFileSync(here + "/plan.json", "utf8"));
const note = (at) =>
  fs.appendFileSync(here + "/calls.jsonl", JSON.stringify({ at, argv, cwd: process.cwd(), env: process.env }) + "\\n");
const name = argv[argv.indexOf("--stack") + 1];
const mine = (plan.by ?? {})[name] ?? {};
const end = (exit) => { note("end"); process.exit(exit); };
// Before the beginning is noted, so that a test may interrupt from then on.
process.on("SIGINT", () => {
  note("SIGINT");
  if (mine.hang !== "polite") return;
  process.stderr.write("error: update canceled\\n");
  end(1);
});
note("begin");
if (argv[0] === "version") {
  console.log(plan.version ?? "v3.270.0");
  end(0);
}
if (argv[0] === "stack" && argv[1] === "ls") {
  const list = plan.list ?? { print: JSON.stringify((plan.stacks ?? []).map((name) => ({ name }))), exit: 0 };
  (list.exit === 0 ? process.stdout : process.stderr).write(list.print + "\\n");
  setTimeout(() => end(list.exit), list.wait ?? 0);
  return;
}
if (argv[0] === "stack" && argv[1] === "init") {
  console.log("Created stack '" + name + "'");
  end(0);
}
const to = argv[0] === "preview" ? "to create" : "created";
const text = mine.print ?? "Resources:\\n    + 2 " + to + "\\n    1 unchanged\\n\\nDuration: 1s\\n";
// A test that fails must not leave it behind for ever.
if (mine.hang !== undefined) setTimeout(() => end(99), 60_000);
else {
  for (let times = mine.repeat ?? 1; times > 0; times -= 1) fs.writeSync(1, text);
  setTimeout(() => end(mine.exit ?? 0), mine.wait ?? 0);
}
`;

const wait = async (isDone: () => Promise<boolean>): Promise<void> => {
  for (let times = 0; times < 600; times++) {
    if (await isDone()) return;
    await delay(20);
  }
  throw new Error("it did not happen within 12 s");
};

/** A `pulumi` of its own in a temporary folder: a test double of the command, a Node program. */
export const createFakePulumi = async (plan: FakePlan = {}): Promise<FakePulumi> => {
  const root = await mkdtemp(join(tmpdir(), "connector-deployer-stacks-"));
  const bin = join(root, "bin");
  const program = join(root, "program");
  await mkdir(bin);
  await mkdir(program);
  await writeFile(join(program, "Pulumi.yaml"), "name: fake\nruntime: nodejs\n");
  await writeFile(join(bin, "pulumi"), script, { mode: 0o755 });
  await writeFile(join(root, "plan.json"), JSON.stringify(plan));
  await appendFile(join(root, "calls.jsonl"), "");
  const calls = async (): Promise<readonly Call[]> => {
    const lines = (await readFile(join(root, "calls.jsonl"), "utf8")).split("\n");
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Call);
  };
  const work = async (): Promise<readonly string[]> =>
    (await calls())
      .filter(({ at, argv }) => at === "begin" && argv.includes("--stack"))
      .map(({ argv }) => `${argv.slice(0, argv.indexOf("--stack")).join(" ")} ${argv[argv.indexOf("--stack") + 1]}`);
  return {
    root,
    program,
    env: { PATH: bin, FAKE_PULUMI: root },
    calls,
    work,
    begun: (stacks) => wait(async () => (await work()).length >= stacks),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
};
