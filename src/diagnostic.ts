/** Every code that a diagnostic can carry, with its meaning. Codes are stable; tests match codes, not prose. */
export const diagnosticCodes = {
  "yaml-syntax": "the file is not valid YAML or JSON",
  "handlebars-syntax": "a Handlebars template cannot be read, or holds what is refused in it",
  "template-syntax": "a JSON template with blocks or expressions cannot be read, or holds what is refused in it",
  "duplicate-yaml-key": "a mapping has the same key twice",
  "alias-bomb": "YAML aliases expand to far more than the file holds",
  "custom-tag": "a YAML tag outside the core schema",
  "file-too-large": "the file is larger than 10 MB",
  "file-not-found": "a file that another file names does not exist",
  "path-outside-project": "a path leaves the project folder",
  "missing-field": "a required field is missing",
  "unknown-field": "a field that is not known here",
  "wrong-type": "a value has the wrong type",
  "leading-zeros": "digits with leading zeros were read as a number, which has none",
  "no-tenants": "a glob of tenant files matches no file",
  "no-connectors": "a file of connectors names none",
  "no-components": "a template gives no component",
  "replaced-by-expansion": "what a template gives is replaced by what the expansion itself adds",
  "invalid-value": "a value is not among those allowed",
  "unknown-variable": "a variable that nothing declares",
  "undeclared-variable": "a variable that exists but has to be declared in the manifest first",
  "parameter-without-value": "a declared parameter has no value for this tenant",
  "unknown-parameter": "a value is given for a parameter that the manifest does not declare",
  "unused-value": "a value is given that counts for nobody",
  "variable-not-scalar": "a list or mapping stands inside a longer string",
  "unquoted-variable": "an unquoted {{@ … @}} was read by YAML as a mapping",
  "duplicate-key": "two keys of one mapping become the same after expansion",
  "reference-not-resolved": "$ENV() or $SECRET() stands where it is plain text",
  "unknown-connector": "a tenant names a connector that the project does not have",
  "unknown-datatype": "a tenant names a datatype that the connector does not have",
  "unknown-parent": "a datatype names a parent that the manifest does not have",
  "datatype-without-template": "a datatype names no template, so that nothing of it is made",
  "unused-parameter": "no template uses a parameter that is declared, or that a value is given for",
  "unused-template": "a file among the templates that no manifest names",
  "hard-coded-url": "an address stands in a template that base_url stands for",
  "hard-coded-value": "a text stands in a template that a variable holds",
  "hard-coded-name": "the name of a system or datatype stands in an _id that a variable holds",
  "unknown-connector-type": "a component names a connector type that the catalog does not have",
  "unknown-connection-type": "a component names a connection type that the connector type does not have",
  "unknown-kind": "a component has a type that cannot be deployed",
  "unknown-target": "a tenant names a target that the project does not have",
  "unknown-wave": "a tenant's wave label is not one of the project's waves",
  "duplicate-tenant": "two tenant files have the same id",
  "duplicate-id": "two components have the same _id on one target",
  "duplicate-natural-key": "two components would be the same object on the target",
  "dangling-reference": "a component refers to an _id that does not exist",
  "reference-cycle": "components refer to each other in a circle",
  "invalid-schedule": "the schedule is not a five-field cron expression",
  "inexpressible-schedule": "five-field cron cannot say this interval",
  "invalid-dataset-name": "the API does not take this dataset name",
  "dataset-name-convention": "a pipe fills a dataset that is not called as the connector contract has it",
  "plain-secret": "a secret is written in clear",
  "missing-secret": "a secret is not declared or its source is empty",
  "missing-environment-variable": "an environment variable that the files name is not set",
  "environment-variable-not-allowed": "allow_env does not admit this environment variable",
  "command-in-tenant": "a tenant file may not run commands",
  "target-credential": "a tenant file may not read a target's own credentials",
  "ledger-in-ci": "the ledger is a file on a machine of CI, which is lost after the job",
  "invalid-tenant-not-selected": "a tenant that this run does not select is invalid",
} as const satisfies Record<string, string>;

export type DiagnosticCode = keyof typeof diagnosticCodes;

/** A place in a file. Lines and columns count from 1; columns are UTF-16 units. */
export type Location = {
  /** Relative to the project folder, with forward slashes. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** One past the last column on the same line; for the caret. */
  readonly endColumn?: number;
  /** The text of that line; shown with the caret, never for lines that hold secrets. */
  readonly text?: string;
};

/** One thing that a person has to look at in the files. Collected, not thrown. */
export type Diagnostic = {
  readonly code: DiagnosticCode;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** What to do, with the nearest known name where there is one. */
  readonly hint?: string;
  readonly location?: Location;
  readonly tenant?: string;
  /** `_id` of the component that it is about. */
  readonly component?: string;
};

export const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === "error");
