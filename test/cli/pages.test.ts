import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { isMap, isSeq, parse, parseDocument } from "yaml";
import { chooseCommand } from "../../src/cli/choose-command.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { readFlags } from "../../src/cli/flag.ts";
import { parseCommand } from "../../src/cli/parse-command.ts";

const root = join(import.meta.dirname, "../..");
const paths = globSync(["*.md", "docs/*.md", "examples/*/README.md"], { cwd: root })
  .map((path) => path.replaceAll("\\", "/"))
  .sort();
const pages = await Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), "utf8") })));
const workflow = await readFile(join(root, "templates/project/github/workflows/connectors.yml"), "utf8");

type Block = { readonly language: string; readonly text: string };

const blocksOf = (text: string): readonly Block[] =>
  [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^\1```$/gm)].map(([, , language = "", inner = ""]) => ({
    language,
    text: inner,
  }));

/** The words of a shell line up to the first operator. */
const wordsOf = (line: string): readonly string[] => {
  const words: string[] = [];
  const tokens = /\s+|"([^"]*)"|'([^']*)'|(\|\||&&|[|&;>#)])|((?:[^\s"'|&;>#)]|(?<=\S)#)+)/gy;
  let glued = false;
  for (const [whole, double, single, operator, bare] of line.matchAll(tokens)) {
    if (operator !== undefined) break;
    if (whole.trim() === "") glued = false;
    else {
      const word = double ?? single ?? bare ?? "";
      if (glued) words.push(`${words.pop() ?? ""}${word}`);
      else words.push(word);
      glued = true;
    }
  }
  return words;
};

/** What a person or a job would type, without the program's name. */
const commandLines = (text: string): readonly string[] =>
  [...text.matchAll(/^\s*(?:- )?(?:run: )?(?:npx (?:--yes )?)?connector-deployer(?:@\S+)?(?= |$)(.*)$/gm)]
    .map(([, rest = ""]) => rest.trim())
    // The synopsis at the top of docs/cli.md.
    .filter((rest) => !/<command>|^--version$/.test(rest));

const lines = [
  ...pages.flatMap(({ path, text }) => blocksOf(text).map((block) => ({ path, text: block.text }))),
  { path: "templates/project", text: workflow },
].flatMap(({ path, text }) => commandLines(text).map((line) => ({ path, line })));

describe("the command lines of the pages", () => {
  test("are found", () => {
    expect(lines.length).toBeGreaterThan(80);
    expect(lines.filter(({ path }) => path === "docs/gitops.md").length).toBeGreaterThan(10);
    expect(lines.filter(({ path }) => path === "templates/project")).toHaveLength(3);
    expect(wordsOf(`adopt 'connection/*' --out=a.json --old-key '$SECRET(x)' > f # why`)).toEqual([
      "adopt",
      "connection/*",
      "--out=a.json",
      "--old-key",
      "$SECRET(x)",
    ]);
  });

  test.each(lines)("$path: connector-deployer $line", async ({ line }) => {
    const { name = "", rest } = chooseCommand(wordsOf(line));
    const entry = commands.find((item) => item.name === name);
    expect(entry, `there is no command ${JSON.stringify(name)}`).toBeDefined();
    if (entry === undefined) return;
    const { command } = await entry.load();
    const { given } = parseCommand(name, command, rest);
    expect(() => readFlags(command.flags, given)).not.toThrow();
  });
});

/** As GitHub makes anchors of headings. */
const anchorsOf = (text: string): ReadonlySet<string> => {
  const bare = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading = ""] of bare.matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    const before = seen.get(slug) ?? 0;
    seen.set(slug, before + 1);
    anchors.add(before === 0 ? slug : `${slug}-${before}`);
  }
  return anchors;
};

const anchors = new Map(pages.map(({ path, text }) => [resolve(root, path), anchorsOf(text)]));

const links = pages.flatMap(({ path, text }) =>
  [...text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => ({ path, link }))
    .filter(({ link }) => !/^[a-z]+:/.test(link)),
);

describe("the links of the pages", () => {
  test("are found", () => expect(links.length).toBeGreaterThan(60));

  test.each(links)("$path: $link", async ({ path, link }) => {
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? resolve(root, path) : resolve(root, dirname(path), file);
    await expect(stat(target)).resolves.toBeDefined();
    if (anchor !== undefined) expect([...(anchors.get(target) ?? [])]).toContain(anchor);
  });

  test("lead from the README to every page of docs/", () => {
    const linked = new Set(links.filter(({ path }) => path === "README.md").map(({ link }) => link.split("#")[0]));
    for (const path of paths.filter((page) => page.startsWith("docs/"))) expect([...linked]).toContain(path);
  });
});

type Job = {
  readonly needs?: string | readonly string[];
  readonly script?: readonly string[];
  readonly steps?: readonly { readonly run?: string; readonly uses?: string }[];
};

/** Jobs of a workflow of GitHub or a pipeline of GitLab, by name. */
const jobsOf = (text: string): Readonly<Record<string, Job>> => {
  const content: unknown = parse(text);
  const members = typeof content === "object" && content !== null ? Object.entries(content) : [];
  const jobs = members.find(([name]) => name === "jobs")?.[1] as Readonly<Record<string, Job>> | undefined;
  return (
    jobs ??
    Object.fromEntries(members.filter(([, value]) => typeof value === "object" && value !== null && "script" in value))
  );
};

const yamlBlocks = pages.flatMap(({ path, text }) =>
  blocksOf(text)
    // Handlebars is no YAML before it is filled in.
    .filter(({ language, text }) => language === "yaml" && !text.includes("{{#"))
    .map((block, index) => ({ name: `${path} (${index + 1})`, path, text: block.text })),
);
const workflows = [...yamlBlocks, { name: "templates/project", path: "templates/project", text: workflow }].filter(
  ({ text }) => Object.keys(jobsOf(text)).length > 0,
);

describe("the YAML of the pages", () => {
  test.each(yamlBlocks)("$name parses", ({ text }) => {
    const document = parseDocument(text);
    expect(document.errors).toEqual([]);
    expect(isMap(document.contents) || isSeq(document.contents)).toBe(true);
  });

  test("has the workflows of both recipes", () => {
    expect(workflows.filter(({ path }) => path === "docs/gitops.md")).toHaveLength(5);
  });

  test.each(workflows)("$name has jobs whose needs exist and whose scripts are shell", ({ text }) => {
    const jobs = jobsOf(text);
    for (const { needs = [], steps = [], script = [] } of Object.values(jobs)) {
      for (const needed of [needs].flat()) expect(Object.keys(jobs)).toContain(needed);
      for (const step of steps) expect([step.run, step.uses].filter((part) => part !== undefined)).toHaveLength(1);
      for (const run of [...steps.flatMap((step) => step.run ?? []), ...script]) {
        const plain = run.replaceAll(/\$\{\{.*?\}\}/g, "value");
        expect(() => execFileSync("bash", ["-n"], { input: plain, stdio: "pipe" })).not.toThrow();
      }
    }
  });
});
