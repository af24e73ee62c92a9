import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export const datatypesEach = 10;
/** Pipes of a template and the shim, for each datatype; and the system. */
export const componentsEach = datatypesEach * 3 + 1;

const systemTemplate = (): unknown => ({
  _id: "{{@ system @}}",
  type: "system:rest",
  url_pattern: "{{@ base_url @}}/%s",
  operations: Object.fromEntries(
    Array.from({ length: datatypesEach }, (_, index) => [
      `d${index}-list`,
      { url: `/d${index}`, method: "GET", params: { limit: "{{@ page_size @}}" } },
    ]),
  ),
});

const datatypeTemplate = (): unknown => [
  {
    _id: "{{@ system @}}-{{@ datatype @}}-collect",
    type: "pipe",
    source: {
      type: "rest",
      system: "{{@ system @}}",
      operation: "{{@ datatype @}}-list",
      properties: { order: "{{@ order @}}", max: "{{@ max @}}" },
    },
    transform: {
      type: "dtl",
      rules: {
        default: [
          ["copy", "*"],
          ["add", "_id", ["string", "_S.id"]],
          ["add", "$last-modified", ["datetime-parse", "%Y-%m-%dT%H:%M:%SZ", "_S.updated"]],
        ],
      },
    },
    namespaced_identifiers: false,
  },
  {
    _id: "{{@ system @}}-{{@ datatype @}}-share",
    type: "pipe",
    source: { type: "dataset", dataset: "{{@ system @}}-{{@ datatype @}}-transform" },
    transform: [
      {
        type: "dtl",
        rules: {
          default: [
            ["copy", "*"],
            ["add", "::url", "/{{@ datatype @}}/{{ entity.id }}"],
          ],
        },
      },
      { type: "rest", system: "{{@ system @}}", operation: "{{@ datatype @}}-update" },
    ],
    batch_size: 1,
  },
];

/** Writes `count` connector folders, `c000` and on, each with ten datatypes that have a template of their own. */
export const writeManySesamConnectors = async (dir: string, count: number): Promise<readonly string[]> => {
  const folders = Array.from({ length: count }, (_, index) => join(dir, `c${String(index).padStart(3, "0")}`));
  const text = (value: unknown): string => JSON.stringify(value, null, 2);
  for (const folder of folders) {
    await mkdir(join(folder, "templates"), { recursive: true });
    const names = Array.from({ length: datatypesEach }, (_, index) => `d${index}`);
    const datatypes = names.map((name) => [
      name,
      { template: `templates/${name}.json`, parameters: { order: "updated", max: 10 } },
    ]);
    const manifest = {
      auth: "api_key",
      additional_parameters: { base_url: {}, page_size: {} },
      "system-template": "templates/system.json",
      datatypes: Object.fromEntries(datatypes),
    };
    await writeFile(join(folder, "manifest.json"), text(manifest));
    await writeFile(join(folder, "templates/system.json"), text(systemTemplate()));
    for (const name of names) await writeFile(join(folder, `templates/${name}.json`), text(datatypeTemplate()));
  }
  return folders;
};
