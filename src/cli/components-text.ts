import type { Component, SesamExpandReport, SesamFolder } from "../deploy/index.ts";
import { componentText } from "../deploy/index.ts";
import { count } from "../render/index.ts";

/** Components as YAML documents, in the form in which templates have them. */
export const componentsText = (components: readonly Component[]): string =>
  components
    .map((component) => `# tenant ${JSON.stringify(component.tenant)}\n${componentText(component, "yaml")}`)
    .join("---\n")
    .trimEnd();

/** What was written into a folder, a file a line. */
export const folderText = ({ added, changed, removed, unchanged }: Omit<SesamFolder, "folder">): string =>
  [
    ...added.map((path) => `+ ${path}`),
    ...changed.map((path) => `~ ${path}`),
    ...removed.map((path) => `- ${path}`),
    `${count(added.length)} added, ${count(changed.length)} changed, ${count(removed.length)} removed, ${count(unchanged)} unchanged`,
  ].join("\n");

/** What was written into the folders of an expansion in Sesam's form. */
export const sesamFoldersText = ({ folders }: SesamExpandReport): string => {
  const all = (name: "added" | "changed" | "removed"): readonly string[] =>
    folders.flatMap((one) =>
      one[name].map((path) => [one.tenant, one.connector, path].filter((part) => part !== undefined).join("/")),
    );
  const unchanged = folders.reduce((sum, folder) => sum + folder.unchanged, 0);
  return folderText({ added: all("added"), changed: all("changed"), removed: all("removed"), unchanged });
};
