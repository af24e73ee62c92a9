import { resolve } from "node:path";
import { canonicalJson } from "../../canonical.ts";
import type { Properties } from "../../contract/index.ts";
import type { OpenOptions, Project } from "../../deploy/index.ts";
import type { Rim } from "../lifecycle/rim.ts";
import type { Place } from "./arguments.ts";

/** Lets work be done with an opened project folder. */
export type WithProject = <T>(
  place: Place,
  set: Properties | undefined,
  work: (project: Project) => Promise<T>,
) => Promise<T>;

type Shared = { readonly project: Promise<Project>; users: number; closing?: NodeJS.Timeout };

/**
 * Opens each folder once for all that use it at the same time or shortly after each other, and closes it when nobody
 * has used it for `idle` milliseconds: Pulumi never says that it is done.
 */
export const openProjects = (rim: Rim, idle: number, options: Pick<OpenOptions, "report"> = {}): WithProject => {
  const opened = new Map<string, Shared>();

  const open = async ({ project, environment }: Place, set: Properties | undefined): Promise<Project> => {
    const { openProject } = await import("../../deploy/index.ts");
    return openProject(resolve(rim.dir, project), {
      environment,
      env: rim.env,
      clock: rim.clock,
      ...options,
      ...(set === undefined ? {} : { set }),
      ...(rim.fetch === undefined ? {} : { fetch: rim.fetch }),
    });
  };

  return async (place, set, work) => {
    const key = canonicalJson([place.project, place.environment, set ?? null]);
    const shared = opened.get(key) ?? { project: open(place, set), users: 0 };
    opened.set(key, shared);
    clearTimeout(shared.closing);
    shared.users++;
    const close = async (): Promise<void> => {
      if (opened.get(key) === shared) opened.delete(key);
      const project = await shared.project.catch(() => undefined);
      await project?.[Symbol.asyncDispose]();
    };
    let isOpen = false;
    try {
      const project = await shared.project;
      isOpen = true;
      return await work(project);
    } finally {
      shared.users--;
      // What failed is tried again by the next call.
      if (!isOpen && opened.get(key) === shared) opened.delete(key);
      if (shared.users === 0) {
        if (idle === 0 || !isOpen) await close();
        else {
          shared.closing = setTimeout(() => {
            if (shared.users === 0) void close().catch(() => undefined);
          }, idle);
          shared.closing.unref();
        }
      }
    }
  };
};
