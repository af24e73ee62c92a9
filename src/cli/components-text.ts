import type { Component, ExpansionFolder } from "../deploy/index.ts";
import { componentText } from "../deploy/index.ts";
import { count } from "../render/index.ts";

/** Components as YAML documents, in the form in which templates have them. */
export const componentsText = (components: readonly Component[]): string =>
  components
    .map((component) => `# tenant ${JSON.stringify(component.tenant)}\n${componentText(component, "yaml")}`)
    .join("---\n")
    .trimEnd();

/** What was written into a folder, a file a line. */
export const folderText = ({ added, changed, removed, unchanged }: ExpansionFolder): string =>
  [
    ...added.map((path) => `+ ${path}`),
    ...changed.map((path) => `~ ${path}`),
    ...removed.map((path) => `- ${path}`),
    `${count(added.length)} added, ${count(changed.length)} changed, ${count(removed.length)} removed, ${count(unchanged)} unchanged`,
  ].join("\n");
