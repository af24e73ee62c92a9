import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { OpenOptions, Project } from "../../src/deploy/index.ts";
import type { Service } from "../../src/service/index.ts";
import { opened } from "./project-folder.ts";

export type Counted = {
  readonly project: Project;
  /** `GET /sources`, … in the order in which they were sent. */
  readonly requests: string[];
  /** Those that are not reads. */
  readonly writes: () => readonly string[];
};

/** An opened project that counts what it sends to the service. */
export const counted = async (dir: string, service: Service, options: OpenOptions = {}): Promise<Counted> => {
  const requests: string[] = [];
  const project = await opened(dir, service, {
    ...options,
    fetch: async (request) => {
      requests.push(`${request.method} ${new URL(request.url).pathname}`);
      return (options.fetch ?? ((given: Request) => service.fetch(given)))(request);
    },
  });
  return { project, requests, writes: () => requests.filter((request) => !request.startsWith("GET ")) };
};

/** The names and texts of the key files of a project. */
export const keyFiles = async (dir: string): Promise<Readonly<Record<string, string>>> => {
  const folder = join(dir, ".connector-deployer");
  const names = (await readdir(folder)).filter((name) => name.startsWith("key"));
  return Object.fromEntries(
    await Promise.all(names.sort().map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)),
  );
};
