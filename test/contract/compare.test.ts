import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, Live, Properties } from "../../src/contract/index.ts";
import { at, basis, compare, isSatisfied, isSealed, leaves, withAt } from "../../src/contract/index.ts";
import { changedProperties } from "../../src/resources/index.ts";
import { base, shape } from "./situations.ts";

const value = fc.oneof<fc.Arbitrary<Json>[]>(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.array(fc.string(), { maxLength: 3 }),
);
const key = fc.constantFrom("a", "b", "c/d", "e~f", "timeout");
const anyProperties = fc
  .record({ source: fc.constantFrom("s", "t"), config: fc.dictionary(key, value, { maxKeys: 4 }) })
  .map((properties) => properties as Properties);

/** What a target that merges at the level of configuration keys makes of a PATCH. */
const patched = (live: Properties, changed: Properties): Properties => {
  let result = live;
  for (const path of Object.keys(changed).flatMap((top) =>
    Object.keys(changed[top] as Properties).map((name) => [top, name] as const),
  )) {
    const pointer = `/${path[0]}/${path[1].replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const member = at(changed, pointer);
    result = withAt(result, pointer, member === null ? undefined : member);
  }
  return result;
};

const asLive = (properties: Properties): Live => ({ id: "id-1", properties });

describe("compare", () => {
  it("finds nothing once what it found was written", () => {
    fc.assert(
      fc.property(anyProperties, anyProperties, (before, after) => {
        const desired = { ...after, source: before["source"] ?? "s" };
        const applied = base({ applied: before, echo: before });
        const fields = compare(shape, desired, asLive(before), applied, false);
        const live = patched(before, changedProperties(shape, desired, fields, before));
        expect(
          isSatisfied(
            shape,
            desired,
            fields.filter((field) => field.class === "removed"),
            live,
          ),
        ).toBe(true);
        const now = base({ applied: desired, echo: basis(shape, desired, undefined, live) });
        expect(compare(shape, desired, asLive(live), now, false)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it("names each path once, in order", () => {
    fc.assert(
      fc.property(anyProperties, anyProperties, anyProperties, (desired, live, applied) => {
        const paths = compare(shape, desired, asLive(live), base({ applied, echo: applied }), false).map(
          (field) => field.path,
        );
        expect(paths).toEqual([...new Set(paths)].sort());
      }),
    );
  });

  it("never gives what live holds at a sealed place", () => {
    const sealed = { source: "s", config: { url: { $secret: "https://u:$SECRET(p)@h", fingerprint: "f" } } };
    const live = asLive({ source: "s", config: { url: "https://u:hunter2@h" } });
    const fields = compare(
      shape,
      sealed,
      live,
      base({ applied: { source: "s", config: { url: "https://h" } }, echo: {} }),
      false,
    );
    expect(fields).toMatchObject([{ path: "/config/url", class: "files" }]);
    expect(JSON.stringify([fields, basis(shape, sealed, undefined, live.properties)])).not.toContain("hunter2");
  });

  it("ignores the deployer's own settings", () => {
    const desired = { source: "s", on_delete: "delete" };
    expect(
      compare(
        shape,
        desired,
        asLive({ source: "s" }),
        base({ applied: { source: "s", on_delete: "retain" }, echo: { source: "s" } }),
        false,
      ),
    ).toEqual([]);
  });
});

describe("leaves", () => {
  it("are all places where two values can differ", () => {
    fc.assert(
      fc.property(anyProperties, (properties) => {
        const rebuilt = leaves(properties).reduce<Properties>(
          (part, path) => withAt(part, path, at(properties, path)),
          {},
        );
        expect(rebuilt).toEqual(properties);
      }),
    );
  });

  it("stop at a sealed value", () => {
    const sealed = { $secret: "x", fingerprint: "y" };
    expect(isSealed(sealed)).toBe(true);
    expect(leaves({ a: sealed })).toEqual(["/a"]);
  });
});
