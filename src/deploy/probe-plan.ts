import type { Catalog, CatalogField } from "../catalog/index.ts";
import type { Json, Properties } from "../contract/index.ts";

/** What to make to see how a target behaves. */
export type ProbePlan = {
  readonly source: string;
  /** Everything that is required, but the name. */
  readonly required: Properties;
  /** A required field that reads show, with two more values for it: where it changed, a write has arrived. */
  readonly beacon: readonly [name: string, second: string, third: string];
  /** An optional field with a value that is not its default. */
  readonly spare: readonly [name: string, value: Json];
  readonly spareDefault: Json | undefined;
  /** Required and secret. */
  readonly secret: string;
};

const host = "connector-deployer-probe.invalid";

const valueFor = (field: CatalogField, random: string): Json => {
  if (field.secret === true) return field.subtype === "json" ? "{}" : random;
  if (field.subtype === "url") return `https://${host}`;
  if (field.subtype === "email") return `probe@${host}`;
  if (field.subtype === "json") return "{}";
  switch (field.type) {
    case "integer":
    case "number":
      return 1;
    case "boolean":
      return false;
    case "object":
      return {};
    case "array":
      return [];
    default:
      return "probe";
  }
};

const spareValue = (field: CatalogField): Json | undefined => {
  if (field.required || field.secret === true || field.derived_from !== undefined) return undefined;
  if (field.type === "integer" || field.type === "number")
    return typeof field.default === "number" ? field.default + 1 : 31;
  return field.type === "string" && field.subtype === undefined ? "probe" : undefined;
};

/** Connector types that are easiest to make a connection of, first. */
const preferred: readonly string[] = ["elasticsearch", "opensearch"];

/**
 * A connection of one of the connector types that a target offers, pointing nowhere (`.invalid` never resolves, RFC 2606).
 * Undefined where none of them has what is needed: a required secret, a required field that is shown, an optional one.
 */
export const probePlan = (catalog: Catalog, offered: readonly string[], random: string): ProbePlan | undefined => {
  const rank = (id: string): number => (preferred.includes(id) ? preferred.indexOf(id) : preferred.length);
  const types = [...offered]
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .flatMap((id) => catalog.get(id) ?? []);
  for (const type of types) {
    for (const { fields } of type.connections) {
      const secret = fields.find((field) => field.required && field.secret === true && field.type === "string");
      const beacon = fields.find(
        (field) => field.required && field.secret !== true && field.type === "string" && field.subtype !== "json",
      );
      const spare = fields.find((field) => spareValue(field) !== undefined);
      if (secret === undefined || beacon === undefined || spare === undefined) continue;
      const text = (number: number): string =>
        beacon.subtype === "url"
          ? `https://${number}.${host}`
          : `probe-${number}${beacon.subtype === "email" ? `@${host}` : ""}`;
      return {
        source: type.id,
        required: Object.fromEntries(
          fields.filter((field) => field.required).map((field) => [field.name, valueFor(field, random)]),
        ),
        beacon: [beacon.name, text(2), text(3)],
        spare: [spare.name, spareValue(spare) ?? null],
        spareDefault: spare.default,
        secret: secret.name,
      };
    }
  }
  return undefined;
};
