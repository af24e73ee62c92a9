import type { Json, Path } from "../../contract/index.ts";
import { joinPath } from "../../contract/index.ts";
import type { Spot, Value } from "../expand/scope.ts";
import type { Binding, Declarations } from "../expand/variables.ts";
import { bind } from "../expand/variables.ts";
import { textOf } from "./python-text.ts";

type Place = () => Spot;

/** A value as Sesam's client takes it: nothing in it counts, and a number in a text is spelled as in its file. */
const sesamValue = (json: Json, from: string, place?: Place): Value => {
  const spot = typeof json === "number" ? place?.() : undefined;
  const text = textOf(json, spot?.source.text.slice(spot.start, spot.end));
  return { json, text, pieces: undefined, make: undefined, from, spot: place, tenantPath: undefined };
};

/** What stands for a value that each environment gives. */
export const placeholder = (name: string): Value =>
  sesamValue(`$ENV(${name})`, "the environment variable of the same name");

const given = (
  declarations: Declarations,
  datatype: string | undefined,
  name: string,
  system: string,
): Value | undefined => {
  const { manifest, manifestSpot } = declarations;
  const at =
    (path: Path): Place =>
    () =>
      manifestSpot(path);
  const keys =
    datatype !== undefined && Object.hasOwn(manifest.datatypes, datatype) ? manifest.datatypes[datatype] : undefined;
  if (datatype !== undefined && keys !== undefined) {
    const path = joinPath("/datatypes", datatype);
    if (name === "datatype") return sesamValue(datatype, "key under datatypes");
    if (name === "parent" && keys.parent !== undefined) {
      return sesamValue(keys.parent, "parent of the datatype", at(`${path}/parent`));
    }
    if (Object.hasOwn(keys.parameters, name)) {
      const json = keys.parameters[name] as Json;
      return sesamValue(json, "parameters of the datatype", at(joinPath(`${path}/parameters`, name)));
    }
  }
  if (Object.hasOwn(manifest.additional_parameters, name)) return placeholder(name);
  if (name === "system") return sesamValue(system, "placeholder of the system");
  if (name === "account_id") return placeholder(name);
  if (name === "is_fullsync" && keys !== undefined) return sesamValue(false, "default of is_fullsync");
  if (name === "token_url" && manifest.oauth2?.token_url !== undefined) {
    return sesamValue(manifest.oauth2.token_url, "manifest oauth2.token_url", at("/oauth2/token_url"));
  }
  return undefined;
};

/**
 * How the names of a template get their values in a development expansion, in a datatype or (without one) in the system
 * template: the values of the manifest, and placeholders for what tenants and environments give.
 */
export const developmentBinding = (
  declarations: Declarations,
  datatype: string | undefined,
  system: string,
): ((name: string) => Binding) => {
  const known = new Map<string, Binding>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const value = given(declarations, datatype, name, system);
    const binding = value === undefined ? bind(declarations, datatype, name) : { resolve: () => value };
    known.set(name, binding);
    return binding;
  };
};
