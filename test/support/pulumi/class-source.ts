import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./dynamic-host.ts";

export type Member = { readonly name: string; readonly docstring: string };

/** What the text of a class's file says of it: its arguments with their docstrings, and its outputs. */
export type ClassSource = { readonly args: readonly Member[]; readonly outputs: readonly string[] };

const docstringOf = (node: ts.Node): string =>
  ts
    .getJSDocCommentsAndTags(node)
    .flatMap((found) => (ts.isJSDoc(found) ? [ts.getTextOfJSDocComment(found.comment) ?? ""] : []))
    .join(" ");

const membersOf = (node: ts.TypeNode): readonly Member[] => {
  if (ts.isIntersectionTypeNode(node)) return node.types.flatMap(membersOf);
  if (!ts.isTypeLiteralNode(node)) return [];
  return node.members.flatMap((member) =>
    ts.isPropertySignature(member) ? [{ name: member.name.getText(), docstring: docstringOf(member) }] : [],
  );
};

const parse = (file: string): ts.SourceFile => {
  const path = join(root, "src/pulumi", file);
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
};

/** Members that a type alias of a file names itself. */
export const typeMembers = (file: string, name: string): readonly Member[] => {
  const alias = parse(file).statements.find(
    (statement): statement is ts.TypeAliasDeclaration =>
      ts.isTypeAliasDeclaration(statement) && statement.name.text === name,
  );
  if (alias === undefined) throw new Error(`${file} has no type ${name}`);
  return membersOf(alias.type);
};

/** Fields that are declared without being emitted, and getters. Throws where a field would overwrite what the base set. */
const outputsOf = (declaration: ts.ClassDeclaration): readonly string[] =>
  declaration.members.flatMap((member) => {
    if (ts.isGetAccessorDeclaration(member)) return [member.name.getText()];
    if (!ts.isPropertyDeclaration(member)) return [];
    if (!(member.modifiers ?? []).some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) {
      throw new Error(`${member.name.getText()} is emitted: it would overwrite the output`);
    }
    return [member.name.getText()];
  });

export const classSource = (file: string, name: string): ClassSource => {
  const declaration = parse(file).statements.find(
    (statement): statement is ts.ClassDeclaration => ts.isClassDeclaration(statement) && statement.name?.text === name,
  );
  if (declaration === undefined) throw new Error(`${file} has no class ${name}`);
  return { args: typeMembers(file, `${name}Args`), outputs: outputsOf(declaration) };
};
