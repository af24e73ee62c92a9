import { readdir, readFile } from "node:fs/promises";
import { nearest } from "../../nearest.ts";
import { defineCommand } from "../command.ts";
import { usage } from "../flag.ts";
import { reporting } from "../shared-flags.ts";

/** Generated; stands above `src` and `dist`. */
const folder = new URL("../../../schemas/", import.meta.url);
const ending = ".schema.json";

/** Kinds of files that have a schema. */
export const schemaNames = async (): Promise<readonly string[]> =>
  (await readdir(folder))
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();

export const command = defineCommand({
  description:
    "Prints the JSON Schema of a kind of file: project, environment, tenant, manifest or connector-type. Without a name lists them.",
  args: [{ name: "name", description: "whose schema", required: false }],
  examples: [
    { line: "schema", does: "which schemas there are" },
    { line: "schema tenant --out tenant.schema.json", does: "for an editor" },
  ],
  formats: ["text", "json", "yaml"],
  flags: { ...reporting },
  run: async (_, session, [name]) => {
    const known = await schemaNames();
    if (name === undefined) {
      await session.output.print({
        document: { type: "schemas", schemaVersion: 1, schemas: known },
        text: () => known.join("\n"),
      });
      return 0;
    }
    if (!known.includes(name)) throw usage(`there is no schema ${JSON.stringify(name)}`, nearest(name, known));
    const text = await readFile(new URL(`${name}${ending}`, folder), "utf8");
    await session.output.print({ document: JSON.parse(text), text: () => text.trimEnd() });
    return 0;
  },
});
