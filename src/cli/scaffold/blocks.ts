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

const secretsOf = (connection: ConnectionType | undefined): readonly CatalogField[] =>
  (connection?.fields ?? []).filter((field) => field.required && field.secret === true);

const variableOf = (connector: string, field: CatalogField): string =>
  `EXAMPLE_${secretName(connector, field)}`.toUpperCase();

/** Environment variables that a new project reads. */
export const scaffoldVariables = (type: ConnectorType, connection: ConnectionType | undefined): readonly string[] => [
  "INFINO_ENDPOINT",
  "INFINO_ACCESS_KEY",
  "INFINO_SECRET_KEY",
  ...secretsOf(connection).map((field) => variableOf(type.id, field)),
];

/** A sentence of the catalog as a part of a sentence. */
const inPassing = (field: CatalogField): string => (field.description ?? field.label).replace(/\.$/, "");

/** Which files hold what a new project has to be told. */
const edits = (type: ConnectorType, address: CatalogField | undefined, ofTenant: readonly CatalogField[]) => {
  const named = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");
  return [
    `- \`connector-deployer.yaml\`: ${named(["vendor", ...(address === undefined ? [] : ["api_base_url"])])}`,
    `- \`tenants/example.yaml\`: ${named(["id", ...ofTenant.map(({ name }) => name)])}; a file like it for each tenant`,
    `- \`connectors/${type.id}\`: what is made for each of them`,
  ];
};

/** What a new project says of a connector type and one of its connection types, if it has any, from the catalog alone. */
export const scaffoldBlocks = (type: ConnectorType, connection: ConnectionType | undefined): Blocks => {
  const fields = connection?.fields ?? [];
  const required = fields.filter((field) => field.required);
  const secrets = secretsOf(connection);
  const open = required.filter((field) => field.secret !== true);
  const ofTenant = open.filter((field) => field.name !== multiTenantAddress);
  const address = open.find((field) => field.name === multiTenantAddress);
  const optional = fields.filter((field) => !field.required);
  const parameters = open.map((field) =>
    field === address
      ? `${field.name}: {} # from auth.api_base_url of the project`
      : `${field.name}: {}${remark(field)}`,
  );
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
        : [
            "secrets:",
            ...secrets.map((field) => `  ${secretName(type.id, field)}: { env: ${variableOf(type.id, field)} }`),
          ],
    README_SECRETS: secrets.map(
      (field) => `| \`${variableOf(type.id, field)}\` | ${inPassing(field)}, of the tenant \`example\` |`,
    ),
    README_EDITS: edits(type, address, ofTenant),
    README_SOURCE: connection === undefined ? [] : ["connector-deployer metadata CONNECTION INDEX-OR-TABLE"],
    WORKFLOW_SECRETS: secrets.map(
      (field) => `${variableOf(type.id, field)}: \${{ secrets.${variableOf(type.id, field)} }}`,
    ),
  };
};
