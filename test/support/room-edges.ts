import { dirname, join, normalize } from "node:path/posix";
import ts from "typescript";

/** How a file reaches another: at run time when loaded, at run time when asked, or only for the compiler. */
export type Edge = {
  readonly from: string;
  readonly to: string;
  readonly via: "value" | "lazy" | "type";
  readonly line: number;
};

/** The rooms that a room may reach, each way; `any`: every room. A room that may be loaded may also give types. */
export type Room = {
  readonly values: readonly string[];
  readonly lazy?: readonly string[];
  readonly types: readonly string[] | "any";
  /** Doors beside `index.ts`, for what must not load what that does. */
  readonly doors?: readonly string[];
};

/** All relative imports of a file, whose path is relative to `src`. */
export const edgesOf = (file: string, text: string): readonly Edge[] => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const edges: Edge[] = [];
  const add = (specifier: ts.Node | undefined, via: Edge["via"], node: ts.Node): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier) || !specifier.text.startsWith(".")) return;
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    edges.push({ from: file, to: normalize(join(dirname(file), specifier.text)), via, line });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      // Under verbatimModuleSyntax only `import type` is dropped; `import { type X }` still loads the file.
      const phase = node.importClause?.phaseModifier;
      add(node.moduleSpecifier, phase === ts.SyntaxKind.TypeKeyword ? "type" : "value", node);
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? "type" : "value", node);
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, "type", node);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], "lazy", node);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return edges;
};

const roomOf = (path: string): string | undefined =>
  path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;

const mayReach = (room: Room, to: string, via: Edge["via"]): boolean => {
  if (room.values.includes(to)) return true;
  if (via === "lazy") return room.lazy?.includes(to) ?? false;
  return via === "type" && (room.types === "any" || room.types.includes(to) || (room.lazy?.includes(to) ?? false));
};

const isDoor = (room: Room | undefined, file: string): boolean =>
  file === "index.ts" || room?.doors?.includes(file) === true;

/** Every import that the table does not allow, as `file:line what`. Files are texts by path relative to `src`. */
export const violations = (
  files: ReadonlyMap<string, string>,
  rooms: Readonly<Record<string, Room>>,
): readonly string[] => {
  const found: string[] = [];
  for (const [file, text] of files) {
    const home = roomOf(file);
    const room = home === undefined ? undefined : rooms[home];
    if (home !== undefined && room === undefined) found.push(`${file}: ${home} is not a room of the table`);
    for (const { to, via, line } of edgesOf(file, text)) {
      const target = roomOf(to);
      const say = (what: string): number => found.push(`${file}:${line} ${what}`);
      if (to.startsWith("../")) say(`leaves src: ${to}`);
      else if (target === home || target === undefined) continue;
      else if (home === undefined) say(`stands beside the rooms and imports ${to}`);
      else if (!isDoor(rooms[target], to.slice(target.length + 1))) say(`bypasses the door of ${target}: ${to}`);
      else if (room !== undefined && !mayReach(room, target, via)) say(`${home} may not take a ${via} from ${target}`);
    }
  }
  return found;
};
