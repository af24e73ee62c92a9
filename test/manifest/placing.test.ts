import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import { at } from "../../src/contract/index.ts";
import type { Edits, Subject } from "./placing-subjects.ts";
import { edit, sesamSubject } from "./placing-subjects.ts";

type Content = Record<string, Json> & { source: Record<string, Json>; operations: { get: Record<string, Json> } };

const system = "systems/xxxxxx.conf.json";
const contact = "pipes/xxxxxx-contact-collect.conf.json";
const share = "pipes/xxxxxx-contact-share.conf.json";
const order = "pipes/xxxxxx-order-collect.conf.json";
const deal = "pipes/xxxxxx-deal-collect.conf.json";

const manifest = `{
  "additional_parameters": { "base_url": {}, "page": {} },
  "system-template": "templates/system.json",
  "datatypes": {
    "contact": { "template": "templates/contact.json", "parameters": { "order_by": "updated", "size": 10, "limit": 10 } },
    "order": { "template": "templates/shared.json" },
    "deal": { "template": "templates/shared.json" }
  }
}
`;

const files = {
  "manifest.json": manifest,
  "templates/system.json": `{
  "_id": "{{@ system @}}",
  "type": "system:rest",
  "url_pattern": "{{@ base_url @}}/%s",
  "page": "{{@ page @}}",
  "operations": { "get": { "method": "GET", "list": [1, 2, "{{@ system @}}-a", 4] } }
}
`,
  "templates/contact.json": `[
  {
    "_id": "{{@ system @}}-{{@ datatype @}}-collect",
    "type": "pipe",
    "source": { "order": "{{@ order_by @}}", "q": "o={{@ order_by @}}&n={{@ size @}}" },
    "size": "{{@ size @}}",
    "{{@ datatype @}}_key": { "deep": [true, null] },
    "limit": "first {{@ limit @}} of {{@ limit @}}",
    "note": "hello {{ entity.id }}"
  },
  { "_id": "{{@ system @}}-{{@ datatype @}}-share", "type": "pipe", "of": "{{@ datatype @}}", "list": [1, "{{@ datatype @}}-a", 2, 3] }
]
`,
  "templates/shared.json": `[{ "_id": "{{@ system @}}-{{@ datatype @}}-collect", "type": "pipe", "v": 1, "n": "the records" }]
`,
};

let subject: Subject;
beforeAll(async () => {
  subject = await sesamSubject(files);
});
afterAll(() => subject[Symbol.asyncDispose]());

/** One member of the contact's pipe with another value. */
const contactWith = (members: Record<string, Json>): Edits => ({
  [contact]: (content: Content) => ({ ...content, ...members }),
});

const contactText = files["templates/contact.json"];
const systemText = files["templates/system.json"];

describe("an edit of a literal", () => {
  test("is written at its place, every other byte kept", async () => {
    const { after, placed, unplaced } = await edit(subject, {
      [system]: (content: Content) => {
        content.operations.get["method"] = "POST";
        return content;
      },
    });
    expect(after).toEqual({ "templates/system.json": systemText.replace("GET", "POST") });
    expect(placed).toMatchObject([
      { path: "/operations/get/method", from: "GET", to: "POST", into: "template", location: { line: 6 } },
    ]);
    expect(unplaced).toEqual([]);
  });

  test("between variables leaves these as they are", async () => {
    const { after } = await edit(subject, {
      [system]: (content: Content) => ({ ...content, url_pattern: "$ENV(base_url)/v2/%s" }),
    });
    expect(after["templates/system.json"]).toBe(systemText.replace("@}}/%s", "@}}/v2/%s"));
  });

  test("gets variables for the placeholders that it brings along", async () => {
    const { after } = await edit(subject, contactWith({ note: "of xxxxxx at $ENV(base_url)" }));
    expect(after["templates/contact.json"]).toBe(
      contactText.replace("hello {{ entity.id }}", "of {{@ system @}} at {{@ base_url @}}"),
    );
  });

  test("may give a value of another type", async () => {
    const { after } = await edit(subject, contactWith({ note: { text: ["hello"] } }));
    expect(JSON.parse(after["templates/contact.json"] ?? "")).toMatchObject([{ note: { text: ["hello"] } }, {}]);
  });

  test("of a name in text is no edit of the variable that has it as its value", async () => {
    const { after } = await edit(subject, { [share]: (content: Content) => ({ ...content, of: "contacts" }) });
    expect(after["templates/contact.json"]).toBe(
      contactText.replace('"of": "{{@ datatype @}}', '"of": "{{@ datatype @}}s'),
    );
  });
});

describe("an edit of the structure", () => {
  test("puts an item into the middle of a list, and keeps its neighbours", async () => {
    const { after, placed } = await edit(subject, {
      [system]: (content: Content) => {
        content.operations.get["list"] = [1, 2, "new", "xxxxxx-a", 4];
        return content;
      },
    });
    expect(after["templates/system.json"]).toBe(systemText.replace('2, "{{@', '2, "new", "{{@'));
    expect(placed).toMatchObject([{ path: "/operations/get/list/2", to: "new" }]);
  });

  test("keeps the variables of an item that goes elsewhere", async () => {
    const { after } = await edit(subject, {
      [share]: (content: Content) => ({ ...content, list: [1, 2, 3, "contact-a"] }),
    });
    expect(after["templates/contact.json"]).toBe(
      contactText.replace('[1, "{{@ datatype @}}-a", 2, 3]', '[1, 2, 3, "{{@ datatype @}}-a"]'),
    );
  });

  test("adds, removes and renames members", async () => {
    const { after } = await edit(subject, {
      [contact]: ({ size, note: _, ...content }: Content) => ({ ...content, length: size ?? null, more: { a: 1 } }),
    });
    const [component] = JSON.parse(after["templates/contact.json"] ?? "");
    expect(component).toMatchObject({ length: "{{@ size @}}", more: { a: 1 } });
    expect(component).not.toHaveProperty("size");
    expect(component).not.toHaveProperty("note");
  });

  test("changes the text of a key around its variable", async () => {
    const { after } = await edit(subject, {
      [contact]: ({ contact_key, ...content }: Content) => ({ ...content, contact_keys: contact_key ?? null }),
    });
    expect(after["templates/contact.json"]).toBe(contactText.replace("@}}_key", "@}}_keys"));
  });

  test("takes components out, and makes an empty list of a template that was one component", async () => {
    const { after } = await edit(subject, { [share]: null, [system]: null });
    expect(JSON.parse(after["templates/contact.json"] ?? "")).toHaveLength(1);
    expect(JSON.parse(after["templates/system.json"] ?? "")).toEqual([]);
  });

  test("adds components with variables for the placeholders in them", async () => {
    const added = [
      subject.added("pipes/a", "contact", { _id: "xxxxxx-contact-more", type: "pipe", at: "$ENV(base_url)" }),
      subject.added("systems/a", undefined, { _id: "xxxxxx-other", type: "system:other" }),
    ];
    const { after } = await edit(subject, {}, { added });
    expect(JSON.parse(after["templates/contact.json"] ?? "")[2]).toEqual({
      _id: "{{@ system @}}-contact-more",
      type: "pipe",
      at: "{{@ base_url @}}",
    });
    expect(JSON.parse(after["templates/system.json"] ?? "")[1]).toEqual({
      _id: "{{@ system @}}-other",
      type: "system:other",
    });
  });

  test("renames a component", async () => {
    const { after } = await edit(subject, contactWith({ _id: "xxxxxx-contact-load" }));
    expect(after["templates/contact.json"]).toBe(contactText.replace("collect", "load"));
  });
});

describe("an edit of a variable's value", () => {
  test("is written where the value stands, when all its uses agree", async () => {
    const { after, placed } = await edit(subject, contactWith({ source: { order: "created", q: "o=created&n=10" } }));
    expect(after).toEqual({ "manifest.json": manifest.replace("updated", "created") });
    expect(placed).toMatchObject([{ into: "manifest" }, { into: "manifest" }]);
  });

  test("is one where it goes on with what the value was", async () => {
    const { after } = await edit(subject, contactWith({ limit: "first 100 of 100" }));
    expect(after).toEqual({ "manifest.json": manifest.replace('"limit": 10', '"limit": 100') });
  });

  test("is none where other text stands beside the value", async () => {
    const { after } = await edit(subject, contactWith({ limit: "first 10 of 10, then more" }));
    expect(after).toEqual({
      "templates/contact.json": contactText.replace('of {{@ limit @}}"', 'of {{@ limit @}}, then more"'),
    });
  });

  test("takes along what a template language makes of it", async () => {
    const of =
      '{ "_id": "{{@ system @}}-{{@ datatype @}}", "type": "pipe", "source": {}, "of": "{{@ of @}}", "n": {{@ n @}}, "up": "{{@ of | upper @}}" }';
    const parameters = { of: "a", n: "10" };
    const small = (values: typeof parameters): string =>
      JSON.stringify({ datatypes: { x: { template: "x.json", parameters: values } } });
    await using other = await sesamSubject({ "manifest.json": small(parameters), "x.json": of });
    const { after } = await edit(other, {
      "pipes/xxxxxx-x.conf.json": (content: Content) => ({ ...content, of: "b", up: "B", n: 20 }),
    });
    expect(after).toEqual({ "manifest.json": small({ of: "b", n: "20" }) });
  });

  test("keeps the type of the value", async () => {
    const { after } = await edit(
      subject,
      contactWith({ size: "20", source: { order: "updated", q: "o=updated&n=20" } }),
    );
    expect(after).toEqual({ "manifest.json": manifest.replace('"size": 10', '"size": 20') });
  });

  test("goes together with other variables and with other text in the same places", async () => {
    const { after } = await edit(
      subject,
      contactWith({ size: "20", source: { order: "created", q: "by=created&n=20" } }),
    );
    expect(after).toEqual({
      "manifest.json": manifest.replace('"updated", "size": 10', '"created", "size": 20'),
      "templates/contact.json": contactText.replace('"o=', '"by='),
    });
  });
});

describe("a template that datatypes share", () => {
  test("takes what all of them have", async () => {
    const all = (content: Content) => ({ ...content, v: 2 });
    const { after } = await edit(subject, { [order]: all, [deal]: all });
    expect(after["templates/shared.json"]).toBe(files["templates/shared.json"].replace('"v": 1', '"v": 2'));
  });

  test("gets a variable where they differ by their own names only", async () => {
    const { after } = await edit(subject, {
      [order]: (content: Content) => ({ ...content, n: "the order records", more: ["order", "in order to"] }),
      [deal]: (content: Content) => ({ ...content, n: "the deal records", more: ["deal", "in order to"] }),
    });
    expect(JSON.parse(after["templates/shared.json"] ?? "")).toMatchObject([
      { n: "the {{@ datatype @}} records", more: ["{{@ datatype @}}", "in order to"] },
    ]);
  });

  test("gets a component that all of them have, without the comment that the expansion adds", async () => {
    const comment = at(subject.instances.find(({ name }) => name === order)?.expanded, "/comment") ?? null;
    const added = ["order", "deal"].map((datatype) =>
      subject.added(`pipes/${datatype}`, datatype, { _id: `xxxxxx-${datatype}-more`, type: "pipe", comment }),
    );
    const { after } = await edit(subject, {}, { added });
    expect(JSON.parse(after["templates/shared.json"] ?? "")[1]).toEqual({
      _id: "{{@ system @}}-{{@ datatype @}}-more",
      type: "pipe",
    });
  });
});
