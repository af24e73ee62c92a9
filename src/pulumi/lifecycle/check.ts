import type { dynamic } from "@pulumi/pulumi";
import { equal } from "../../canonical.ts";
import { builtinCatalog } from "../../catalog/index.ts";
import type { Path, Properties } from "../../contract/index.ts";
import { eachSealed, isObject, segments, within } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import { nearest } from "../../nearest.ts";
import type { Problem } from "../../resources/index.ts";
import { validateProperties } from "../../resources/index.ts";
import { catalogFiles, catalogOf } from "../catalog-files.ts";
import type { Adapter } from "./adapter.ts";
import { fingerprintsOf } from "./fingerprint.ts";
import { commonArguments } from "./picture.ts";
import { targetFailures } from "./target-argument.ts";
import { isUnknown, sealUnknown, unknownPaths, withoutNulls } from "./unknown.ts";

const unknownCatalog = '"catalog" must be known when the program runs';

const failure = (property: string, what: string, hint?: string): dynamic.CheckFailure => ({
  property,
  reason: hint === undefined ? what : `${what}; ${hint}`,
});

/**
 * Paths of what is not among arguments because an import file must not hold it: `pulumi import` checks what it has just
 * recorded. A program never has fingerprints.
 */
const importedPaths = (olds: Properties, news: Properties): readonly Path[] =>
  equal(olds, news) ? Object.keys(fingerprintsOf(news)) : [];

const commonFailures = (adapter: Adapter, inputs: Properties, isImported: boolean): readonly dynamic.CheckFailure[] => {
  const failures: dynamic.CheckFailure[] = [];
  const known = [...adapter.fields, ...commonArguments];
  for (const name of Object.keys(inputs)) {
    if (known.includes(name) || (isImported && name === "fingerprints")) continue;
    failures.push(failure(name, `"${name}" is not an argument here`, nearest(name, known, "arguments are")));
  }
  for (const name of ["adopt", "overwriteDrift"]) {
    const value = inputs[name] ?? false;
    if (typeof value !== "boolean" && !isUnknown(value))
      failures.push(failure(name, `"${name}" must be true or false`));
  }
  return [...failures, ...targetFailures(inputs["target"])];
};

/** A problem in Pulumi's words. */
const toFailure = (adapter: Adapter, { path, message, hint }: Problem): dynamic.CheckFailure => {
  const property = adapter.argument(path);
  return failure(property, message.replace(`"${segments(path).join(".")}"`, `"${property}"`), hint);
};

/** Arguments without what stands for nothing. A resource keeps the name that it had; its class gives the first one. */
const completed = (adapter: Adapter, olds: Properties, news: Properties): Properties => {
  const inputs = withoutNulls(news);
  const { config, name, target } = inputs;
  return {
    ...inputs,
    ...(isObject(config) ? { config: withoutNulls(config) } : {}),
    ...(isObject(target) ? { target: withoutNulls(target) } : {}),
    ...(name === undefined && adapter.fields.includes("name") && typeof olds["name"] === "string"
      ? { name: olds["name"] }
      : {}),
  };
};

/** Checks the arguments by the catalog. Reads files only, and sends nothing. */
export const check = async (
  adapter: Adapter,
  dir: string,
  olds: Properties,
  news: Properties,
): Promise<dynamic.CheckResult> => {
  const given = completed(adapter, olds, news);
  const { inputs, problems: found = [] } = (await adapter.fill?.(given, dir)) ?? { inputs: given };
  const imported = importedPaths(olds, news);
  const failures = [...commonFailures(adapter, inputs, imported.length > 0)];
  let catalog = builtinCatalog();
  // Without it nothing else can be checked.
  if (unknownPaths(inputs["catalog"] ?? null).length > 0) {
    return { inputs, failures: [...failures, failure("catalog", unknownCatalog, "give plain texts")] };
  }
  try {
    catalog = catalogOf(catalogFiles(inputs), dir);
  } catch (error) {
    if (!(error instanceof DeployerError)) throw error;
    return { inputs, failures: [...failures, failure("catalog", error.message, error.hint)] };
  }
  if (adapter.fields.includes("name") && inputs["name"] === undefined) {
    failures.push(failure("name", '"name" is required'));
  }
  for (const { property, message, hint } of [...found, ...(adapter.problems?.(inputs) ?? [])]) {
    failures.push(failure(property, message, hint));
  }
  eachSealed(inputs, (path) => {
    const property = adapter.argument(path);
    failures.push(
      failure(property, `"${property}" is a reference of a manifest`, "give the secret as a Pulumi secret"),
    );
  });
  const properties = sealUnknown(adapter.properties(inputs)) as Properties;
  const problems = validateProperties(adapter.kind, catalog, "", properties, {
    clearSecrets: true,
    // The program may have marked any of it as secret; the marks do not come this far.
    hides: (path) => !adapter.isShown(path),
  });
  const named = new Set(failures.map(({ property }) => property));
  const open = problems.filter(
    ({ code, path }) => code !== "missing-field" || !imported.some((other) => within([path], other)),
  );
  const wrong = open.map((problem) => toFailure(adapter, problem)).filter(({ property }) => !named.has(property));
  return { inputs, failures: [...failures, ...wrong] };
};
