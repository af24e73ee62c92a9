import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { HandOverItem, Project, Selection } from "../deploy/index.ts";
import { counted, listed, renderHandOver, renderHandOverReport } from "../render/index.ts";
import type { ExitCode } from "./exit-code.ts";
import { exitOfLeft } from "./exit-code.ts";
import { usage } from "./flag.ts";
import type { Session } from "./session.ts";
import { shellText } from "./shell-text.ts";
import { writeFileWhole } from "./write-file.ts";

export type HandOverFlags = {
  /** A file, or a folder for one file a tenant. */
  readonly file: string;
  /** Folder of the Pulumi program, where it is named. */
  readonly cwd: string | undefined;
  readonly flat: boolean;
  readonly force: boolean;
  readonly yes: boolean;
  readonly detail: boolean;
  readonly acceptTarget: boolean;
  readonly resources: readonly string[];
  readonly selection: Selection;
};

type ImportFile = { readonly path: string; readonly tenant: string; readonly text: string };

const isFolder = async (path: string): Promise<boolean> =>
  /[/\\]$/.test(path) ||
  (await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  ));

/** One file a stack, and a stack is a tenant's. */
const pathsOf = async (file: string, tenants: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  if (await isFolder(file)) return new Map(tenants.map((tenant) => [tenant, join(file, `${tenant}.json`)]));
  if (tenants.length > 1) {
    throw usage(
      `an import file is for one stack, and these are ${tenants.length} tenants: ${listed(tenants, 5)}`,
      `name one with -t; or give a folder, for a file of each: --pulumi-import ${file.replace(/\.json$/, "")}/`,
    );
  }
  return new Map(tenants.map((tenant) => [tenant, file]));
};

/** The folder that the paths of a Pulumi program start at. */
const programOf = async (flags: HandOverFlags, project: string): Promise<string> => {
  const { nearestProgram, programFolder } = await import("../pulumi/stacks/index.ts");
  if (flags.cwd !== undefined) return programFolder(resolve(flags.cwd));
  const places = [(await isFolder(flags.file)) ? flags.file : dirname(flags.file), ".", project].map((dir) =>
    resolve(dir),
  );
  return places.map(nearestProgram).find((dir) => dir !== undefined) ?? programFolder(".");
};

const filesOf = async (
  opened: Project,
  flags: HandOverFlags,
  program: string,
  items: readonly HandOverItem[],
): Promise<readonly ImportFile[]> => {
  const { importFile } = await import("../pulumi/stacks/index.ts");
  const { dir, environment, catalogFiles } = opened.files;
  const project = relative(program, dir).replaceAll("\\", "/") || ".";
  const byTenant = Map.groupBy(items, ({ tenant }) => tenant);
  const paths = await pathsOf(flags.file, [...byTenant.keys()]);
  return [...byTenant].map(([tenant, own]) => ({
    tenant,
    path: paths.get(tenant) ?? flags.file,
    text: importFile(own, { folder: program, project, environment, catalogFiles, ...(flags.flat ? {} : { tenant }) }),
  }));
};

const contentOf = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw usage(
      `${JSON.stringify(path)} is there and cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
      "give another path",
    );
  }
};

/** Files that are not there with this content yet. A run that was interrupted after it wrote them goes on. */
const toWrite = async (files: readonly ImportFile[], force: boolean): Promise<readonly ImportFile[]> => {
  const missing: ImportFile[] = [];
  for (const file of files) {
    const before = await contentOf(file.path);
    if (before === file.text) continue;
    if (before !== undefined && !force) {
      throw usage(
        `${JSON.stringify(file.path)} exists and holds something else`,
        "give another path, or --force to write over it; what it held is still to be imported, or is in Pulumi's state",
      );
    }
    missing.push(file);
  }
  return missing;
};

const importCommand = (program: string, { path, tenant }: ImportFile): string => {
  const cwd = relative(".", program);
  const words = ["pulumi", ...(cwd === "" ? [] : ["-C", cwd]), "import", "--file", resolve(path), "--stack", tenant];
  return [...words.map(shellText), "--protect=false", "--generate-code=false"].join(" ");
};

/** A stack that imported the earlier file has them too, and deletes what it has. */
const warnOfOthers = (files: readonly ImportFile[], items: readonly HandOverItem[], { output }: Session): void => {
  for (const { tenant } of files) {
    const before = items.filter((item) => item.tenant === tenant && item.handedOver).length;
    if (before === 0) continue;
    output.warn(
      `tenant ${tenant}: ${counted(before, "resource")} handed over before, in another file; whether a stack has imported that one cannot be known here: import each into one stack only`,
    );
  }
};

/** Writes files for `pulumi import --file`, then marks what is in them as Pulumi's. */
export const handOver = async (opened: Project, flags: HandOverFlags, session: Session): Promise<ExitCode> => {
  const { output, stops } = session;
  const { credentialFingerprint } = await import("../pulumi/stacks/index.ts");
  const program = await programOf(flags, opened.files.dir);
  let files: readonly ImportFile[] = [];
  let isAsked = false;
  const report = await opened.handOver({
    ...flags.selection,
    resources: flags.resources,
    acceptTarget: flags.acceptTarget,
    fingerprint: credentialFingerprint,
    signal: stops.stop,
    confirm: async (found) => {
      files = await filesOf(opened, flags, program, found.items);
      // Before anybody is asked.
      warnOfOthers(await toWrite(files, flags.force), found.items, session);
      // Without a question the report alone says what is left.
      const shown = flags.yes ? { ...found, left: [] } : found;
      output.note(`${renderHandOver(shown, { colour: output.colour, detail: flags.detail })}\n`);
      if (flags.yes) return;
      isAsked = true;
      const { confirm } = await import("./confirm.ts");
      await confirm(
        `hand ${counted(found.items.length, "resource")} over to Pulumi? [y/N]`,
        ["y", "yes", "Y", "YES"],
        session,
      );
    },
    write: async () => {
      for (const { path, text } of await toWrite(files, flags.force)) {
        await mkdir(dirname(path), { recursive: true });
        await writeFileWhole(path, text, 0o600);
      }
    },
  });
  const commands = files.map((file) => importCommand(program, file));
  await output.print({
    document: { ...report, files: files.map(({ path, tenant }) => ({ path, tenant })), commands },
    text: ({ colour }) => renderHandOverReport(report, commands, { colour, detail: flags.detail, leftIsSaid: isAsked }),
  });
  return exitOfLeft(report);
};
