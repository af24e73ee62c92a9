import type { dynamic } from "@pulumi/pulumi";
import type { Json, Properties } from "../../contract/index.ts";
import { isObject } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import type { SecretSource } from "../../secrets/index.ts";
import { isUnknown } from "./unknown.ts";

const credentials = ["endpoint", "accessKey", "secretKey"] as const;
const places = ["project", "environment", "name"] as const;

const isSource = (value: Json): boolean =>
  isObject(value) && /^(env|file)$/.test(Object.keys(value).join()) && typeof Object.values(value)[0] === "string";

const failure = (property: string, reason: string): dynamic.CheckFailure => ({ property, reason });

const form = "write { env: NAME } or { file: PATH }, never the value itself";

/** What is wrong with the argument `target`. */
export const targetFailures = (target: Json | undefined): readonly dynamic.CheckFailure[] => {
  if (target === undefined || isUnknown(target)) return [];
  if (!isObject(target)) {
    return [failure("target", `"target" must name where its credentials are read from; ${form}`)];
  }
  const isProject = "project" in target;
  const known: readonly string[] = isProject ? places : [...credentials, ...places];
  return Object.entries(target).flatMap(([name, value]) => {
    const property = `target.${name}`;
    if (!known.includes(name)) {
      return [failure(property, `"${property}" is not known; ${nearest(name, known, "known are")}`)];
    }
    if (isUnknown(value)) return [];
    if (isProject) {
      return typeof value === "string" && value !== "" ? [] : [failure(property, `"${property}" must be a text`)];
    }
    if (places.some((place) => place === name)) {
      return [failure(property, `"${property}" goes with "target.project"; name the project's folder there`)];
    }
    return isSource(value)
      ? []
      : [failure(property, `"${property}" must name an environment variable or a file; ${form}`)];
  });
};

const defaults = {
  endpoint: "INFINO_ENDPOINT",
  accessKey: "INFINO_ACCESS_KEY",
  secretKey: "INFINO_SECRET_KEY",
} as const;

/** A target of a project folder. */
export type ProjectPlace = { readonly project: string; readonly environment: string; readonly name: string };

/** A target of a project folder, or where each credential is read from. */
export type TargetPlace =
  | ProjectPlace
  | { readonly sources: { readonly [credential in (typeof credentials)[number]]: SecretSource } };

const sourceOf = (given: Json | undefined, name: keyof typeof defaults): SecretSource => {
  if (isObject(given) && typeof given["env"] === "string") return { env: given["env"] };
  if (isObject(given) && typeof given["file"] === "string") return { file: given["file"] };
  return { env: defaults[name] };
};

/** What the arguments say about where to deploy to. Throws `usage`. */
export const targetPlace = (inputs: Properties): TargetPlace => {
  const target = inputs["target"];
  const [wrong] = targetFailures(target);
  if (wrong !== undefined) throw new DeployerError("usage", wrong.reason);
  const given = isObject(target) ? target : {};
  const { project, environment = "default", name = "default" } = given;
  if (typeof project === "string") return { project, environment: String(environment), name: String(name) };
  return {
    sources: {
      endpoint: sourceOf(given["endpoint"], "endpoint"),
      accessKey: sourceOf(given["accessKey"], "accessKey"),
      secretKey: sourceOf(given["secretKey"], "secretKey"),
    },
  };
};
