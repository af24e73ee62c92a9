import type { Json, Piece, Properties } from "../../contract/index.ts";
import { isObject, joinPath } from "../../contract/index.ts";
import type { DiagnosticCode } from "../../diagnostic.ts";
import { nearest } from "../../nearest.ts";
import type { ManifestContent } from "../schemas/manifest.ts";
import { referencing } from "./references.ts";
import type { Spot, Value } from "./scope.ts";

/** What a connector's files say about variables. */
export type Declarations = {
  readonly connector: string;
  readonly manifest: ManifestContent;
  /** The multi-tenant configuration. */
  readonly auth: { readonly api_base_url?: string; readonly access_token_url?: string };
  readonly parameter_values: Properties;
  /** Places of values in the manifest, and below this connector in the project and environment files. */
  readonly manifestSpot: (path: string) => Spot;
  readonly projectSpot: (path: string) => Spot;
};

/** What one tenant gives to one connector. */
export type Given = {
  readonly system: Value;
  readonly account_id: Value | undefined;
  readonly is_fullsync: boolean | { readonly [datatype: string]: boolean };
  readonly service_url: Value | undefined;
  readonly parameter_values: Properties;
  readonly datatypes: { readonly [name: string]: boolean | { readonly parameter_values: Properties } };
  readonly set: Properties;
};

export type Resolve = (given: Given) => Value | undefined;

export type Binding =
  | { readonly resolve: Resolve }
  | {
      readonly code: DiagnosticCode;
      readonly message: string;
      readonly hint: string;
      /** Other datatypes of the manifest have it. */
      readonly isElsewhere?: boolean;
    };

const own = <T>(record: { readonly [key: string]: T }, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

const textOf = (json: Json): string | undefined =>
  typeof json === "string" ? json : typeof json === "number" || typeof json === "boolean" ? String(json) : undefined;

/** A value in which nothing counts: not even what looks like a reference. */
export const plainValue = (json: Json, from: string, tenantPath?: string): Value => ({
  json,
  text: textOf(json),
  pieces: undefined,
  make: undefined,
  from,
  spot: undefined,
  tenantPath,
});

/** A value of a file that the vendor writes: references in it count. */
export const trustedValue = (content: unknown, from: string, spot: Spot): Value => {
  const { json, pieces, make } = referencing(content as Json, spot);
  const text = make === undefined ? textOf(json) : undefined;
  const own = (): Spot => spot;
  return { json, text, pieces: pieces as readonly Piece[] | undefined, make, from, spot: own, tenantPath: undefined };
};

const alwaysThere = ["system", "datatype", "account_id", "is_fullsync"] as const;
const declaredFirst = ["base_url", "token_url", "service_url"] as const;

export const webhookVariable = (connector: string): string => `${connector}_webhook_dataset`;

const datatypeParameters = ({ manifest }: Declarations, datatype: string | undefined): Properties =>
  datatype === undefined ? {} : ((own(manifest.datatypes, datatype)?.parameters ?? {}) as Properties);

/** Names of the parameters that templates of a datatype (or the system template) may use, and that values may be given for. */
export const declaredParameters = (declarations: Declarations, datatype: string | undefined): readonly string[] => {
  const { manifest, auth } = declarations;
  const names = new Set([
    ...Object.keys(manifest.additional_parameters),
    ...Object.keys(datatypeParameters(declarations, datatype)),
  ]);
  if (auth.access_token_url !== undefined || manifest.oauth2?.token_url !== undefined) names.add("token_url");
  for (const name of [...alwaysThere, "parent"]) names.delete(name);
  return [...names];
};

/** All names of parameters of a connector, of whatever datatype. */
export const allParameters = (declarations: Declarations): readonly string[] => [
  ...new Set(
    [undefined, ...Object.keys(declarations.manifest.datatypes)].flatMap((datatype) =>
      declaredParameters(declarations, datatype),
    ),
  ),
];

const fromAuth = (declarations: Declarations, name: string): Value | undefined => {
  const { auth, manifest, projectSpot, manifestSpot, connector } = declarations;
  if (name === "base_url" && auth.api_base_url !== undefined) {
    return trustedValue(auth.api_base_url, "multi-tenant auth.api_base_url", projectSpot("/auth/api_base_url"));
  }
  if (name === "token_url" && auth.access_token_url !== undefined) {
    const spot = projectSpot("/auth/access_token_url");
    return trustedValue(auth.access_token_url, "multi-tenant auth.access_token_url", spot);
  }
  if (name === "token_url" && manifest.oauth2?.token_url !== undefined) {
    return trustedValue(manifest.oauth2.token_url, "manifest oauth2.token_url", manifestSpot("/oauth2/token_url"));
  }
  if (name === webhookVariable(connector)) {
    const declaration = manifestSpot(joinPath("/additional_parameters", name));
    return trustedValue(`$ENV(${name})`, "the environment variable of the same name", declaration);
  }
  return undefined;
};

/** What a parameter is where the tenant says nothing; `service_url` comes from the tenant's target. */
export const sharedValue = (
  declarations: Declarations,
  datatype: string | undefined,
  name: string,
): Value | undefined => {
  const { manifest, parameter_values, projectSpot, manifestSpot } = declarations;
  if (Object.hasOwn(parameter_values, name)) {
    const spot = projectSpot(joinPath("/parameter_values", name));
    return trustedValue(parameter_values[name], "multi-tenant parameter_values", spot);
  }
  const builtIn = fromAuth(declarations, name);
  if (builtIn !== undefined) return builtIn;
  const parameters = datatypeParameters(declarations, datatype);
  if (datatype !== undefined && Object.hasOwn(parameters, name)) {
    const path = joinPath(`${joinPath("/datatypes", datatype)}/parameters`, name);
    return trustedValue(parameters[name], "parameters of the datatype", manifestSpot(path));
  }
  const parameter = own(manifest.additional_parameters, name);
  if (isObject(parameter) && Object.hasOwn(parameter, "default")) {
    const path = `${joinPath("/additional_parameters", name)}/default`;
    return trustedValue(parameter["default"], "default in additional_parameters", manifestSpot(path));
  }
  return undefined;
};

/** Declared parameters that have no value unless a tenant gives one. */
export const valuelessParameters = (declarations: Declarations): readonly string[] =>
  declaredParameters(declarations, undefined).filter(
    (name) => name !== "service_url" && sharedValue(declarations, undefined, name) === undefined,
  );

const parameterResolver = (declarations: Declarations, datatype: string | undefined, name: string): Resolve => {
  const shared = sharedValue(declarations, datatype, name);
  const connectorPath = joinPath("/connectors", declarations.connector);
  const tenantPath = joinPath(`${connectorPath}/parameter_values`, name);
  const datatypePath = joinPath(`${joinPath(`${connectorPath}/datatypes`, datatype ?? "")}/parameter_values`, name);
  const projectGives = Object.hasOwn(declarations.parameter_values, name);
  return (given) => {
    if (Object.hasOwn(given.set, name)) return plainValue(given.set[name] ?? null, "--set");
    if (datatype !== undefined && Object.hasOwn(given.datatypes, datatype)) {
      const own = given.datatypes[datatype];
      if (typeof own === "object" && Object.hasOwn(own.parameter_values, name)) {
        return plainValue(own.parameter_values[name] ?? null, "tenant parameter_values of the datatype", datatypePath);
      }
    }
    if (Object.hasOwn(given.parameter_values, name)) {
      return plainValue(given.parameter_values[name] ?? null, "tenant parameter_values", tenantPath);
    }
    return name === "service_url" && !projectGives ? (given.service_url ?? shared) : shared;
  };
};

const fullsyncResolver = ({ connector }: Declarations, datatype: string): Resolve => {
  const path = `${joinPath("/connectors", connector)}/auth/is_fullsync`;
  const inner = joinPath(path, datatype);
  const off = plainValue(false, "default of is_fullsync");
  return ({ is_fullsync }) => {
    if (typeof is_fullsync === "boolean") return is_fullsync ? plainValue(true, "tenant auth.is_fullsync", path) : off;
    if (!Object.hasOwn(is_fullsync, datatype)) return off;
    return plainValue(is_fullsync[datatype] ?? false, "tenant auth.is_fullsync", inner);
  };
};

const undeclared = (declarations: Declarations, datatype: string | undefined, name: string): Binding => {
  if (name === "datatype" || name === "is_fullsync" || name === "parent") {
    const message = `the variable "${name}" is there in templates of datatypes only`;
    return { code: "unknown-variable", message, hint: "take it out of the system template" };
  }
  if (declaredFirst.some((known) => known === name) || name === webhookVariable(declarations.connector)) {
    const message = `the variable "${name}" is not declared by the connector ${declarations.connector}`;
    return { code: "undeclared-variable", message, hint: `add ${name}: {} to additional_parameters of its manifest` };
  }
  const elsewhere = Object.keys(declarations.manifest.datatypes).find((other) =>
    Object.hasOwn(datatypeParameters(declarations, other), name),
  );
  if (elsewhere !== undefined) {
    const here = datatype === undefined ? "the system template" : `the datatype ${datatype}`;
    const message = `the variable "${name}" is a parameter of the datatype ${elsewhere}, not of ${here}`;
    return {
      code: "undeclared-variable",
      message,
      hint: `add it to additional_parameters, or to parameters of ${here}`,
      isElsewhere: true,
    };
  }
  const known = [
    "system",
    "account_id",
    ...(datatype === undefined ? [] : ["datatype", "is_fullsync", "parent"]),
    ...declaredParameters(declarations, datatype),
    ...declaredFirst,
  ];
  const hint = `${nearest(name, known, "known here are")} (or declare it in additional_parameters of the manifest)`;
  return { code: "unknown-variable", message: `nothing declares the variable "${name}"`, hint };
};

/** How a variable of a template gets its value, in a datatype or (without one) in the system template. */
export const bind = (declarations: Declarations, datatype: string | undefined, name: string): Binding => {
  if (name === "system") return { resolve: (given) => given.system };
  if (name === "account_id") return { resolve: (given) => given.account_id };
  if (datatype !== undefined) {
    if (name === "datatype") {
      const value = plainValue(datatype, "key under datatypes");
      return { resolve: () => value };
    }
    if (name === "is_fullsync") return { resolve: fullsyncResolver(declarations, datatype) };
    if (name === "parent") {
      const parent = own(declarations.manifest.datatypes, datatype)?.parent;
      if (parent === undefined) {
        const message = `the datatype ${datatype} has no parent`;
        return {
          code: "undeclared-variable",
          message,
          hint: `add parent: to datatypes.${datatype} of the manifest`,
          isElsewhere: true,
        };
      }
      const path = `${joinPath("/datatypes", datatype)}/parent`;
      const value = { ...plainValue(parent, "parent of the datatype"), spot: () => declarations.manifestSpot(path) };
      return { resolve: () => value };
    }
  }
  if (!declaredParameters(declarations, datatype).includes(name)) return undeclared(declarations, datatype, name);
  return { resolve: parameterResolver(declarations, datatype, name) };
};
