/** The first ten names, and how many more there are. */
export const some = (names: readonly string[]): string =>
  names.length <= 10 ? names.join(", ") : `${names.slice(0, 10).join(", ")} and ${names.length - 10} more`;
