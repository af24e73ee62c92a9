import { renderExplain } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { usage } from "../flag.ts";
import { project, reporting, selection } from "../shared-flags.ts";
import { selectionOf, withProject } from "../with-project.ts";

/** `_id path`, or `_id#/path` in one. */
const readAddress = (component: string, path: string | undefined): readonly [string, string] => {
  if (path !== undefined) return [component, path];
  const index = component.indexOf("#");
  if (index > 0) return [component.slice(0, index), component.slice(index + 1)];
  throw usage(
    `explain ${JSON.stringify(component)} does not say which value`,
    "name it, such as: explain connection/acme-t001-crm config.base_url",
  );
};

export const command = defineCommand({
  description:
    "Says where one value came from: its place in the template, and the source of each variable and reference in it. Works offline and needs no credentials.",
  args: [
    { name: "component", description: "its _id, kind/_id, or _id#/pointer", required: true },
    { name: "path", description: "of the value: config.base_url, or /config/base_url", required: false },
  ],
  examples: [
    { line: "explain connection/acme-t001-crm config.base_url", does: "where the address comes from" },
    { line: "explain 'acme-t001-crm#/config/base_url'", does: "the same" },
  ],
  formats: ["text", "json", "yaml"],
  flags: { ...project, ...selection, ...reporting },
  run: async (flags, session, [first = "", second]) => {
    const [component, path] = readAddress(first, second);
    const explanation = await withProject(flags, session, (opened) =>
      opened.explain(component, path, selectionOf(flags)),
    );
    await session.output.print({
      document: { type: "explanation", schemaVersion: 1, ...explanation },
      text: ({ colour }) => renderExplain(explanation, { colour }),
    });
    return 0;
  },
});
