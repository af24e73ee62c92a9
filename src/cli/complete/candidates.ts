import type { KnownNames, NameKind } from "../../deploy/index.ts";
import { commands } from "../commands/index.ts";
import { longName } from "../flag.ts";
import type { Io } from "../session.ts";
import { shells } from "./scripts.ts";
import type { Situation } from "./situation.ts";

/** A word that fits, and what it is. */
export type Candidate = { readonly word: string; readonly does?: string };

const plain = (words: readonly string[]): readonly Candidate[] => words.map((word) => ({ word }));

const commandNames = (): readonly Candidate[] => [
  ...commands.map(({ name, summary }) => ({ word: name, does: summary })),
  { word: "help", does: "flags and examples of a command" },
];

const flagNames = ({ flags, loaded }: Situation): readonly Candidate[] => [
  ...Object.values(flags).map((flag) => ({ word: longName(flag), does: flag.description })),
  ...(loaded === undefined ? [{ word: "--version", does: "the version" }] : []),
];

const namesOf = async <What extends NameKind>(situation: Situation, what: What, io: Io): Promise<KnownNames[What]> => {
  const { liveNames } = await import("./live-names.ts");
  return liveNames(situation.given, what, situation.typed, io);
};

/** `<continue|stop>` in how a flag is written. */
const choicesIn = (flags: string): readonly string[] => {
  const [, inside = ""] = /<([a-z-]+(?:\|[a-z-]+)+)>/.exec(flags) ?? [];
  return inside === "" ? [] : inside.split("|");
};

const connectorTypes = async () => (await import("../../deploy/index.ts")).builtinCatalog().list();

const tenants = async (situation: Situation, io: Io): Promise<readonly Candidate[]> => {
  const mark = situation.typed.startsWith("!") ? "!" : "";
  return plain((await namesOf(situation, "tenants", io)).map((tenant) => mark + tenant));
};

const environments = async ({ given }: Situation): Promise<readonly Candidate[]> => {
  const { readdir } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const files = await readdir(join(given.get("project") ?? ".", "environments")).catch(() => []);
  const found = files.flatMap((file) => /^(.+)\.(?:ya?ml|json)$/.exec(file)?.[1] ?? []);
  return plain([...new Set(["default", ...found])].sort());
};

const values = async (situation: Situation, io: Io): Promise<readonly Candidate[]> => {
  const { expects, loaded, given } = situation;
  if (expects.what !== "value") return [];
  const { key, flag } = expects;
  if (key === "output") return plain(loaded?.formats ?? ["text", "json", "yaml"]);
  if (key === "environment") return environments(situation);
  if (key === "tenant" || key === "confirm") return tenants(situation, io);
  if (key === "wave") return plain(await namesOf(situation, "waves", io));
  if (key === "selector") return plain(await namesOf(situation, "labels", io));
  if (key === "target") return plain(await namesOf(situation, "targets", io));
  if (/<(?:kind\/_id|glob)>/.test(flag.flags)) return plain(await namesOf(situation, "resources", io));
  if (situation.command === "init" && key === "connector") {
    return (await connectorTypes()).map(({ id, name }) => ({ word: id, does: name }));
  }
  if (situation.command === "init" && key === "auth") {
    const type = (await connectorTypes()).find(({ id }) => id === (given.get("connector") ?? "elasticsearch"));
    return (type?.connections ?? []).map((connection) => ({ word: connection.type, does: connection.label }));
  }
  if (key === "trait") {
    const { traits } = await import("../../deploy/index.ts");
    return plain(Object.entries(traits).flatMap(([trait, all]) => all.map((value) => `${trait}=${value}`)));
  }
  return plain(choicesIn(flag.flags));
};

/** Commands whose arguments are resources. */
const ofResources: readonly string[] = ["explain", "adopt", "forget", "mv", "pull"];

/** Names of one kind's resources, without the kind. */
const ofKind = async (situation: Situation, io: Io, kind: string): Promise<readonly Candidate[]> => {
  const written = { ...situation, typed: `${kind}/${situation.typed}` };
  const names = await namesOf(written, "resources", io);
  return plain(names.flatMap((name) => (name.startsWith(`${kind}/`) ? [name.slice(kind.length + 1)] : [])));
};

const argument = async (situation: Situation, io: Io): Promise<readonly Candidate[]> => {
  const { command = "", expects, loaded } = situation;
  if (expects.what !== "argument") return [];
  if (command === "help") return expects.index === 0 ? commandNames() : [];
  const known = loaded?.args ?? [];
  if (expects.index >= known.length && known.at(-1)?.repeats !== true) return [];
  if (command === "completion") return plain(shells);
  if (command === "ledger") return plain(["rekey"]);
  if (command === "pulumi") {
    return expects.index === 0 ? plain((await import("../commands/pulumi.ts")).operations) : [];
  }
  if (command === "schema") return plain(await (await import("../commands/schema.ts")).schemaNames());
  if (command === "history") return namesOf(situation, "runs", io);
  if (command === "query" || command === "metadata") {
    return expects.index === 0 ? ofKind(situation, io, "connection") : [];
  }
  if (command === "run") return expects.index === 0 ? ofKind(situation, io, "import-job") : [];
  if (command === "upload") return expects.index === 0 ? ofKind(situation, io, "dataset") : [];
  if (command === "explain" && expects.index > 0) return [];
  return ofResources.includes(command) ? plain(await namesOf(situation, "resources", io)) : [];
};

/** Everything that may stand there and begins with what is typed. */
export const candidates = async (situation: Situation, io: Io): Promise<readonly Candidate[]> => {
  const all = await (() => {
    switch (situation.expects.what) {
      case "command":
        return commandNames();
      case "flag":
        return flagNames(situation);
      case "value":
        return values(situation, io);
      case "argument":
        return argument(situation, io);
      default:
        return situation.expects satisfies never;
    }
  })();
  return all.filter(({ word }) => word.startsWith(situation.typed));
};
