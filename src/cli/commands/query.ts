import type { QueryReport } from "../../deploy/index.ts";
import { queryItems, renderQuery, renderShortage, wholeQuery } from "../../render/index.ts";
import { defineCommand } from "../command.ts";
import { filled, single, toggle, usage } from "../flag.ts";
import type { Printable } from "../output.ts";
import { readQuery } from "../read-query.ts";
import type { Session } from "../session.ts";
import { project, reporting } from "../shared-flags.ts";
import { withProject } from "../with-project.ts";

/** What stands before the query, by what is asked. */
const places = { source: ["CONNECTION", "DATASET"], dsl: ["DATASET"], sql: [] } as const;

const forms =
  "query CONNECTION DATASET QUERY asks a source; query --sql QUERY and query --dsl DATASET QUERY ask datasets of the target";

/** Splits the words into places and the query, which a file may hold. Throws `usage`. */
const read = (words: readonly string[], asked: keyof typeof places, hasFile: boolean) => {
  const wanted = places[asked];
  const missing = wanted[words.length];
  const last = words.at(-1) ?? "";
  if (asked === "source" && !hasFile && words.length <= wanted.length) {
    const [name = ""] = words.length > 1 ? words : ["DATASET"];
    if (/^\s*\{/.test(last)) {
      throw usage(
        `${missing ?? "DATASET"} is missing before the query`,
        `a dataset of the target is asked with: query --dsl ${name} QUERY; ${forms}`,
      );
    }
    if (/^\s*(?:select|with)\s/i.test(last)) {
      throw usage(
        `${missing ?? "DATASET"} is missing before the query`,
        `datasets of the target are asked with: query --sql QUERY; ${forms}`,
      );
    }
  }
  if (missing !== undefined) throw usage(`${missing} is missing`, forms);
  if (words.length > wanted.length + (hasFile ? 0 : 1)) {
    throw usage(`${JSON.stringify(words.at(-1))} is one word too many`, `quote the query; ${forms}`);
  }
  return { place: words.slice(0, wanted.length), query: words[wanted.length] };
};

const printable = (report: QueryReport): Printable => ({
  document: report,
  items: queryItems(report),
  text: ({ columns }) => renderQuery(report, { columns }),
});

async function* itemsOf(parts: AsyncIterable<QueryReport>): AsyncGenerator<readonly unknown[]> {
  for await (const part of parts) yield queryItems(part);
}

/** A row a line as they come; the other formats are one document. */
const printAll = async ({ output }: Session, parts: AsyncIterable<QueryReport>): Promise<void> => {
  if (output.format === "jsonl") return output.printItems(itemsOf(parts));
  const whole = await wholeQuery(parts);
  if (whole !== undefined) await output.print(printable(whole));
};

export const command = defineCommand({
  description:
    "Asks a connected source in place, in its own language (QueryDSL or SQL), or the target's datasets: with --sql across all of them, with --dsl one of them. A connection is named by its _id or its live id, a source's DATASET is an index or table. The query is the last word, or comes from --file. A target may limit the rows of an answer (the local service: 10,000); standard error says so where rows are missing, and with --sql --all-by COLUMN gets them all.",
  args: [
    { name: "connection", description: "_id or live id; with --dsl a dataset's _id or name", required: false },
    { name: "dataset", description: "index or table of the source", required: false },
    { name: "query", description: "QueryDSL as JSON, or SQL", required: false },
  ],
  examples: [
    { line: 'query acme-t042-crm contacts \'{"query": {"match_all": {}}}\'', does: "an index, through its connection" },
    { line: "query acme-t042-dwh INVOICES --file totals.sql", does: "a warehouse, with a query from a file" },
    { line: "query --sql 'SELECT count(*) FROM \"acme-t042-crm-contact-collect\"'", does: "the target's datasets" },
    { line: "query --dsl acme-t042-crm-contact-collect '{\"size\": 3}'", does: "one dataset, in QueryDSL" },
    {
      line: "query --sql --file totals.sql -o jsonl > totals.jsonl",
      does: "a row a line, as many as the target gives",
    },
    {
      line: "query --sql 'SELECT * FROM \"acme-t042-crm-contact-collect\"' --all-by _id -o jsonl > contacts.jsonl",
      does: "all rows, however many",
    },
  ],
  formats: ["text", "json", "yaml", "jsonl"],
  flags: {
    ...project,
    sql: toggle("--sql", "ask the target's datasets, in SQL"),
    dsl: toggle("--dsl", "ask one of the target's datasets, in QueryDSL"),
    file: single("--file <file>", "the query, in place of the last word; - is standard input", filled("--file")),
    allBy: single(
      "--all-by <column>",
      "with --sql: all rows, in the order of a column whose values no two rows share",
      filled("--all-by"),
    ),
    target: single(
      "--target <name>",
      "a target of the project; default that of the connection or dataset, else `default`",
      filled("--target"),
    ),
    ...reporting,
  },
  run: async (flags, session, words) => {
    if (flags.sql && flags.dsl) throw usage("--sql and --dsl are two languages", "leave one of them out");
    if (flags.allBy !== undefined && !flags.sql) {
      throw usage(
        "--all-by is for --sql",
        "a source is asked for parts with ORDER BY, LIMIT and OFFSET, or from and size",
      );
    }
    const asked = flags.sql ? "sql" : flags.dsl ? "dsl" : "source";
    const { place, query: given } = read(words, asked, flags.file !== undefined);
    const query = await readQuery(given, flags.file, session);
    const [first = "", second = ""] = place;
    const options = {
      ...(flags.target === undefined ? {} : { target: flags.target }),
      signal: session.stops.stop,
    };
    const { allBy } = flags;
    if (allBy !== undefined) {
      await withProject(flags, session, (opened) =>
        printAll(session, opened.queryDatasetsInParts(query, { ...options, key: allBy })),
      );
      return 0;
    }
    const report = await withProject(flags, session, (opened) => {
      if (asked === "sql") return opened.queryDatasets(query, options);
      return asked === "dsl"
        ? opened.queryDataset(first, query, options)
        : opened.querySource(first, second, query, options);
    });
    await session.output.print(printable(report));
    const shortage = renderShortage(report);
    if (shortage !== undefined) session.output.warn(shortage);
    return 0;
  },
});
