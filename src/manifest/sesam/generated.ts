import type { Json } from "../../contract/index.ts";

/** What an expansion adds by itself; nothing of it is in a connector's files. */

const shimTransform = {
  type: "dtl",
  rules: {
    default: [
      ["add", "$based_on", ["apply", "based-on", "_S."]],
      ["copy", "*"],
    ],
    "based-on": [["copy", "*", ["list", "_*", "$*"]]],
  },
} as const satisfies Json;

/** The pipe that gives what was collected on, with `$based_on`. */
export const shimOf = (system: string, datatype: string) => ({
  _id: `${system}-${datatype}-transform`,
  type: "pipe",
  source: { type: "dataset", dataset: `${system}-${datatype}-collect`, supports_signalling: false },
  transform: shimTransform,
});

export const nodeMetadata = {
  _id: "node",
  type: "metadata",
  task_manager: { disable_user_pipes: true },
} as const satisfies Json;

export const webhookPermissions = [["allow", ["group:Anonymous"], ["write_data"]]] as const satisfies Json;

/** Name of a template's file without folder and extension. */
export const templateName = (file: string): string => {
  const name = file.slice(file.lastIndexOf("/") + 1);
  return /^(.*[^.].*)\.[^.]*$/.exec(name)?.[1] ?? name;
};

export const sharedComment = (template: string): string =>
  `WARNING! This pipe is generated from the template of the '${template}' datatype and changes will be silently ignored during collapse. For more information see the connectorpy README.`;
