import type { dynamic } from "@pulumi/pulumi";
import { builtinCatalog } from "../../catalog/index.ts";
import type { Json, Properties } from "../../contract/index.ts";
import { eachSealed, isObject, segments } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import type { Problem } from "../../resources/index.ts";
import { validateProperties } from "../../resources/index.ts";
import { catalogFiles, catalogOf } from "../catalog-files.ts";
import type { Adapter } from "./adapter.ts";
import { commonArguments } from "./picture.ts";
import { isUnknown, sealUnknown, withoutNulls } from "./unknown.ts";

const failure = (property: string, what: string, hint?: string): dynamic.CheckFailure => ({
  property,
  reason: hint === undefined ? what : `${what}; ${hint}`,
});

const credentials = ["endpoint", "accessKey", "secretKey"];

const isSource = (value: Json): boolean =>
  isObject(value) && /^(env|file)$/.test(Object.keys(value).join()) && typeof Object.values(value)[0] === "string";

const targetFailures = (target: Json): dynamic.CheckFailure[] => {
  const form = "write { env: NAME } or { file: PATH }, never the value itself";
  if (!isObject(target)) return [failure("target", '"target" must name where its credentials are read from', form)];
  return Object.entries(target).flatMap(([name, source]) => {
    if (!credentials.includes(name)) {
      return [failure(`target.${name}`, `"target.${name}" is not known`, nearest(name, credentials, "known are"))];
    }
    const text = `"target.${name}" must name an environment variable or a file`;
    return isSource(source) ? [] : [failure(`target.${name}`, text, form)];
  });
};

const commonFailures = (adapter: Adapter, inputs: Properties): readonly dynamic.CheckFailure[] => {
  const failures: dynamic.CheckFailure[] = [];
  const known = [...adapter.fields, ...commonArguments];
  for (const name of Object.keys(inputs)) {
    if (known.includes(name)) continue;
    failures.push(failure(name, `"${name}" is not an argument here`, nearest(name, known, "arguments are")));
  }
  for (const name of ["adopt", "overwriteDrift"]) {
    const value = inputs[name] ?? false;
    if (typeof value !== "boolean" && !isUnknown(value))
      failures.push(failure(name, `"${name}" must be true or false`));
  }
  const target = inputs["target"];
  if (target !== undefined && !isUnknown(target)) failures.push(...targetFailures(target));
  return failures;
};

/** A problem in Pulumi's words. */
const toFailure = (adapter: Adapter, { path, message, hint }: Problem): dynamic.CheckFailure => {
  const property = adapter.argument(path);
  return failure(property, message.replace(`"${segments(path).join(".")}"`, `"${property}"`), hint);
};

/** Arguments without what stands for nothing. A resource keeps the name that it had; its class gives the first one. */
const completed = (adapter: Adapter, olds: Properties, news: Properties): Properties => {
  const inputs = withoutNulls(news);
  const { config, name } = inputs;
  return {
    ...inputs,
    ...(isObject(config) ? { config: withoutNulls(config) } : {}),
    ...(name === undefined && adapter.fields.includes("name") && typeof olds["name"] === "string"
      ? { name: olds["name"] }
      : {}),
  };
};

/** Checks the arguments by the catalog. Reads no more than catalog files. */
export const check = (adapter: Adapter, dir: string, olds: Properties, news: Properties): dynamic.CheckResult => {
  const inputs = completed(adapter, olds, news);
  const failures = [...commonFailures(adapter, inputs)];
  let catalog = builtinCatalog();
  try {
    catalog = catalogOf(catalogFiles(inputs), dir);
  } catch (error) {
    if (!(error instanceof DeployerError)) throw error;
    return { inputs, failures: [...failures, failure("catalog", error.message, error.hint)] };
  }
  const { config, name } = inputs;
  if (adapter.fields.includes("name") && name === undefined) failures.push(failure("name", '"name" is required'));
  if (isObject(config) && config["name"] !== undefined && adapter.fields.includes("name")) {
    failures.push(failure("config.name", '"config.name" is not a field here', "give it as the argument name"));
  }
  eachSealed(inputs, (path) => {
    const property = adapter.argument(path);
    failures.push(
      failure(property, `"${property}" is a reference of a manifest`, "give the secret as a Pulumi secret"),
    );
  });
  const properties = sealUnknown(adapter.properties(inputs)) as Properties;
  const problems = validateProperties(adapter.kind, catalog, String(name), properties, {
    clearSecrets: true,
    // The program may have marked any of it as secret; the marks do not come this far.
    hides: (path) => segments(path).length > 1,
  });
  const named = new Set(failures.map(({ property }) => property));
  const wrong = problems.map((problem) => toFailure(adapter, problem)).filter(({ property }) => !named.has(property));
  return { inputs, failures: [...failures, ...wrong] };
};
