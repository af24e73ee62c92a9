import type { Plan, RenderedItem } from "../contract/index.ts";
import { printable } from "./escape.ts";
import type { Style } from "./style.ts";
import { counted, listed } from "./words.ts";

const isPipe = ({ type }: RenderedItem): boolean => type === "pipe";

/** `3 pipes and 1 system`. */
const kinds = (items: readonly RenderedItem[]): string => {
  const pipes = items.filter(isPipe).length;
  const systems = items.length - pipes;
  return [...(pipes > 0 ? [counted(pipes, "pipe")] : []), ...(systems > 0 ? [counted(systems, "system")] : [])].join(
    " and ",
  );
};

/** How much of a plan is for a Sesam node, and where `detail` is set each of it. */
export const renderedLines = ({ rendered = [] }: Plan, style: Style, detail: boolean): string[] => {
  if (rendered.length === 0) return [];
  const tenants = [...new Set(rendered.map(({ tenant }) => tenant))];
  const where = tenants.length > 3 ? counted(tenants.length, "tenant") : listed(tenants.map(printable), 3);
  return [
    `${kinds(rendered)} (${where}): rendered, not deployed here`,
    ...(detail ? rendered.map(({ type, _id }) => style.dim(`  ${printable(type)} ${printable(_id)}`)) : []),
  ];
};
