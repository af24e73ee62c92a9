import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { equal } from "../../src/canonical.ts";
import type { Json } from "../../src/contract/index.ts";
import { at } from "../../src/contract/index.ts";
import { hasErrors } from "../../src/diagnostic.ts";
import type { ExpansionFiles, SesamConnector, SesamFile } from "../../src/manifest/index.ts";
import { pairExpansion, placeEdits, readSesamConnector } from "../../src/manifest/index.ts";
import type { Placement } from "../../src/manifest/placing/types.ts";
import { unplacedReasons } from "../../src/manifest/placing/types.ts";
import type { GeneratedConnector } from "../support/sesam-connectors.ts";
import { connectorsWithBlocks, filesOf, sesamConnectors } from "../support/sesam-connectors.ts";
import type { EditKind } from "../support/sesam-edits.ts";
import { editsOf, wildEdit } from "../support/sesam-edits.ts";

/** Of each property; `npm run test:round-trips` takes ten times as many. */
const runs = Number(process.env["ROUND_TRIP_RUNS"] ?? 1000);
const settings = { profile: "test", system: "xxxxxx", name: "generated" };
const root = mkdtempSync(join(tmpdir(), "round-trip-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const write = (folder: string, connector: GeneratedConnector): string => {
  const dir = join(root, folder);
  rmSync(dir, { recursive: true, force: true });
  for (const [path, text] of Object.entries(filesOf(connector))) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
};

type Expanded = { readonly connector: SesamConnector; readonly files: readonly SesamFile[] };

const expand = async (dir: string, overlay?: ReadonlyMap<string, string>): Promise<Expanded | undefined> => {
  const connector = await readSesamConnector(dir, overlay === undefined ? {} : { overlay });
  const { files, diagnostics } = connector.expand();
  return hasErrors([...connector.diagnostics, ...diagnostics]) ? undefined : { connector, files };
};

/** What was expanded as it comes back from disk. */
const asRead = (files: readonly SesamFile[]): ReadonlyMap<string, Json> =>
  new Map(files.map(({ path, content }) => [path, JSON.parse(JSON.stringify(content)) as Json]));

const collapse = async (
  dir: string,
  { connector, files }: Expanded,
  edited: ReadonlyMap<string, Json>,
): Promise<Placement> => {
  const read: ExpansionFiles = new Map([...edited].map(([path, content]) => [path, { content }]));
  const pairs = pairExpansion(connector, files, read, settings);
  const placement = await placeEdits(pairs.instances, pairs.added, {
    tenantFiles: "never",
    reexpand: async (overlay) => asRead((await expand(dir, overlay))?.files ?? []),
  });
  return { ...placement, unplaced: [...pairs.unplaced, ...placement.unplaced] };
};

const idAt = (files: ReadonlyMap<string, Json>, path: string): string => String(at(files.get(path) ?? null, "/_id"));

const overlayOf = ({ files }: Placement): ReadonlyMap<string, string> =>
  new Map(files.map(({ file, after }) => [file, after]));

/** Components by `_id`: a file that got another `_id` is written under its name the next time. */
const byId = (files: ReadonlyMap<string, Json>): ReadonlyMap<string, Json> =>
  new Map([...files].map(([path, content]) => [path.includes("/") ? String(at(content, "/_id")) : path, content]));

/** What differs, by `_id`. */
const differing = (a: ReadonlyMap<string, Json>, b: ReadonlyMap<string, Json>): readonly string[] => {
  const [before, after] = [byId(a), byId(b)];
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (id) => !equal(before.get(id) ?? null, after.get(id) ?? null),
  );
};

const marksIn = (texts: Iterable<string>): number =>
  [...texts].reduce((count, text) => count + text.split("{{@").length - 1, 0);

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const share = (part: number, whole: number): string => `${part} of ${whole} (${((100 * part) / whole).toFixed(1)} %)`;

describe("collapse", () => {
  test("of an expansion that nobody edited changes no byte", { timeout: 600_000 }, async () => {
    let connectors = 0;
    await fc.assert(
      fc.asyncProperty(connectorsWithBlocks, async (generated) => {
        const dir = write("same", generated);
        const before = await expand(dir);
        fc.pre(before !== undefined);
        connectors++;
        const { files, placed, unplaced } = await collapse(dir, before, asRead(before.files));
        expect({ files, placed, unplaced }).toEqual({ files: [], placed: [], unplaced: [] });
      }),
      { numRuns: runs },
    );
    print(`unedited: ${connectors} connectors, no byte changed`);
    expect(connectors).toBe(runs);
  });

  test("places every edit of a literal, and of a variable whose uses agree", { timeout: 600_000 }, async () => {
    const counts = new Map<EditKind, number>();
    const edits = sesamConnectors.chain((generated) => fc.tuple(fc.constant(generated), editsOf(generated)));
    await fc.assert(
      fc.asyncProperty(edits, async ([generated, edit]) => {
        const dir = write("placed", generated);
        const before = await expand(dir);
        const wanted = await expand(write("wanted", edit.connector));
        fc.pre(before !== undefined && wanted !== undefined);
        const edited = asRead(wanted.files);
        fc.pre(differing(asRead(before.files), edited).length > 0);
        counts.set(edit.kind, (counts.get(edit.kind) ?? 0) + 1);
        const placement = await collapse(dir, before, edited);
        expect({ edit: edit.what, unplaced: placement.unplaced }).toEqual({ edit: edit.what, unplaced: [] });
        const after = await expand(dir, overlayOf(placement));
        expect(differing(asRead(after?.files ?? []), edited), edit.what).toEqual([]);
        const texts = { ...filesOf(generated), ...Object.fromEntries(overlayOf(placement)) };
        if (edit.kind !== "removal") {
          expect(marksIn(Object.values(texts)), edit.what).toBeGreaterThanOrEqual(
            marksIn(Object.values(filesOf(generated))),
          );
        }
      }),
      { numRuns: runs },
    );
    const kinds = [...counts].map(([kind, count]) => `${kind} ${count}`).join(", ");
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    print(`edits that have a place: ${share(all, all)} placed: ${kinds}`);
    expect(all).toBe(runs);
  });

  test("places any edit so that it comes out again, or lists it with a reason", { timeout: 600_000 }, async () => {
    let placedWhole = 0;
    let tried = 0;
    const reasons = new Map<string, number>();
    const edits = fc.tuple(connectorsWithBlocks, fc.array(fc.nat(1_000_000), { minLength: 8, maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(edits, async ([generated, numbers]) => {
        const dir = write("wild", generated);
        const before = await expand(dir);
        fc.pre(before !== undefined);
        const old = asRead(before.files);
        const edited = wildEdit(old, numbers);
        fc.pre(differing(old, edited).length > 0);
        tried++;
        const placement = await collapse(dir, before, edited);
        for (const { reason } of placement.unplaced) {
          expect(unplacedReasons).toContain(reason);
          reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
        }
        const after = asRead((await expand(dir, overlayOf(placement)))?.files ?? []);
        const listed = placement.unplaced.map(({ name }) => name);
        const ids = new Set(listed.flatMap((name) => [idAt(old, name), idAt(edited, name), name]));
        expect(differing(after, edited).filter((id) => !ids.has(id))).toEqual([]);
        if (placement.unplaced.length === 0) placedWhole++;
      }),
      { numRuns: runs },
    );
    const why = [...reasons].map(([reason, count]) => `${reason} ${count}`).join(", ");
    print(`any edits: ${share(placedWhole, tried)} placed; listed: ${why}`);
    expect(tried).toBe(runs);
  });
});
