import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, Properties, Situation, Verdict } from "../../src/contract/index.ts";
import { classify, fieldClasses, isFinding, marks, rows } from "../../src/contract/index.ts";
import { base, live, properties, resource, shape, situation } from "./situations.ts";

const config = (members: { readonly [key: string]: Json }): Properties => ({
  ...properties,
  config: { ...(properties["config"] as Properties), ...members },
});

type Expected = Partial<Record<"op" | "finding" | "marks" | "fields" | "from" | "duplicates", unknown>> | undefined;

/** One line a situation; the first member names the row of the table that decides. */
const cases: readonly (readonly [row: string, name: string, Situation, Expected])[] = [
  [
    "unreadable",
    "a collection that cannot be read",
    situation({ readable: false, live: [] }),
    { finding: "unreadable" },
  ],
  [
    "unreadable",
    "the same, whatever was seen before it broke",
    situation({ readable: false, base: undefined, live: [live(), live({}, "id-2")] }),
    { finding: "unreadable" },
  ],
  [
    "unreadable",
    "something renamed",
    situation({ readable: false, live: [], renamedFrom: "w" }),
    { finding: "unreadable" },
  ],
  ["renamed", "nothing but the name", situation({ renamedFrom: "w" }), { op: "rename", from: "w", marks: ["renamed"] }],
  [
    "renamed",
    "a field too",
    situation({ desired: resource(config({ timeout: 90 })), renamedFrom: "w" }),
    { op: "update", from: "w", marks: ["renamed"] },
  ],
  [
    "renamed",
    "what is gone",
    situation({ live: [], renamedFrom: "w" }),
    { op: "insert", from: "w", marks: ["vanished", "renamed"] },
  ],
  [
    "renamed",
    "ours is gone and two others have its key",
    situation({ live: [live({}, "id-2"), live({}, "id-3")], renamedFrom: "w" }),
    { finding: "ambiguous", from: "w" },
  ],
  [
    "ambiguous",
    "several live objects and none is ours",
    situation({ base: undefined, live: [live(), live({}, "id-2")] }),
    { finding: "ambiguous" },
  ],
  [
    "ambiguous",
    "ours is gone and two others have its key",
    situation({ live: [live({}, "id-2"), live({}, "id-3")] }),
    { finding: "ambiguous" },
  ],
  ["not ours", "one live object by name alone", situation({ base: undefined }), { finding: "adoption" }],
  ["not ours", "the same, asked for", situation({ base: undefined, adopt: true }), { op: "adopt" }],
  [
    "not ours",
    "a live object that nobody wants",
    situation({ base: undefined, desired: undefined }),
    { finding: "unmanaged" },
  ],
  ["nothing live", "something new", situation({ base: undefined, live: [] }), { op: "insert", marks: undefined }],
  ["nothing live", "something of ours that is gone", situation({ live: [] }), { op: "insert", marks: ["vanished"] }],
  [
    "nothing live",
    "something that is gone and not wanted",
    situation({ live: [], desired: undefined }),
    { op: "forget" },
  ],
  ["nothing live", "nothing at all", situation({ live: [], desired: undefined, base: undefined }), undefined],
  [
    "nothing live",
    "something new without its secret",
    situation({
      base: undefined,
      live: [],
      desired: resource({ source: "a", config: { key: { $secret: "$SECRET(k)" } } }),
    }),
    { op: "insert", marks: ["unresolved"] },
  ],
  [
    "no longer desired",
    "something of ours that is not wanted",
    situation({ desired: undefined }),
    { op: "delete", marks: undefined },
  ],
  [
    "no longer desired",
    "the same, though what it refers to moves",
    situation({ desired: undefined, referenceMoves: true }),
    { op: "delete" },
  ],
  [
    "no longer desired",
    "the same, changed by somebody",
    situation({ desired: undefined, live: [live({ source: "a", config: { name: "n", timeout: 1 } })] }),
    { op: "delete", marks: ["drift"] },
  ],
  [
    "no longer desired",
    "the same, with another of its name",
    situation({ desired: undefined, live: [live(), live({}, "id-2")] }),
    { op: "delete", marks: ["duplicate"], duplicates: ["id-2"] },
  ],
  [
    "no longer desired",
    "the same, protected",
    situation({ desired: undefined, protected: true }),
    { finding: "protected" },
  ],
  [
    "no longer desired",
    "the same, with data",
    situation({ desired: undefined, keepsData: true }),
    { op: "noop", marks: ["retained"] },
  ],
  [
    "cannot be changed in place",
    "an immutable field",
    situation({ desired: resource({ ...properties, source: "b" }) }),
    { op: "replace" },
  ],
  [
    "cannot be changed in place",
    "a removed field without a default, where nothing can be unset",
    situation({
      canUnset: false,
      base: base({ applied: config({ note: "x" }) }),
      live: [live({ source: "a", config: { name: "n", timeout: 60, note: "x" } })],
    }),
    { op: "replace" },
  ],
  [
    "cannot be changed in place",
    "a reference that gets a new id",
    situation({ referenceMoves: true }),
    { op: "replace" },
  ],
  [
    "cannot be changed in place",
    "the same, protected",
    situation({ referenceMoves: true, protected: true }),
    { finding: "protected" },
  ],
  [
    "cannot be changed in place",
    "the same, with data",
    situation({ referenceMoves: true, keepsData: true }),
    { finding: "protected" },
  ],
  [
    "differs",
    "a field that the files changed",
    situation({ desired: resource(config({ timeout: 90 })) }),
    { op: "update", fields: [{ path: "/config/timeout", from: 60, to: 90, class: "files" }] },
  ],
  [
    "differs",
    "a field that somebody changed",
    situation({ live: [live({ source: "a", config: { name: "n", timeout: 1 } })] }),
    { op: "update", marks: ["drift"], fields: [{ path: "/config/timeout", from: 1, to: 60, class: "drift" }] },
  ],
  [
    "differs",
    "a field that both changed",
    situation({
      desired: resource(config({ timeout: 90 })),
      live: [live({ source: "a", config: { name: "n", timeout: 1 } })],
    }),
    { op: "update", marks: ["drift"], fields: [{ path: "/config/timeout", from: 1, to: 90, class: "both" }] },
  ],
  [
    "differs",
    "a rotated secret",
    situation({ desired: resource(config({ key: { $secret: "$SECRET(k)", fingerprint: "f2" } })) }),
    { op: "update", fields: [expect.objectContaining({ path: "/config/key", class: "files" })] },
  ],
  [
    "differs",
    "a secret of an object that somebody wrote",
    situation({ live: [{ ...live(), updatedAt: "u2" }] }),
    { op: "update", fields: [expect.objectContaining({ path: "/config/key", class: "unknown" })] },
  ],
  [
    "differs",
    "a removed field with a default, where nothing can be unset",
    situation({
      canUnset: false,
      desired: resource({ source: "a", config: { name: "n", key: { $secret: "$SECRET(k)", fingerprint: "f1" } } }),
    }),
    { op: "update", fields: [{ path: "/config/timeout", from: 60, to: 30, class: "removed" }] },
  ],
  [
    "differs",
    "a removed field with a default",
    situation({
      desired: resource({ source: "a", config: { name: "n", key: { $secret: "$SECRET(k)", fingerprint: "f1" } } }),
    }),
    { op: "update", fields: [{ path: "/config/timeout", from: 60, to: 30, class: "removed" }] },
  ],
  [
    "differs",
    "a secret that is to be written again",
    situation({ rewritesSecrets: true }),
    { op: "update", fields: [expect.objectContaining({ path: "/config/key", class: "unknown" })] },
  ],
  [
    "cannot be changed in place",
    "what cannot be known of a kind that cannot be updated, to be made anew",
    situation({
      updatable: false,
      rewritesUnknown: true,
      shape: { ...shape, immutable: ["/config", "/source"] },
      live: [{ ...live(), updatedAt: "u2" }],
    }),
    { op: "replace" },
  ],
  ["equal", "nothing to do", situation(), { op: "noop", marks: undefined }],
  [
    "equal",
    "another object with the same name",
    situation({ live: [live(), live({}, "id-2")] }),
    { op: "noop", marks: ["duplicate"], duplicates: ["id-2"] },
  ],
  [
    "equal",
    "a secret that is not here",
    situation({ desired: resource(config({ key: { $secret: "$SECRET(k)" } })) }),
    { op: "noop", marks: ["unresolved"] },
  ],
  [
    "equal",
    "what live already has, whatever we applied",
    situation({
      base: base({ applied: config({ timeout: 5 }), echo: { source: "a", config: { name: "n", timeout: 5 } } }),
    }),
    { op: "noop" },
  ],
  [
    "equal",
    "the target's own spelling of what we sent",
    situation({ desired: resource(config({ timeout: "60" })), base: base({ applied: config({ timeout: "60" }) }) }),
    { op: "noop" },
  ],
  [
    "equal",
    "a list whose order means nothing",
    situation({
      desired: resource(config({ tags: ["b", "a"] })),
      base: base({
        applied: config({ tags: ["b", "a"] }),
        echo: { source: "a", config: { name: "n", timeout: 60, tags: ["a", "b"] } },
      }),
      live: [live({ source: "a", config: { name: "n", timeout: 60, tags: ["a", "b"] } })],
    }),
    { op: "noop" },
  ],
  [
    "equal",
    "fields that the target added by itself",
    situation({ live: [live({ source: "a", config: { name: "n", timeout: 60, extra: 1 } })] }),
    { op: "noop" },
  ],
  [
    "equal",
    "what cannot be known of a kind that cannot be updated",
    situation({ updatable: false, live: [{ ...live(), updatedAt: "u2" }] }),
    { op: "noop" },
  ],
  [
    "equal",
    "a difference that a policy leaves alone",
    situation({ live: [live({ source: "a", config: { name: "n", timeout: 1 } })], keep: () => false }),
    { op: "noop" },
  ],
];

const decide = (table: typeof rows, of: Situation): Verdict | undefined =>
  table.find((row) => row.when(of))?.verdict(of);

describe("classify", () => {
  it.each(cases)("%s: %s", (row, _name, of, expected) => {
    expect(rows.find((candidate) => candidate.when(of))?.name).toBe(row);
    const verdict = classify(of);
    if (expected === undefined) expect(verdict).toBeUndefined();
    else
      for (const [member, value] of Object.entries(expected)) expect(verdict?.[member as keyof Verdict]).toEqual(value);
  });

  it("has a case for every row, mark and class of a field", () => {
    expect([...new Set(cases.map(([row]) => row))].sort()).toEqual(rows.map((row) => row.name).sort());
    const verdicts = cases.flatMap(([, , of]) => classify(of) ?? []);
    const changes = verdicts.flatMap((verdict) => (isFinding(verdict) ? [] : [verdict]));
    const seenMarks = new Set(changes.flatMap((change) => change.marks ?? []));
    const seenClasses = new Set(changes.flatMap((change) => (change.fields ?? []).map((field) => field.class)));
    expect([...seenMarks].sort()).toEqual([...marks].sort());
    expect([...seenClasses].sort()).toEqual([...fieldClasses].sort());
    process.stdout.write(
      `classification: ${cases.length} cases reach ${rows.length} of ${rows.length} rows, ${seenMarks.size} of ${marks.length} marks, ${seenClasses.size} of ${fieldClasses.length} classes of fields\n`,
    );
  });

  const pairs = rows.flatMap((first, at) => rows.slice(at + 1).map((second) => [first, second] as const));

  it("means its order: swapping any two rows changes what a case comes to", () => {
    for (const [first, second] of pairs) {
      const swapped = rows.map((row) => (row === first ? second : row === second ? first : row));
      const changed = cases.some(([, , of]) => {
        try {
          return JSON.stringify(decide(swapped, of)) !== JSON.stringify(classify(of));
        } catch {
          return true;
        }
      });
      expect(changed, `${first.name} ↔ ${second.name}`).toBe(true);
    }
  });
});

const anyConfig = fc.record(
  {
    name: fc.constantFrom("n", "m"),
    timeout: fc.constantFrom<Json>(1, 30, 60),
    extra: fc.constantFrom<Json>("a", "b"),
    key: fc.constantFrom<Json>(
      { $secret: "s", fingerprint: "f1" },
      { $secret: "s", fingerprint: "f2" },
      { $secret: "s" },
    ),
  },
  { requiredKeys: ["name"] },
);
const anyProperties = fc.record({ source: fc.constantFrom("a", "b"), config: anyConfig }) as fc.Arbitrary<Properties>;
const anyLive = fc.record({
  id: fc.constantFrom("id-1", "id-2", "id-3"),
  properties: anyProperties,
  updatedAt: fc.constantFrom("u1", "u2"),
});
const anySituation: fc.Arbitrary<Situation> = fc
  .record({
    desired: fc.option(anyProperties.map(resource), { nil: undefined }),
    base: fc.option(
      fc
        .record({ applied: anyProperties, echo: anyProperties, id: fc.constantFrom("id-1", "id-2") })
        .map((facts) => base(facts)),
      { nil: undefined },
    ),
    live: fc.uniqueArray(anyLive, { maxLength: 3, selector: (item) => item.id }),
    readable: fc.boolean(),
    adopt: fc.boolean(),
    protected: fc.boolean(),
    keepsData: fc.boolean(),
    updatable: fc.boolean(),
    referenceMoves: fc.boolean(),
    trustsUpdatedAt: fc.boolean(),
    canUnset: fc.boolean(),
    rewritesSecrets: fc.boolean(),
    rewritesUnknown: fc.boolean(),
    renamedFrom: fc.option(fc.constant("w"), { nil: undefined }),
  })
  .map((facts) => situation(facts));

describe("for every situation", () => {
  it("there is exactly one answer, the same each time", () => {
    fc.assert(
      fc.property(anySituation, (of) => {
        expect(classify(of)).toEqual(classify(of));
      }),
      { numRuns: 500 },
    );
  });

  it("some situation reaches each row", () => {
    const reached = new Set(
      fc.sample(anySituation, { numRuns: 5_000, seed: 1 }).map((of) => rows.find((row) => row.when(of))?.name),
    );
    expect([...reached].sort()).toEqual(rows.map((row) => row.name).sort());
  });

  it("nothing is written to what is not ours", () => {
    fc.assert(
      fc.property(anySituation, (of) => {
        const verdict = classify(of);
        if (verdict === undefined || isFinding(verdict)) return;
        if (["update", "replace", "delete"].includes(verdict.op)) expect(verdict.id).toBe(of.base?.id);
        if (verdict.op === "insert") expect(of.live).toEqual([]);
        if (verdict.op === "adopt") expect(of.adopt).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("no secret of live stands in the entity", () => {
    fc.assert(
      fc.property(anySituation, (of) => {
        const verdict = classify(of);
        if (verdict === undefined || isFinding(verdict)) return;
        expect(verdict.entity["$based_on"]).not.toHaveProperty("config.key");
      }),
    );
  });

  it("deleting needs nobody to want it", () => {
    fc.assert(
      fc.property(anySituation, (of) => {
        const verdict = classify(of);
        if (verdict !== undefined && !isFinding(verdict) && verdict.op === "delete") expect(of.desired).toBeUndefined();
      }),
    );
  });
});
