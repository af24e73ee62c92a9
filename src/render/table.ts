import { padded, textWidth } from "./width.ts";

/** Columns of printable cells, two spaces apart; `head` is the first row. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const widths = head.map((title, column) =>
    rows.reduce((widest, row) => Math.max(widest, textWidth(row[column] ?? "")), textWidth(title)),
  );
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
};
