import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ConnectionType, ConnectorType } from "../../catalog/index.ts";
import { nearest } from "../../nearest.ts";
import { printable } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { filled, single, singleOr, usage } from "../flag.ts";
import type { ScaffoldFile } from "../scaffold/scaffold.ts";
import { project, reporting } from "../shared-flags.ts";
import { shellText } from "../shell-text.ts";

const choose = async (
  connector: string,
  auth: string | undefined,
): Promise<readonly [ConnectorType, ConnectionType | undefined]> => {
  const { builtinCatalog } = await import("../../deploy/index.ts");
  const types = builtinCatalog().list();
  const type = types.find(({ id }) => id === connector);
  if (type === undefined) {
    throw usage(
      `no connector type to scaffold is called ${JSON.stringify(connector)}`,
      nearest(
        connector,
        types.map(({ id }) => id),
      ),
    );
  }
  const names = type.connections.map((connection) => connection.type);
  if (names.length === 0 && (auth === undefined || auth === "none")) return [type, undefined];
  if (names.length === 0) {
    throw usage(
      `${connector} connects to nothing, so it has no connection type ${JSON.stringify(auth)}`,
      "leave --auth out",
    );
  }
  const wanted = auth ?? (names.includes("api_key") ? "api_key" : names[0]);
  const connection = type.connections.find((candidate) => candidate.type === wanted);
  if (connection === undefined) {
    throw usage(`${connector} has no connection type ${JSON.stringify(wanted)}`, nearest(wanted ?? "", names));
  }
  return [type, connection];
};

const textOf = (file: string): Promise<string | undefined> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw usage(
      `cannot look at ${JSON.stringify(file)} (${error.code ?? error.message})`,
      "scaffold into a new folder",
    );
  });

/** Files to write: all, but for a README and a .gitignore with the line that are there. Throws `usage` when another is. */
const missing = async (dir: string, files: readonly ScaffoldFile[]): Promise<readonly ScaffoldFile[]> => {
  const there: string[] = [];
  const left: ScaffoldFile[] = [];
  for (const file of files) {
    const text = await textOf(join(dir, file.path));
    if (text === undefined) left.push(file);
    else if (file.path === "README.md") continue;
    else if (file.path !== ".gitignore" || !text.split("\n").includes(file.text.trim())) there.push(file.path);
  }
  if (there.length > 0) {
    throw usage(
      `these files exist already and nothing was written: ${there.join(", ")}`,
      there.includes(".gitignore")
        ? "scaffold into another folder with -p; a .gitignore with the line .connector-deployer/ is left as it is"
        : "scaffold into another folder with -p, or move them away",
    );
  }
  return left;
};

export const command = defineCommand({
  description:
    "Scaffolds a project: connector-deployer.yaml, one connector with its templates, a tenant, an environment, .gitignore, a workflow for GitHub, and a README that says what to set and what to run. Never overwrites: when one of the files exists, nothing is written; a README that is there is left as it is.",
  examples: [
    { line: "init", does: "a project with Elasticsearch and an API key, in this folder" },
    { line: "init -p shop --connector snowflake --auth pat", does: "another connector type, in another folder" },
  ],
  formats: ["text", "json", "yaml"],
  flags: {
    project: project.project,
    connector: singleOr(
      "--connector <type>",
      "connector type; default elasticsearch",
      filled("--connector"),
      "elasticsearch",
    ),
    auth: single("--auth <type>", "connection type; default api_key, or the connector's first", filled("--auth")),
    ...reporting,
  },
  run: async (flags, session) => {
    const [type, connection] = await choose(flags.connector, flags.auth);
    const [{ scaffold }, { scaffoldVariables }] = await Promise.all([
      import("../scaffold/scaffold.ts"),
      import("../scaffold/blocks.ts"),
    ]);
    const variables = scaffoldVariables(type, connection);
    const files = await missing(flags.project, await scaffold(type, connection));
    for (const { path, text } of files) {
      const file = join(flags.project, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text, { flag: "wx" });
    }
    const created = files.map(({ path }) => path);
    await session.output.print({
      document: {
        type: "init",
        schemaVersion: 1,
        project: flags.project,
        connector: type.id,
        auth: connection?.type ?? null,
        created,
        variables,
      },
      text: () => created.map((path) => `+ ${printable(path)}`).join("\n"),
    });
    const at = flags.project === "." ? "" : ` -p ${printable(shellText(flags.project))}`;
    session.output.note(
      [
        `next: connector-deployer validate${at}`,
        `then set ${variables.join(", ")}, and: connector-deployer plan${at}`,
        ...(created.includes("README.md") ? ["README.md of the project tells the rest"] : []),
      ].join("\n"),
    );
    return 0;
  },
});
