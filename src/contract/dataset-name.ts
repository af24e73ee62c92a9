const pattern = /^[a-z0-9][a-z0-9._-]*$/;

/** File systems and path segments end here. */
const longest = 255;

/** First path segments of the API, which a dataset of that name would hide. */
export const reservedDatasetNames: readonly string[] = [
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

/** What keeps the API from taking a dataset name, and what to do; undefined: nothing. */
export const datasetNameProblem = (name: string): { readonly message: string; readonly hint: string } | undefined => {
  if (name.length > longest) {
    return {
      message: `a dataset name of ${name.length} characters is too long`,
      hint: `use at most ${longest} characters`,
    };
  }
  if (!pattern.test(name)) {
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
