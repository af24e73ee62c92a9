/**
 * True for what is expanded and checked for a Sesam node, and deployed to no target of ours: pipes and systems. References in
 * them are the node's.
 */
export const isRendered = (type: string): boolean => type === "pipe" || type.startsWith("system:");
