import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { joinPath } from "../../contract/index.ts";
import { hasErrors } from "../../diagnostic.ts";
import { DeployerError } from "../../errors.ts";
import { collector } from "../collect.ts";
import type { Template } from "../expand/compile-template.ts";
import { locateComponent } from "../expand/origin.ts";
import type { Binding, Declarations, Given } from "../expand/variables.ts";
import type { LanguageTemplate } from "../language/template.ts";
import { isLanguage } from "../language/template.ts";
import type { Source } from "../parse/source.ts";
import type { Folder } from "../read/folder.ts";
import { spotIn } from "../read/folder.ts";
import { realPath } from "../read/jail.ts";
import { resolversOf } from "../read/read-connector.ts";
import { readManifest } from "../read/read-manifest.ts";
import { templateOf } from "../read/read-template.ts";
import { review } from "../read/review.ts";
import { locateIn } from "../read/validate.ts";
import type { ManifestContent } from "../schemas/manifest.ts";
import type { Assembly, FilledTemplate } from "./assemble-files.ts";
import { assembleFiles } from "./assemble-files.ts";
import { developmentBinding } from "./development-values.ts";
import { nameProblem } from "./file-name.ts";
import { fillLanguage, fillTemplate } from "./fill-template.ts";
import { isTruthy } from "./python-text.ts";
import { readProfile } from "./read-profile.ts";
import type { SesamConnector, SesamOptions } from "./types.ts";

type ReadOptions = SesamOptions & {
  /** Texts that count in place of what the files hold, by path relative to the connector's folder. */
  readonly overlay?: ReadonlyMap<string, string>;
};

type ReadTemplate = {
  readonly source: Source;
  readonly template: Template | LanguageTemplate;
  readonly rendered: boolean;
  readonly filled: FilledTemplate | undefined;
};

/** Nobody gives anything in a development expansion: each value is there before it is asked for. */
const nobody: Given = {
  system: { json: "", text: "", pieces: undefined, make: undefined, from: "", spot: undefined, tenantPath: undefined },
  account_id: undefined,
  is_fullsync: false,
  service_url: undefined,
  parameter_values: {},
  datatypes: {},
  set: {},
};

const fill = (
  folder: Folder,
  datatype: string | undefined,
  template: Template | LanguageTemplate,
  binding: (name: string) => Binding,
): FilledTemplate | undefined => {
  const { collect } = folder;
  if (isLanguage(template)) return fillLanguage(collect, datatype, template, binding, nobody);
  const resolvers = resolversOf(folder, binding, template);
  const values = resolvers?.flatMap((resolve) => resolve(nobody) ?? []);
  return values && fillTemplate(collect, datatype, template, values);
};

const readTemplates = async (
  folder: Folder,
  declarations: Declarations,
  manifestSource: Source,
  system: string,
): Promise<ReadonlyMap<string | undefined, ReadTemplate>> => {
  const { manifest } = declarations;
  const locate = locateIn(manifestSource);
  const read = new Map<string | undefined, ReadTemplate>();
  const add = async (datatype: string | undefined, path: string, pointer: string): Promise<void> => {
    const template = await templateOf(folder, "", path, locate(pointer));
    if (template === undefined) return;
    const filled = fill(folder, datatype, template, developmentBinding(declarations, datatype, system));
    read.set(datatype, { source: template.source, template, rendered: isLanguage(template), filled });
  };
  const key = manifest["system-template"] === undefined ? "system_template" : "system-template";
  const systemTemplate = manifest[key];
  if (systemTemplate !== undefined) await add(undefined, systemTemplate, `/${key}`);
  for (const [name, { template }] of Object.entries(manifest.datatypes)) {
    if (template !== undefined) await add(name, template, `${joinPath("/datatypes", name)}/template`);
  }
  return read;
};

/**
 * Reads the folder of a Sesam connector: a manifest and its templates, with the values of a development expansion. Throws
 * `no-project` where there is no such folder, `usage` where the profile cannot be part of a file's name; whatever else is
 * wrong is in `diagnostics`.
 */
export const readSesamConnector = async (
  dir: string,
  { profile = "test", system = "xxxxxx", overlay }: ReadOptions = {},
): Promise<SesamConnector> => {
  const root = realPath(resolve(dir));
  if (!existsSync(root)) {
    const hint = "name the connector's folder with --project";
    throw new DeployerError("no-project", `there is no folder ${dir}`, { hint });
  }
  const problem = nameProblem(profile);
  if (problem !== undefined) {
    const hint = "name a profile such as test";
    throw new DeployerError("usage", `the profile ${JSON.stringify(profile)} cannot be used: ${problem}`, { hint });
  }
  const collect = collector();
  const common = { root, collect, declared: new Set<string>(), templates: new Map(), dialect: "sesam" } as const;
  const folder: Folder = overlay === undefined ? common : { ...common, overlay };
  const read = await readManifest(folder, "", undefined);
  const empty: ManifestContent = { additional_parameters: {}, datatypes: {} };
  const { source, manifest } = read ?? { source: undefined, manifest: empty };
  const declarations: Declarations = {
    connector: basename(root),
    manifest,
    auth: {},
    parameter_values: {},
    manifestSpot: (path) => (source && spotIn([source], path)) ?? { source: emptySource, start: 0, end: 1 },
    projectSpot: () => ({ source: emptySource, start: 0, end: 1 }),
  };
  const templates: ReadonlyMap<string | undefined, ReadTemplate> =
    source === undefined ? new Map() : await readTemplates(folder, declarations, source, system);
  const env = await readProfile(folder, "", manifest, profile);
  const datatypes = Object.keys(manifest.datatypes).filter((name) => manifest.datatypes[name]?.template !== undefined);
  const assembly: Assembly = {
    system,
    templates: [...templates.values()].flatMap(({ filled }: ReadTemplate) => filled ?? []),
    datatypes,
    isWebhookOpen: isTruthy(manifest.use_webhook_secret),
    profile,
    profileContent: env.content,
  };
  return {
    dir: resolve(dir),
    system,
    datatypes,
    template: (datatype) => {
      const found: ReadTemplate | undefined = templates.get(datatype);
      if (found?.filled === undefined) return undefined;
      return { source: found.source, rendered: found.rendered, scope: found.filled.scope };
    },
    profile: env.source,
    sources: () => [source, ...[...templates.values()].map((one) => one.source), env.source].filter(isDefined),
    diagnostics: collect.diagnostics,
    locate: ({ from }, path) =>
      from && locateComponent({ at: 0, templates: [from.template], scopes: [from.scope] }, path),
    review: () => {
      const uses = [...templates].map(([datatype, { template }]) => ({ datatype, template }));
      return hasErrors(collect.diagnostics)
        ? []
        : review(root, [{ declarations, uses, system: { placeholder: system } }]);
    },
    expand: () =>
      hasErrors(collect.diagnostics) ? { files: [], diagnostics: collect.diagnostics } : assembleFiles(assembly),
  };
};

const isDefined = (source: Source | undefined): source is Source => source !== undefined;

const emptySource: Source = { file: "manifest.json", text: "", trees: () => [] };
