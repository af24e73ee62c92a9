import type { Io } from "./session.ts";
import type { Format } from "./shared-flags.ts";
import { wantsColour } from "./streams.ts";
import { writeFileWhole } from "./write-file.ts";

export type Rendering = {
  readonly colour: boolean;
  /** Width of the terminal that it is printed on, if it is one. */
  readonly columns?: number;
};

/** Data in every form that a command can print it in. */
export type Printable = {
  /** With `type` and `schemaVersion`. */
  readonly document: unknown;
  readonly text: (rendering: Rendering) => string | Promise<string>;
  readonly markdown?: () => string;
  /** One a line for `jsonl`. */
  readonly items?: readonly unknown[];
};

export type Output = {
  readonly format: Format;
  /** Colours on standard error. */
  readonly colour: boolean;
  readonly columns: number;
  /** Data, to standard output or to a file; default: the one that `--out` names. */
  print(data: Printable, out?: string): Promise<void>;
  /** Items as `jsonl`, a part of them at a time. */
  printItems(parts: AsyncIterable<readonly unknown[]>): Promise<void>;
  /** True once data was printed: a failure after that is only told to people, so that there is one document. */
  hasPrinted(): boolean;
  /** For people, to standard error; nothing with `--quiet`. */
  note(text: string): void;
  /** For people, to standard error, always. */
  warn(text: string): void;
  /** While a display is on the terminal it puts what is for people above itself; undefined: it has ended. */
  divert(line: ((text: string) => void) | undefined): void;
};

/** JSON that is safe on a terminal. */
const jsonText = async (value: unknown, indent: number | undefined): Promise<string> => {
  const { printableJson } = await import("../render/index.ts");
  return printableJson(JSON.stringify(value, null, indent));
};

/** A document in one of the forms that machines read. */
export const documentText = async (document: unknown, format: "json" | "jsonl" | "yaml"): Promise<string> => {
  if (format !== "yaml") return `${await jsonText(document, format === "json" ? 2 : undefined)}\n`;
  const { yamlText } = await import("../yaml-text.ts");
  return yamlText(document);
};

const jsonLines = async (items: readonly unknown[]): Promise<string> => {
  const lines = await Promise.all(items.map((item) => jsonText(item, undefined)));
  return lines.map((line) => `${line}\n`).join("");
};

const written = async (data: Printable, format: Format, rendering: Rendering): Promise<string> => {
  switch (format) {
    case "json":
    case "yaml":
      return documentText(data.document, format);
    case "jsonl":
      return jsonLines(data.items ?? []);
    case "markdown":
      return `${data.markdown?.() ?? (await data.text({ colour: false }))}\n`;
    case "text":
      return `${await data.text(rendering)}\n`;
    default:
      return format satisfies never;
  }
};

export type OutputOptions = {
  readonly format: Format;
  readonly out: string | undefined;
  readonly noColor: boolean;
  readonly quiet: boolean;
};

export const createOutput = (io: Io, options: OutputOptions): Output => {
  const { format, out, noColor, quiet } = options;
  let display: ((text: string) => void) | undefined;
  const warn = (text: string): void => {
    if (display === undefined) io.stderr.write(`${text}\n`);
    else display(text);
  };
  let hasPrinted = false;
  return {
    format,
    colour: wantsColour(io.stderr, io.env, noColor),
    columns: io.stderr.columns ?? 80,
    print: async (data, file = out) => {
      const colour = file === undefined && wantsColour(io.stdout, io.env, noColor);
      const { isTTY, columns } = io.stdout;
      const width = file === undefined && isTTY === true && columns > 0 ? { columns } : {};
      const text = await written(data, format, { colour, ...width });
      hasPrinted = true;
      if (file === undefined) io.stdout.write(text);
      else await writeFileWhole(file, text, 0o644);
    },
    printItems: async (parts) => {
      async function* texts(): AsyncGenerator<string> {
        for await (const items of parts) yield await jsonLines(items);
      }
      if (out !== undefined) {
        await writeFileWhole(out, texts(), 0o644);
        hasPrinted = true;
        return;
      }
      for await (const text of texts()) {
        hasPrinted = true;
        const isTaken = await new Promise<boolean>((resolve) => {
          io.stdout.write(text, (error) => resolve(error === null || error === undefined));
        });
        // A reader that left wants no more.
        if (!isTaken) return;
      }
    },
    hasPrinted: () => hasPrinted,
    note: (text) => {
      if (!quiet) warn(text);
    },
    warn,
    divert: (line) => {
      display = line;
    },
  };
};
