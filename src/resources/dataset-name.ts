/** What the API takes in a path. */
export const datasetNamePattern = "^[a-z0-9][a-z0-9._-]*$";

/** First path segments of the API that a dataset name would hide. */
export const reservedDatasetNames: readonly string[] = [
  "_connectors",
  "fino",
  "import",
  "metadata",
  "promql",
  "role",
  "roles",
  "source",
  "sources",
  "sql",
  "user",
  "users",
];

/** What is wrong with a dataset name, or undefined. */
export const datasetNameProblem = (name: string): { message: string; hint: string } | undefined => {
  if (!new RegExp(datasetNamePattern).test(name)) {
    return {
      message: `the API does not take the dataset name ${JSON.stringify(name)}`,
      hint: "start with a lower-case letter or digit, then use lower-case letters, digits, '.', '_' and '-'",
    };
  }
  if (reservedDatasetNames.includes(name)) {
    return { message: `the dataset name "${name}" is a path word of the API`, hint: "choose another name" };
  }
  return undefined;
};
