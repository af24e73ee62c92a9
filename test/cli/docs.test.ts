import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands/index.ts";
import { exitCodes } from "../../src/cli/exit-code.ts";
import { longName } from "../../src/cli/flag.ts";
import { sharedFlags, speaking } from "../../src/cli/shared-flags.ts";

const text = await readFile(join(import.meta.dirname, "../../docs/cli.md"), "utf8");

const loaded = await Promise.all(commands.map(async ({ name, load }) => ({ name, command: (await load()).command })));

const sectionOf = (name: string): string => text.split(/^### /m).find((part) => part.startsWith(`\`${name}\`\n`)) ?? "";

const namesIn = (line: string): readonly string[] => [...line.matchAll(/`(--[a-z-]+)/g)].map(([, name = ""]) => name);

describe("docs/cli.md", () => {
  test("lists the commands that there are, in their order", () => {
    expect([...text.matchAll(/^### `(.+)`$/gm)].map(([, name]) => name)).toEqual(commands.map(({ name }) => name));
  });

  test("gives every exit code its meaning", () => {
    const rows = Object.fromEntries(
      [...text.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => [code, meaning]),
    );
    expect(rows).toEqual(exitCodes);
  });

  test("describes every shared flag", () => {
    for (const { flags, description } of Object.values(sharedFlags)) {
      expect(text).toContain(`| \`${flags.replace("|", "\\|")}\` | ${description} |`);
    }
  });

  test.each(loaded)("says of $name what its help says", ({ name, command }) => {
    const section = sectionOf(name);
    expect(section).toContain(command.description);
    for (const { line } of command.examples) expect(section).toContain(`\nconnector-deployer ${line}\n`);
    const quiet = new Set(Object.values(speaking).map(longName));
    const flags = Object.values(command.flags).map(longName);
    expect(namesIn(/^Flags: .*$/m.exec(section)?.[0] ?? "")).toEqual(flags.filter((flag) => !quiet.has(flag)));
    expect(section).toContain(`\nPrints: ${command.formats.join(", ")}.`);
    const shared = new Set(Object.values(sharedFlags).map(longName));
    for (const flag of Object.values(command.flags)) {
      if (!shared.has(longName(flag))) expect(section).toContain(`| \`${flag.flags}\` | ${flag.description} |`);
    }
  });
});

describe("a command", () => {
  test.each(loaded)("$name has examples that its own flags allow", async ({ name, command }) => {
    const { parseCommand } = await import("../../src/cli/parse-command.ts");
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { line } of command.examples) {
      const [first, ...words] = [...(line.split(" > ")[0] ?? "").matchAll(/'[^']*'|[^ ]+/g)].map(([word]) =>
        word.replaceAll("'", ""),
      );
      expect(first).toBe(name);
      expect(() => parseCommand(name, command, words)).not.toThrow();
    }
  });

  test.each(loaded)("$name shares flags by their names and not by new ones", ({ command }) => {
    const names = Object.values(command.flags).map(longName);
    expect(new Set(names).size).toBe(names.length);
    for (const flag of ["noColor", "quiet", "verbose", "help"]) expect(Object.keys(command.flags)).toContain(flag);
  });
});
