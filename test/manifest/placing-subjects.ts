import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { equal } from "../../src/canonical.ts";
import type { Json } from "../../src/contract/index.ts";
import { placeEdits, readProject, readSesamConnector } from "../../src/manifest/index.ts";
import type {
  Instance,
  NewComponent,
  Placement,
  PlaceOptions,
  UnplacedReason,
} from "../../src/manifest/placing/types.ts";
import { smallProject } from "./temporary-project.ts";

type Files = { readonly [file: string]: string };
type Overlay = ReadonlyMap<string, string>;

/** Files whose expansion is edited. */
export type Subject = AsyncDisposable & {
  readonly dir: string;
  readonly instances: readonly Instance[];
  readonly reexpand: PlaceOptions["reexpand"];
  /** A new component for a datatype's template. */
  readonly added: (name: string, datatype: string | undefined, edited: Json) => NewComponent;
};

const folder = async (files: Files): Promise<string> => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "placing-")));
  for (const [file, content] of Object.entries(files)) {
    if (content === "") continue;
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
};

const failing = (diagnostics: readonly { readonly severity: string }[]): void => {
  const wrong = diagnostics.find(({ severity }) => severity === "error");
  if (wrong !== undefined) throw new Error(JSON.stringify(wrong));
};

/** A Sesam connector and its development expansion. */
export const sesamSubject = async (files: Files): Promise<Subject> => {
  const dir = await folder(files);
  const read = async (overlay?: Overlay) => {
    const connector = await readSesamConnector(dir, overlay === undefined ? {} : { overlay });
    failing(connector.diagnostics);
    const expansion = connector.expand();
    failing(expansion.diagnostics);
    return { connector, expansion };
  };
  const { connector, expansion } = await read();
  const instances = expansion.files.flatMap(({ path, content, from }): Instance[] =>
    from === undefined ? [] : [{ ...from, name: path, tenant: "", connector: "c", expanded: content, edited: content }],
  );
  return {
    dir,
    instances,
    reexpand: async (overlay) =>
      new Map(
        (await read(overlay)).expansion.files.flatMap(({ path, content, from }) => (from ? [[path, content]] : [])),
      ),
    added: (name, datatype, edited) => {
      const found = connector.template(datatype);
      const { scope } = found ?? {};
      return {
        name,
        tenant: "",
        connector: "c",
        datatype,
        ...(found && { template: found }),
        ...(scope && { scope }),
        edited,
      };
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};

/** A project and all its tenants, over the files of the small project. */
export const projectSubject = async (files: Files, env: { readonly [name: string]: string } = {}): Promise<Subject> => {
  const dir = await folder({ ...smallProject, ...files });
  const read = async (overlay?: Overlay): Promise<readonly Instance[]> => {
    const project = await readProject(dir, "default", { env, ...(overlay && { overlay }) });
    failing(project.diagnostics);
    const found: Instance[] = [];
    for (const { file } of await project.tenantFiles()) {
      const { tenant, diagnostics } = await project.readTenant(file);
      failing(diagnostics);
      if (tenant === undefined) continue;
      const expansion = project.expandTenant(tenant);
      failing(expansion.diagnostics);
      found.push(...expansion.instances());
    }
    return found;
  };
  const instances = await read();
  return {
    dir,
    instances,
    reexpand: async (overlay) => new Map((await read(overlay)).map(({ name, expanded }) => [name, expanded])),
    added: (name, datatype, edited) => {
      const like = instances.find((instance) => instance.datatype === datatype);
      const { tenant = "", connector = "", template, rendered = false, scope } = like ?? {};
      return {
        name,
        tenant,
        connector,
        datatype,
        ...(template && { template: { source: template.idSpot.source, rendered } }),
        ...(scope && { scope }),
        edited,
      };
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};

/** What becomes of components, by name; null takes one out. */
export type Edits = { readonly [name: string]: ((content: never) => Json) | null };

export type Done = Placement & {
  /** Texts of changed files. */
  readonly after: { readonly [file: string]: string };
  /** Reasons of what has no place, by name and path. */
  readonly reasons: readonly UnplacedReason[];
};

/** Edits an expansion and places that; checks what always has to hold. */
export const edit = async (
  { instances, reexpand }: Subject,
  edits: Edits,
  {
    tenantFiles = "never",
    added = [],
  }: { tenantFiles?: PlaceOptions["tenantFiles"]; added?: readonly NewComponent[] } = {},
): Promise<Done> => {
  for (const name of Object.keys(edits)) {
    if (!instances.some((instance) => instance.name === name)) {
      throw new Error(`${name} is none of ${instances.map((one) => one.name).join(", ")}`);
    }
  }
  const edited = instances.map((instance): Instance => {
    const change = edits[instance.name];
    if (change === undefined) return instance;
    return { ...instance, edited: change === null ? undefined : change(structuredClone(instance.expanded) as never) };
  });
  const placement = await placeEdits(edited, added, { tenantFiles, reexpand });
  await checkPlacement(edited, added, placement, reexpand);
  return {
    ...placement,
    after: Object.fromEntries(placement.files.map(({ file, after }) => [file, after])),
    reasons: placement.unplaced.map(({ reason }) => reason),
  };
};

/** Every difference is placed or listed, and what has nothing listed comes out as it was edited. */
export const checkPlacement = async (
  instances: readonly Instance[],
  added: readonly NewComponent[],
  { files, placed, unplaced }: Placement,
  reexpand: PlaceOptions["reexpand"],
): Promise<void> => {
  const now = await reexpand(new Map(files.map(({ file, after }) => [file, after])));
  const listed = new Set(unplaced.map(({ name }) => name));
  const told = new Set([...placed, ...unplaced].map(({ name }) => name));
  const values = [...now.values()];
  for (const { name, expanded, edited } of instances) {
    const isSame = edited !== undefined && equal(expanded, edited);
    if (isSame === told.has(name))
      throw new Error(`${name} was ${isSame ? "not edited, and told" : "edited, and lost"}`);
    if (listed.has(name)) continue;
    const found = edited === undefined ? !now.has(name) : values.some((value) => equal(value, edited));
    if (!found) throw new Error(`${name} comes out as ${JSON.stringify(now.get(name))}`);
  }
  for (const { name, edited } of added) {
    if (!told.has(name)) throw new Error(`${name} was added, and lost`);
    if (!listed.has(name) && !values.some((value) => equal(value, edited)))
      throw new Error(`${name} does not come out`);
  }
  if (now.size !== instances.length + added.length - goneOf(instances, added, listed)) {
    throw new Error(`${now.size} components come out`);
  }
};

const goneOf = (instances: readonly Instance[], added: readonly NewComponent[], listed: ReadonlySet<string>): number =>
  instances.filter(({ name, edited }) => edited === undefined && !listed.has(name)).length +
  added.filter(({ name }) => listed.has(name)).length;
