import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { Json } from "../../contract/index.ts";
import { folded } from "./columns.ts";
import type { Column, TextRows } from "./types.ts";

/** Rows of a group from which DuckDB writes them to its file at once, instead of to its log first. */
const fullRows = 122_880;
const fullBytes = 64 * 1024 * 1024;

/** What is known of a page beside its lines. */
type Page = Omit<TextRows, "lines"> & {
  readonly cursor: Json;
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
  /** Rows of all pages that are not removed. */
  readonly rows: number;
  /** Whether a page may stand in one file with those that no group has. */
  fits(text: TextRows): boolean;
  /** Whether these are enough for a group. */
  isFull(): boolean;
  /** Keeps a page; `before` is the cursor of the one before it. */
  add(text: TextRows, cursor: Json, before: Json | undefined): Promise<void>;
  /** The pages that no group has yet; undefined: there are none. Later ones go to another file. */
  group(): PageGroup | undefined;
};

export const pagesFolder = (base: string, owner: string): string =>
  join(base, createHash("sha256").update(owner).digest("hex").slice(0, 32));

/** `folder` is empty, or not there. */
export const holdPages = (folder: string): HeldPages => {
  let number = 0;
  let pages: Page[] = [];
  let rows = 0;
  const columns = new Map<string, Column>();
  return {
    get rows() {
      return rows;
    },
    fits: (text) =>
      text.columns.every(({ name, type }) => {
        const known = columns.get(folded(name));
        return known === undefined || (known.name === name && known.type === type);
      }),
    isFull: () => sum(pages, "count") >= fullRows || sum(pages, "length") >= fullBytes,
    add: async ({ lines, ...known }, cursor, before) => {
      const page: Page = { ...known, cursor, length: lines.length };
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { data, list } = paths(folder, number);
      await append(data, lines);
      const head = pages.length === 0 ? `${cursorText(before)}\n` : "";
      await append(list, `${head}${JSON.stringify(page)}\n`);
      pages.push(page);
      rows += page.count;
      for (const column of page.columns) columns.set(folded(column.name), column);
    },
    group: () => {
      const group = groupOf(folder, number, pages, () => {
        rows -= group?.count ?? 0;
      });
      number += 1;
      pages = [];
      columns.clear();
      return group;
    },
  };
};

/** What another process left in the folder, after the rows that the database has; they end at `cursor`. */
export const leftGroups = async (folder: string, cursor: Json | undefined): Promise<readonly PageGroup[]> => {
  const files = await readdir(folder).catch(() => []);
  const numbers = files.filter((name) => name.endsWith(".pages")).map((name) => Number.parseInt(name, 10));
  const groups: PageGroup[] = [];
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
    await truncate(data, length);
    const group = groupOf(folder, number, pages);
    if (group === undefined) break;
    groups.push(group);
    reached = cursorText(group.cursor);
  }
  return groups;
};

const groupOf = (
  folder: string,
  number: number,
  pages: readonly Page[],
  removed = (): void => undefined,
): PageGroup | undefined => {
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
      removed();
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
