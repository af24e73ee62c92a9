import type { CatalogField, ConnectionType, ConnectorType } from "../../catalog/index.ts";

/** Lines of YAML that depend on the connector type, by the name of the place that they go to. */
export type Blocks = Readonly<Record<string, readonly string[]>>;

const multiTenantAddress = "base_url";

const yamlScalar = (value: unknown): string => JSON.stringify(value);

const sample = (field: CatalogField): string => {
  if (field.default !== undefined) return yamlScalar(field.default);
  switch (field.type) {
    case "string":
      return yamlScalar(field.placeholder ?? "example");
    case "integer":
    case "number":
      return /^\d+$/.test(field.placeholder ?? "") ? (field.placeholder ?? "1") : "1";
    case "boolean":
      return "false";
    case "object":
      return "{}";
    case "array":
      return "[]";
    default:
      return field.type satisfies never;
  }
};

const remark = (field: CatalogField): string => (field.description === undefined ? "" : ` # ${field.description}`);

const secretName = (connector: string, field: CatalogField): string =>
  `${connector}_${field.name}`.replaceAll("-", "_");

/** What a new project says of a connector type and one of its connection types, if it has any, from the catalog alone. */
export const scaffoldBlocks = (type: ConnectorType, connection: ConnectionType | undefined): Blocks => {
  const fields = connection?.fields ?? [];
  const required = fields.filter((field) => field.required);
  const secrets = required.filter((field) => field.secret === true);
  const open = required.filter((field) => field.secret !== true);
  const ofTenant = open.filter((field) => field.name !== multiTenantAddress);
  const address = open.find((field) => field.name === multiTenantAddress);
  const optional = fields.filter((field) => !field.required);
  const parameters = open.map((field) =>
    field === address
      ? `${field.name}: {} # from auth.api_base_url of the project`
      : `${field.name}: {}${remark(field)}`,
  );
  const variableOf = (field: CatalogField): string => `EXAMPLE_${secretName(type.id, field)}`.toUpperCase();
  return {
    PARAMETERS: parameters,
    PARAMETERS_BLOCK:
      parameters.length === 0 ? [] : ["additional_parameters:", ...parameters.map((line) => `  ${line}`), ""],
    MULTI_TENANT: address === undefined ? [] : [`auth: { api_base_url: ${sample(address)} }`],
    CONFIG: [
      ...required.map((field) =>
        field.secret === true
          ? `${field.name}: $SECRET(${secretName(type.id, field)})`
          : `${field.name}: <<@ ${field.name} @>>`,
      ),
      ...optional.map((field) =>
        field.secret === true
          ? `# ${field.name}: $SECRET(${secretName(type.id, field)})${remark(field)}`
          : `# ${field.name}: ${sample(field)}${remark(field)}`,
      ),
    ],
    VALUES:
      ofTenant.length === 0
        ? ["parameter_values: {}"]
        : ["parameter_values:", ...ofTenant.map((field) => `  ${field.name}: ${sample(field)}${remark(field)}`)],
    SECRETS:
      secrets.length === 0
        ? []
        : ["secrets:", ...secrets.map((field) => `  ${secretName(type.id, field)}: { env: ${variableOf(field)} }`)],
    WORKFLOW_SECRETS: secrets.map((field) => `${variableOf(field)}: \${{ secrets.${variableOf(field)} }}`),
  };
};
