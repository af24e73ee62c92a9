import { closest, distance } from "fastest-levenshtein";

const hasSameLetters = (a: string, b: string): boolean => [...a].sort().join("") === [...b].sort().join("");

/** Nobody mistypes a longer one, and comparing takes the time of both lengths. */
const longestName = 1000;

/** The known name that was probably meant, or undefined where none is near. */
export const nearestName = (name: string, known: readonly string[]): string | undefined => {
  if (known.length === 0 || name.length > longestName) return undefined;
  const best = closest(name, known);
  // Two letters that changed places count as two edits.
  const near = hasSameLetters(name, best) ? 2 : 1;
  return distance(name, best) <= Math.max(near, Math.floor(Math.max(name.length, best.length) / 3)) ? best : undefined;
};

/** A hint: `did you mean "x"?`, else the known names after `otherwise`. */
export const nearest = (name: string, known: readonly string[], otherwise = "known are"): string => {
  const best = nearestName(name, known);
  if (best !== undefined) return `did you mean "${best}"?`;
  return known.length === 0 ? "none is known here" : `${otherwise}: ${[...known].sort().slice(0, 20).join(", ")}`;
};
