import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExpandOptions, Expansion, ProjectFiles } from "../../src/manifest/index.ts";
import { readProject } from "../../src/manifest/index.ts";

export const smallProject: { readonly [file: string]: string } = {
  "connector-deployer.yaml": `vendor: acme
targets:
  default:
    type: infino
    endpoint: https://api.example
    access_key: $ENV(TARGET_ACCESS)
    secret_key: $SECRET(target)
connectors:
  crm: { path: crm }
secrets:
  target: { env: TARGET_SECRET }
`,
  "crm/manifest.yaml": "system-template: system.yaml\n",
  "crm/system.yaml": "_id: <<@ system @>>\ntype: connection\n",
  "tenants/t1.yaml": "id: t1\nconnectors: { crm: {} }\n",
};

export type TemporaryProject = AsyncDisposable & {
  readonly dir: string;
  write(file: string, content: string): Promise<void>;
  read(env?: { readonly [name: string]: string }): Promise<ProjectFiles>;
  /** Reads one tenant file and expands it; throws where something is wrong. */
  expand(file: string, options?: ExpandOptions): Promise<Expansion>;
};

/** A project folder with these files over those of `smallProject`; an empty text leaves a file out. */
export const temporaryProject = async (files: { readonly [file: string]: string } = {}): Promise<TemporaryProject> => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), "manifest-")));
  const write = async (file: string, content: string): Promise<void> => {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  };
  for (const [file, content] of Object.entries({ ...smallProject, ...files })) {
    if (content !== "") await write(file, content);
  }
  let project: Promise<ProjectFiles> | undefined;
  return {
    dir,
    write,
    read: (env = {}) => readProject(dir, "default", { env }),
    expand: async (file, options) => {
      project ??= readProject(dir, "default", { env: {} });
      const read = await project;
      const { tenant, diagnostics } = await read.readTenant(file);
      const expansion = tenant && read.expandTenant(tenant, options);
      const wrong = [...read.diagnostics, ...diagnostics, ...(expansion?.diagnostics ?? [])].find(
        ({ severity }) => severity === "error",
      );
      if (expansion === undefined || wrong !== undefined) throw new Error(JSON.stringify(wrong));
      return expansion;
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
};
