import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";

export const formats = ["csv", "json", "jsonl"] as const;
export type FileFormat = (typeof formats)[number];

const countries = ["no", "se", "dk", "fi"];
const atOnce = 5_000;

const record = (index: number, rows: number) => ({
  id: index,
  name: `customer ${(index * 7919) % rows}`,
  country: countries[index % countries.length],
  amount: Math.round(((index * 37.77) % 100_000) * 100) / 100,
  active: index % 3 === 0,
  created: new Date(1.7e12 + index * 1000).toISOString(),
  day: new Date(1.7e12 + index * 100_000).toISOString().slice(0, 10),
});

/** One file of each format with the same records of seven columns; their paths. */
export const writeFiles = async (dir: string, rows: number): Promise<Readonly<Record<FileFormat, string>>> => {
  const path = (format: FileFormat) => join(dir, `${rows}.${format}`);
  const streams = formats.map((format) => createWriteStream(path(format)));
  const write = async (texts: readonly string[]) => {
    for (const [index, stream] of streams.entries()) {
      if (!stream.write(texts[index] ?? "")) await once(stream, "drain");
    }
  };
  await write([`${Object.keys(record(0, rows)).join(",")}\n`, "[\n", ""]);
  for (let start = 0; start < rows; start += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, rows - start) }, (_, index) => record(start + index, rows));
    const lines = some.map((item) => JSON.stringify(item));
    await write([
      some.map((item) => `${Object.values(item).join(",")}\n`).join(""),
      `${start === 0 ? "" : ",\n"}${lines.join(",\n")}`,
      `${lines.join("\n")}\n`,
    ]);
  }
  await write(["", "\n]\n", ""]);
  for (const stream of streams) {
    stream.end();
    await once(stream, "close");
  }
  return { csv: path("csv"), json: path("json"), jsonl: path("jsonl") };
};
