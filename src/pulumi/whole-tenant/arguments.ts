import { isAbsolute } from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import type { Json, Properties } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import type { PlanOptions } from "../../deploy/index.ts";
import { nearest } from "../../nearest.ts";
import { isUnknown, withoutNulls } from "../lifecycle/unknown.ts";
import { statePath } from "../program-folder.ts";

type Form = { readonly fits: (value: Json) => boolean; readonly words: string };

const text: Form = { fits: (value) => typeof value === "string" && value !== "", words: "a text" };
const choice: Form = { fits: (value) => typeof value === "boolean", words: "true or false" };
const globs: Form = {
  fits: (value) => Array.isArray(value) && value.every((item: Json) => typeof item === "string"),
  words: "a list of globs of kind/_id",
};
const budget: Form = {
  fits: (value) =>
    typeof value === "number"
      ? Number.isInteger(value) && value >= 0
      : typeof value === "string" && /^\d+(\.\d+)?%$/.test(value),
  words: 'a number, or a share such as "10%"',
};
const mapping: Form = { fits: isObject, words: "a mapping of values by their variables" };

const forms = {
  project: text,
  tenant: text,
  environment: text,
  set: mapping,
  prune: choice,
  deleteData: choice,
  maxDeletes: budget,
  adopt: globs,
  writeSecrets: globs,
  rewriteUnknown: choice,
  acceptTarget: choice,
  acceptUnresolved: choice,
  recreateMissing: choice,
  overwriteDrift: choice,
} as const satisfies Readonly<Record<string, Form>>;

/** Names of everything that a program can say. */
export const argumentNames = Object.keys(forms);

export const argumentsOf = (state: Properties): Properties =>
  Object.fromEntries(argumentNames.flatMap((name) => (state[name] === undefined ? [] : [[name, state[name]]])));

/** Which tenant of which project folder. */
export type Place = {
  /** Relative to the program's folder. */
  readonly project: string;
  readonly environment: string;
  readonly tenant: string;
};

export const placeOf = (state: Properties): Place => ({
  project: String(state["project"] ?? "."),
  environment: String(state["environment"] ?? "default"),
  tenant: String(state["tenant"] ?? ""),
});

export const idOf = ({ environment, tenant }: Place): string => `${environment}/${tenant}`;

/** Values over all others. */
export const setOf = (state: Properties): Properties => (isObject(state["set"]) ? state["set"] : {});

/** What a plan is asked for; checked before. */
export const planOptions = (state: Properties): PlanOptions => {
  const names = [
    "prune",
    "deleteData",
    "maxDeletes",
    "adopt",
    "writeSecrets",
    "rewriteUnknown",
    "acceptTarget",
    "recreateMissing",
  ];
  return Object.fromEntries(names.flatMap((name) => (state[name] === undefined ? [] : [[name, state[name]]])));
};

/** With defaults, without what stands for nothing, and with the project's folder as it may stand in a state. */
export const completed = (folder: string, news: Properties): Properties => {
  const inputs = withoutNulls(news);
  const { desired: _, ...given } = inputs;
  const { project, set } = given;
  return {
    ...given,
    environment: given["environment"] ?? "default",
    ...(typeof project === "string" && !isUnknown(project) && project !== ""
      ? { project: statePath(folder, project) }
      : {}),
    ...(isObject(set) ? { set: withoutNulls(set) } : {}),
  };
};

/** What is wrong with the arguments themselves. Pure. */
export const argumentFailures = (inputs: Properties): readonly dynamic.CheckFailure[] => {
  const failures: dynamic.CheckFailure[] = [];
  const add = (property: string, reason: string): number => failures.push({ property, reason });
  for (const name of ["project", "tenant"]) {
    if (inputs[name] === undefined) add(name, `"${name}" is required`);
  }
  for (const [name, value] of Object.entries(inputs)) {
    const form = (forms as Readonly<Record<string, Form>>)[name];
    if (form === undefined) {
      add(name, `"${name}" is not an argument here; ${nearest(name, argumentNames, "arguments are")}`);
    } else if (!isUnknown(value) && !hasUnknownItem(value) && !form.fits(value)) {
      add(name, `"${name}" must be ${form.words}`);
    }
  }
  const { project } = inputs;
  if (typeof project === "string" && isAbsolute(project)) {
    add("project", '"project" must be a folder that a relative path leads to');
  }
  return failures;
};

const hasUnknownItem = (value: Json): boolean => Array.isArray(value) && value.some(isUnknown);
