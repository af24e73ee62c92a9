import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "../../contract/index.ts";
import { folded } from "./columns.ts";
import type { Column, TextRows } from "./types.ts";

/**
 * Rows that DuckDB writes to its file at once, instead of to its log first; what is left over would make it write all of
 * them again when it cleans up.
 */
const fullRows = 122_880;
const fullBytes = 64 * 1024 * 1024;

/** What is known of a page beside its lines. */
type Page = Pick<TextRows, "longest" | "columns" | "count"> & {
  readonly cursor: Json;
  /** The first lines of a page, whose others stand in the next file; its cursor is that of the page before. */
  readonly isPart?: true;
  /** Bytes of its lines. */
  readonly length: number;
};

/** Pages whose lines stand in one file. */
export type PageGroup = {
  readonly path: string;
  readonly columns: readonly Column[];
  readonly longest: number;
  readonly count: number;
  /** Where to go on after its last page. */
  readonly cursor: Json;
  /** When the database has its rows. */
  remove(): Promise<void>;
};

/** Pages on their way to the database, in files that outlive the process. */
export type HeldPages = {
  /** Whether a page may stand in one file with those that no group has. */
  fits(text: TextRows): boolean;
  /** Keeps a page; `before` is the cursor of the one before it. Gives a group, if there are enough pages for one now. */
  add(text: TextRows, cursor: Json, before: Json | undefined): Promise<PageGroup | undefined>;
  /** The pages that no group has yet; undefined: there are none. Later ones go to another file. */
  group(): PageGroup | undefined;
};

export const pagesFolder = (base: string, owner: string): string => join(base, folderName(owner));

const folderName = (owner: string): string => createHash("sha256").update(owner).digest("hex").slice(0, 32);

/** Removes the pages of all but these owners. */
export const sweepPages = (base: string, owners: Iterable<string>): void => {
  if (!existsSync(base)) return;
  const known = new Set(Array.from(owners, folderName));
  for (const name of readdirSync(base)) {
    if (!known.has(name)) rmSync(join(base, name), { recursive: true, force: true });
  }
};

/** `folder` is empty, or not there. */
export const holdPages = (folder: string): HeldPages => {
  let number = 0;
  let pages: Page[] = [];
  const columns = new Map<string, Column>();
  const keep = async (page: Page, lines: Uint8Array, before: Json | undefined): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { data, list } = paths(folder, number);
    await append(data, lines);
    const head = pages.length === 0 ? `${cursorText(before)}\n` : "";
    await append(list, `${head}${JSON.stringify(page)}\n`);
    pages.push(page);
    for (const column of page.columns) columns.set(folded(column.name), column);
  };
  const group = (): PageGroup | undefined => {
    const made = groupOf(folder, number, pages);
    number += 1;
    pages = [];
    columns.clear();
    return made;
  };
  return {
    fits: (text) =>
      text.columns.every(({ name, type }) => {
        const known = columns.get(folded(name));
        return known === undefined || (known.name === name && known.type === type);
      }),
    add: async ({ lines, count, ...known }, cursor, before) => {
      const shape = { longest: known.longest, columns: known.columns };
      const room = fullRows - sum(pages, "count");
      const cut = count > room && before !== undefined ? endOfLine(lines, room) : lines.length;
      if (cut < lines.length && before !== undefined) {
        await keep(
          { ...shape, count: room, cursor: before, length: cut, isPart: true },
          lines.subarray(0, cut),
          before,
        );
        const full = group();
        const rest = { ...shape, count: count - room, cursor, length: lines.length - cut };
        await keep(rest, lines.subarray(cut), before);
        return full;
      }
      await keep({ ...shape, count, cursor, length: lines.length }, lines, before);
      return sum(pages, "count") >= fullRows || sum(pages, "length") >= fullBytes ? group() : undefined;
    },
    group,
  };
};

/** The place after so many lines. */
const endOfLine = (lines: Uint8Array, count: number): number => {
  const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.length);
  let place = 0;
  for (let line = 0; line < count; line++) place = bytes.indexOf(0x0a, place) + 1;
  return place;
};

/** What another process left in the folder, after the rows that the database has; they end at `cursor`. */
export const leftGroups = async (folder: string, cursor: Json | undefined): Promise<readonly PageGroup[]> => {
  const files = await readdir(folder).catch(() => []);
  const numbers = files.filter((name) => name.endsWith(".pages")).map((name) => Number.parseInt(name, 10));
  const left: { readonly number: number; readonly pages: Page[] }[] = [];
  let reached = cursorText(cursor);
  for (const number of numbers.sort((a, b) => a - b)) {
    const { data, list } = paths(folder, number);
    const [before, ...lines] = (await readFile(list, "utf8")).split("\n");
    // The database has got it, and the process ended before it was removed.
    if (before !== reached) continue;
    const { size } = await stat(data);
    const pages: Page[] = [];
    let length = 0;
    for (const line of lines) {
      const page = pageOf(line);
      if (page === undefined || length + page.length > size) break;
      length += page.length;
      pages.push(page);
    }
    const last = pages.at(-1);
    if (last === undefined) break;
    left.push({ number, pages });
    reached = cursorText(last.cursor);
  }
  const end = left.at(-1)?.pages;
  // The process ended before the rest of the page was written; it will be read again.
  if (end?.at(-1)?.isPart === true) end.pop();
  for (const { number, pages } of left) await truncate(paths(folder, number).data, sum(pages, "length"));
  return left.flatMap(({ number, pages }) => groupOf(folder, number, pages) ?? []);
};

const groupOf = (folder: string, number: number, pages: readonly Page[]): PageGroup | undefined => {
  const last = pages.at(-1);
  if (last === undefined) return undefined;
  const { data, list } = paths(folder, number);
  const columns = new Map(pages.flatMap((page) => page.columns.map((column) => [column.name, column])));
  return {
    path: data,
    columns: [...columns.values()],
    longest: Math.max(...pages.map(({ longest }) => longest)),
    count: sum(pages, "count"),
    cursor: last.cursor,
    remove: async () => {
      await rm(list, { force: true });
      await rm(data, { force: true });
    },
  };
};

/** A line may have been cut when the machine stopped. */
const pageOf = (line: string): Page | undefined => {
  try {
    return JSON.parse(line) as Page;
  } catch {
    return undefined;
  }
};

const cursorText = (cursor: Json | undefined): string => JSON.stringify(cursor ?? null);

const sum = (pages: readonly Page[], member: "count" | "length"): number =>
  pages.reduce((total, page) => total + page[member], 0);

const paths = (folder: string, number: number): { readonly data: string; readonly list: string } => ({
  data: join(folder, `${number}.jsonl`),
  list: join(folder, `${number}.pages`),
});

/** On the disk when it ends. */
const append = async (path: string, content: string | Uint8Array): Promise<void> => {
  const file = await open(path, "a", 0o600);
  try {
    await file.writeFile(content);
    await file.datasync();
  } finally {
    await file.close();
  }
};
