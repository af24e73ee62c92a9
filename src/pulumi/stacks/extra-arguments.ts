import { DeployerError } from "../../errors.ts";

const ours: readonly (readonly [RegExp, string])[] = [
  [/^(?:-s.*|--stack(?:=.*)?)$/, "each tenant has a stack of its own; choose them with -t"],
  [/^(?:-C.*|--cwd(?:=.*)?)$/, "give --cwd before the --"],
  [
    /^(?:-j|--json(?:=.*)?|--event-log(?:=.*)?)$/,
    "pulumi's own JSON holds secrets in clear; -o json before the -- is the result",
  ],
];

/** Checks what is handed on to pulumi. Throws `usage` for what would break a run over many stacks. */
export const checkExtra = (extra: readonly string[]): readonly string[] => {
  const [first] = extra;
  if (first !== undefined && !first.startsWith("-")) {
    throw new DeployerError("usage", `pulumi does not take ${JSON.stringify(first)} here`, {
      hint: "tenants are chosen with -t; flags for the pulumi command stand after --",
    });
  }
  for (const word of extra) {
    const [, hint] = ours.find(([pattern]) => pattern.test(word)) ?? [];
    if (hint !== undefined) throw new DeployerError("usage", `${word} cannot be handed on to pulumi`, { hint });
  }
  return extra;
};
