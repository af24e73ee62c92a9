import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import { alignLists } from "../../src/manifest/placing/align-lists.ts";
import type { Edits, Subject } from "./placing-subjects.ts";
import { edit, sesamSubject } from "./placing-subjects.ts";

const template = `[
  {
    "_id": "{{@ system @}}-{{@ datatype @}}-collect",
    "type": "pipe",
    "source": { "dataset": "{{@ system @}}-{{@ datatype @}}", "order": "{{@ order_by @}}" },
    "transform": {
      "type": "rest",
      "system": "{{@ system @}}"
    },
    "rules": [
      ["add", "by", ["string", "_S.{{@ order_by @}}"]]
    ],
    "names": [
      "{{@ order_by @}}",
      ["{{@ order_by @}}", "{{@ page @}}*"],
      {}
    ],
    "steps": [
      { "type": "a", "system": "{{@ system @}}", "url": "{{@ order_by @}}/v1" },
      { "type": "b", "system": "{{@ system @}}", "url": "{{@ order_by @}}/v2" },
      { "type": "c" }
    ]
  }
]
`;

const datatypes = ["contact", "order"] as const;
let subject: Subject;
beforeAll(async () => {
  subject = await sesamSubject({
    "manifest.json": JSON.stringify({
      datatypes: {
        contact: { template: "templates/shared.json", parameters: { order_by: "updated", page: "p" } },
        order: { template: "templates/shared.json", parameters: { order_by: "modified", page: "p" } },
      },
    }),
    "templates/shared.json": template,
  });
});
afterAll(() => subject[Symbol.asyncDispose]());

type Content = Record<string, Json>;

/** The same edit in both datatypes, whatever values these have. */
const inAll = (change: (content: Content) => Content): Edits =>
  Object.fromEntries(datatypes.map((datatype) => [`pipes/xxxxxx-${datatype}-collect.conf.json`, change]));

const variables = (text: string): readonly string[] => (text.match(/\{\{@ \w+ @\}\}/g) ?? []).sort();

const placedText = async (edits: Edits): Promise<string> => {
  const { after, unplaced } = await edit(subject, edits);
  expect(unplaced).toEqual([]);
  return after["templates/shared.json"] ?? "";
};

describe("what held variables", () => {
  test.each<[string, (content: Content) => Content]>([
    ["a mapping into a list", (pipe) => ({ ...pipe, transform: [pipe["transform"] ?? null, { type: "dtl" }] })],
    [
      "a mapping into a mapping",
      (pipe) => ({ ...pipe, transform: { type: "chained", first: pipe["transform"] ?? null } }),
    ],
    [
      "a rule into a condition",
      (pipe) => ({ ...pipe, rules: [["if", ["is-not-empty", "_S.x"], ...(pipe["rules"] as Json[])]] }),
    ],
    [
      "a part of a rule into a condition",
      (pipe) => {
        const [[add = "", to = "", value = ""] = []] = pipe["rules"] as Json[][];
        return { ...pipe, rules: [[add, to, ["if", ["is-not-empty", "_S.x"], value]]] };
      },
    ],
    [
      "a text into a list",
      (pipe) => {
        const { dataset, order } = pipe["source"] as Content;
        return { ...pipe, source: { dataset: [dataset ?? null], order: order ?? null } };
      },
    ],
  ])("keeps them when it is put into something larger: %s", async (_, change) => {
    const text = await placedText(inAll(change));
    expect(text).not.toBe(template);
    expect(variables(text)).toEqual(variables(template));
  });

  test("is written in the layout of its file", async () => {
    const text = await placedText(
      inAll((pipe) => ({ ...pipe, transform: [pipe["transform"] ?? null, { type: "dtl" }] })),
    );
    const before = `"transform": {
      "type": "rest",
      "system": "{{@ system @}}"
    },`;
    const after = `"transform": [
      { "type": "rest", "system": "{{@ system @}}" },
      { "type": "dtl" }
    ],`;
    expect(text).toBe(template.replace(before, after));
  });

  test("is listed where not all who share it have it so", async () => {
    const [first = ""] = Object.keys(inAll((pipe) => pipe));
    const { after, unplaced } = await edit(subject, {
      [first]: (pipe: Content) => ({ ...pipe, transform: [pipe["transform"] ?? null] }),
    });
    expect([after, unplaced.length]).toEqual([{}, 1]);
  });

  test("is moved whole when items change places, however much they are alike", async () => {
    const text = await placedText(
      inAll((pipe) => {
        const [a = null, b = null, c = null] = pipe["steps"] as Json[];
        return { ...pipe, steps: [b, a, c] };
      }),
    );
    const lines = template.split("\n");
    const at = lines.findIndex((line) => line.includes('"type": "a"'));
    const moved = [...lines.slice(0, at), lines[at + 1] ?? "", lines[at] ?? "", ...lines.slice(at + 2)];
    expect(text).toBe(moved.join("\n"));
  });

  test("is moved whole where it holds what another moved item is", async () => {
    const text = await placedText(inAll((pipe) => ({ ...pipe, names: (pipe["names"] as Json[]).toReversed() })));
    expect(JSON.parse(text)[0].names).toEqual([{}, ["{{@ order_by @}}", "{{@ page @}}*"], "{{@ order_by @}}"]);
  });

  test("is seen as moved where both items stand elsewhere as they are", () => {
    const items = ["defaults", "delete"].map((operation) => ({
      template: "rest",
      properties: { operation, base: "a" },
    }));
    const steps = alignLists(items, items.toReversed());
    expect(steps.filter(({ from, to }) => from !== undefined && to !== undefined)).toEqual([
      expect.objectContaining({ isSame: true }),
    ]);
    expect(steps).toHaveLength(3);
  });
});
