import { existsSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "../command.ts";
import { entityLines } from "../entities.ts";
import type { FlagValues } from "../flag.ts";
import { filled, oneOf, single, toggle, usage } from "../flag.ts";
import { readSet } from "../read-set.ts";
import type { Session } from "../session.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { environmentOf, selectionOf, withProject } from "../with-project.ts";

const flags = {
  ...project,
  ...selection,
  as: single("--as <side>", "print entities of the connector contract: transform", oneOf("--as", ["transform"])),
  format: single("--format <form>", "write the files that Sesam's client writes: sesam", oneOf("--format", ["sesam"])),
  profile: single(
    "--profile <name>",
    "of --format sesam: first part of PROFILE-env.json; default test",
    filled("--profile"),
  ),
  system: single(
    "--system <name>",
    "of --format sesam: what stands for the system of a connector by itself; default xxxxxx",
    filled("--system"),
  ),
  force: toggle("--force", "of --format sesam: give up what was edited in an earlier expansion"),
  ...reporting,
  out: single("--out <dir>", "write each component into a file of this folder", filled("--out")),
};

type Flags = FlagValues<typeof flags>;

const expandInSesamForm = async (flags: Flags, session: Session, connectors: readonly string[]): Promise<void> => {
  if (flags.as !== undefined) throw usage("--as and --format exclude each other", "take one of them out");
  const { environment, out, profile, system, force } = flags;
  const isOfProject = [flags.tenant, flags.selector, flags.set].some((values) => values.length > 0);
  if (connectors.length > 0 && (isOfProject || environment !== undefined || flags.wave !== undefined)) {
    throw usage("a connector's folder has no tenants, environments and values of them", "take these flags out");
  }
  const given = selectionOf(flags);
  const {
    DeployerError,
    expandConnectors,
    expandInSesamForm: expand,
    isConnectorFolder,
  } = await import("../../deploy/index.ts");
  const isProject = existsSync(join(flags.project, "connector-deployer.yaml"));
  if (connectors.length === 0 && !isProject && !isConnectorFolder(flags.project)) {
    throw new DeployerError("no-project", `${JSON.stringify(flags.project)} is no project and no connector's folder`, {
      hint: "name one of both with --project, or folders of connectors: expand --format sesam connectors/*",
    });
  }
  const options = {
    report: session.report,
    force,
    ...(out !== undefined && { out }),
    ...(profile !== undefined && { profile }),
    ...(system !== undefined && { system }),
  };
  const report =
    connectors.length > 0
      ? await expandConnectors(connectors, options)
      : await expand(flags.project, {
          ...options,
          env: await environmentOf(flags.envFile, session),
          set: await readSet(flags.set),
          selection: given,
          ...(environment !== undefined && { environment }),
        });
  const { sesamFoldersText } = await import("../components-text.ts");
  await session.output.print({ document: report, items: report.folders, text: () => sesamFoldersText(report) });
};

/** Flags that mean something only with `--format sesam`, and a folder that can be expanded only with it. */
const checkForm = async ({ project, profile, system, force }: Flags, connectors: readonly string[]): Promise<void> => {
  const alone = [
    connectors.length > 0 && "a connector's folder",
    profile !== undefined && "--profile",
    system !== undefined && "--system",
    force && "--force",
  ];
  const name = alone.find((one) => one !== false);
  if (name !== undefined) throw usage(`${name} goes with --format sesam`, "add --format sesam, or take it out");
  const { DeployerError, isConnectorFolder } = await import("../../deploy/index.ts");
  if (!isConnectorFolder(project)) return;
  const message = `there is no connector-deployer.yaml in ${project}; it is the folder of a connector`;
  throw new DeployerError("no-project", message, { hint: "expand it by itself with --format sesam" });
};

export const command = defineCommand({
  description:
    "Prints the components that manifests, templates, multi-tenant configuration and tenants describe, with every variable expanded. Works offline and needs no credentials; secrets stand as references. --out writes each component into a file of its own, TENANT/KIND/_ID.yaml or .json, and takes away those that an earlier run wrote and no component gives any more; it touches no other file, and none that was edited since. With -o jsonl it names one file. --as transform prints the resources as entities of the connector contract, one a line, which `plan --from` takes. --format sesam writes the files that Sesam's own client writes: of a connector's folder, which needs no project, a development expansion with placeholders; of a project, each tenant's connectors with the tenant's values under TENANT/CONNECTOR. They go into the folder .expanded of the connector or the project, or into --out. What was edited there since is not lost: it is refused until it is collapsed, or --force gives it up.",
  args: [
    {
      name: "connector",
      description: "of --format sesam: folders of connectors, each expanded by itself, in place of --project",
      required: false,
      repeats: true,
    },
  ],
  examples: [
    { line: "expand -t t042", does: "the components of one tenant, as YAML" },
    {
      line: "expand -o json > components.json",
      does: "those of all tenants as one document; the same bytes every time",
    },
    { line: "expand --out expanded", does: "a file for each component, to look at or to compare with an earlier run" },
    {
      line: "expand --as transform > desired.jsonl",
      does: "what the files ask for as entities of the connector contract",
    },
    { line: "expand --format sesam -p connectors/crm", does: "a connector by itself, as Sesam's client expands it" },
    { line: "expand --format sesam connectors/*", does: "many connectors, each into a folder .expanded of its own" },
    {
      line: "expand --format sesam -t t042 --out sesam",
      does: "a tenant's connectors for a Sesam node, with its values",
    },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  ownOut: true,
  flags,
  run: async (flags, session, connectors) => {
    if (flags.format === "sesam") {
      await expandInSesamForm(flags, session, connectors);
      return 0;
    }
    await checkForm(flags, connectors);
    if (flags.as !== undefined) {
      const side = await withProject(flags, session, (opened) => opened.entities("transform", selectionOf(flags)));
      await session.output.print(entityLines(side), flags.out);
      return 0;
    }
    const report = await withProject(flags, session, (opened) => opened.expand(selectionOf(flags)));
    const { componentsText, folderText } = await import("../components-text.ts");
    const { format } = session.output;
    if (flags.out === undefined || format === "jsonl") {
      const text = () => componentsText(report.components);
      await session.output.print({ document: report, items: report.components, text }, flags.out);
      return 0;
    }
    const { writeExpansion } = await import("../../deploy/index.ts");
    const isWhole = flags.tenant.length === 0 && flags.selector.length === 0 && flags.wave === undefined;
    const options = { format: format === "json" ? "json" : "yaml", isWhole } as const;
    const written = await writeExpansion(flags.out, report.components, options);
    await session.output.print({ document: written, text: () => folderText(written) });
    return 0;
  },
});
