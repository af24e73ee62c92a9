import { DeployerError } from "../../errors.ts";

const ownStack = "each tenant has a stack of its own; choose them with -t";
const inClear = "it writes secrets in clear, and the log of each stack is kept";
const elsewhere = "each stack runs here, with the program of --cwd";

/** Long flags of pulumi that are not handed on, with the reason. */
const refused: Readonly<Record<string, string>> = {
  stack: ownStack,
  cwd: "give --cwd before the --",
  json: "pulumi's own JSON holds secrets in clear; -o json before the -- is the result",
  "event-log": inClear,
  "show-secrets": inClear,
  logtostderr: inClear,
  logflow: inClear,
  tracing: inClear,
  "otel-traces": inClear,
  debug: inClear,
  verbose: inClear,
  help: "`pulumi up --help` shows what there is",
  remote: elsewhere,
  client: elsewhere,
};

/** Long flags whose value may be the next word; others take theirs after `=`. */
const withValue: ReadonlySet<string> = new Set([
  "color",
  "config",
  "config-file",
  "exclude",
  "import-file",
  "import-pending-creates",
  "memprofilerate",
  "message",
  "override-env",
  "parallel",
  "plan",
  "policy-pack",
  "policy-pack-config",
  "profiling",
  "replace",
  "save-plan",
  "secrets-provider",
  "target",
  "target-replace",
]);

/** Short flags by what they stand for. */
const short: Readonly<Record<string, string>> = {
  C: "cwd",
  Q: "fully-qualify-stack-names",
  c: "config",
  d: "debug",
  e: "emoji",
  f: "skip-preview",
  h: "help",
  j: "json",
  m: "message",
  p: "parallel",
  r: "refresh",
  s: "stack",
  t: "target",
  v: "verbose",
  x: "exclude",
  y: "yes",
};

const cannot = (word: string, hint: string): DeployerError =>
  new DeployerError("usage", `${JSON.stringify(word)} cannot be handed on to pulumi`, { hint });

/** A flag with its value, where the same word has it. */
type Flag = { readonly name: string; readonly value?: string };

/** The flags of one word, as pflag reads them: short ones may stand together, and the last may have its value behind it. */
const flagsIn = (word: string): readonly Flag[] => {
  if (word.startsWith("--")) {
    const end = word.indexOf("=");
    return end < 0 ? [{ name: word.slice(2) }] : [{ name: word.slice(2, end), value: word.slice(end + 1) }];
  }
  const flags: Flag[] = [];
  for (let at = 1; at < word.length; at++) {
    const name = short[word.charAt(at)];
    if (name === undefined) throw cannot(word, "write the flag's long form");
    const rest = word.slice(at + 1);
    if (rest.startsWith("=")) return [...flags, { name, value: rest.slice(1) }];
    if (withValue.has(name) && rest !== "") return [...flags, { name, value: rest }];
    flags.push({ name });
  }
  return flags;
};

/**
 * Checks what is handed on to pulumi, word by word as it reads them. Throws `usage` for what would run another stack than
 * the tenant's, break a run over many stacks, or write secrets into logs, and for words that belong to no flag.
 */
export const checkExtra = (extra: readonly string[]): readonly string[] => {
  let open: string | undefined;
  for (const word of extra) {
    const isFlag = word.startsWith("-") && word !== "-" && word !== "--";
    const flags = isFlag ? flagsIn(word) : [];
    if (!isFlag && open === undefined) {
      throw cannot(word, "tenants are chosen with -t; a flag's value stands after =: --flag=value");
    }
    // pulumi would take the next word for the value, also one that looks like a flag.
    if (isFlag && open !== undefined)
      throw cannot(word, `--${open} needs a value; one that begins with - stands after =`);
    for (const { name } of flags) {
      const hint = refused[name] ?? (name.startsWith("remote-") ? elsewhere : undefined);
      if (hint !== undefined) throw cannot(word, hint);
    }
    const last = flags.at(-1);
    const config = last === undefined ? (open === "config" ? word : "") : last.name === "config" ? last.value : "";
    if (config?.startsWith("connector-deployer:tenant=") === true) throw cannot(word, ownStack);
    open = last !== undefined && last.value === undefined && withValue.has(last.name) ? last.name : undefined;
  }
  if (open !== undefined) throw cannot(`--${open}`, "it needs a value");
  return extra;
};
