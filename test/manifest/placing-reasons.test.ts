import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { NewComponent, UnplacedReason } from "../../src/manifest/placing/types.ts";
import { unplacedReasons } from "../../src/manifest/placing/types.ts";
import type { Edits, Subject } from "./placing-subjects.ts";
import { edit, projectSubject, sesamSubject } from "./placing-subjects.ts";

type Content = Record<string, Json>;

const connector = {
  "manifest.json": JSON.stringify({
    additional_parameters: { base_url: {} },
    "system-template": "system.json",
    datatypes: {
      contact: { template: "contact.json", parameters: { order_by: "updated", fields: ["a", "b"] } },
      order: { template: "shared.json" },
      deal: { template: "shared.json" },
      looped: { template: "looped.json", parameters: { fields: ["a", "b"] } },
    },
  }),
  "system.json": '{ "_id": "{{@ system @}}", "type": "system:rest", "url": "{{@ base_url @}}" }',
  "contact.json": `{
  "_id": "{{@ system @}}-{{@ datatype @}}-collect", "type": "pipe", "source": {}, "note": "hello",
  "order": "{{@ order_by @}}", "by": "by {{@ order_by @}} of {{@ datatype @}}", "map": { "of": "{{@ order_by @}}" },
  "rules": ["copy", "{{@ order_by @}}"]
}`,
  "shared.json": '{ "_id": "{{@ system @}}-{{@ datatype @}}-collect", "type": "pipe", "source": {}, "v": 1 }',
  "looped.json": `{
  "_id": "{{@ system @}}-{{@ datatype @}}-collect", "type": "pipe", "source": {}, "note": "hello",
  "fields": [{{% for field in fields %}}"{{@ field | upper @}}", {{% endfor %}} "end"], "of": "{{@ fields | length @}} {{@ fields[0] @}}"
}`,
};

const project = {
  "connector-deployer.yaml": `vendor: acme
targets: { default: { type: infino, endpoint: https://api.example, access_key: a, secret_key: $SECRET(target) } }
connectors:
  crm: { path: crm, auth: { api_base_url: https://api.crm.example } }
secrets: { target: { env: T }, key: { env: K } }
`,
  "crm/manifest.yaml": `additional_parameters:
  base_url: {}
  size: { default: 100 }
  host: { default: $ENV(HOST)/x }
system-template: system.yaml
datatypes:
  contact: { template: datatype.yaml }
  deal: { template: datatype.yaml, parameters: { size: 5 } }
`,
  "crm/system.yaml": `_id: <<@ system @>>
type: connection
config:
  url: <<@ base_url @>>
  key: $SECRET(key)
  host: $ENV(HOST)/y
  other: <<@ host @>>
  size: <<@ size @>>
  one: &one { a: 1 }
  two: *one
`,
  "crm/datatype.yaml":
    "_id: <<@ system @>>-<<@ datatype @>>\ntype: import-job\nsize: <<@ size @>>\nfull: <<@ is_fullsync @>>\n",
  "tenants/t1.yaml": "id: t1\nconnectors: { crm: {} }\n",
  "tenants/t2.yaml": "id: t2\nconnectors:\n  crm: true\n",
};

let sesam: Subject;
let own: Subject;
beforeAll(async () => {
  sesam = await sesamSubject(connector);
  own = await projectSubject(project, { HOST: "h.example" });
});
afterAll(async () => {
  await sesam[Symbol.asyncDispose]();
  await own[Symbol.asyncDispose]();
});

const pipe = (datatype: string): string => `pipes/xxxxxx-${datatype}-collect.conf.json`;
const contact = pipe("contact");
const looped = pipe("looped");
const tenants = ["t1", "t2"];
const system = (tenant: string): string => `connection/acme-${tenant}-crm`;

const set = (members: Content) => (content: Content) => ({ ...content, ...members });
const config = (members: Content) => (content: { config: Content }) => ({
  ...content,
  config: { ...content.config, ...members },
});
const ofAll = (members: Content): Edits =>
  Object.fromEntries(tenants.map((tenant) => [system(tenant), config(members)]));

const pipeNamed = (_id: string) => ({ _id, type: "pipe" });

/** Edits with one thing that has no place. */
const cases: { readonly [reason in UnplacedReason]: () => Promise<readonly UnplacedReason[]>[] } = {
  generated: () => [run(sesam, { [pipe("order")]: set({ comment: "mine" }) })],
  "built-in-variable": () => [
    run(sesam, { [contact]: set({ _id: "other-contact-collect" }) }),
    run(sesam, { [contact]: set({ by: "by updated of people" }) }),
    run(own, { "import-job/acme-t1-crm-deal": set({ full: true }) }),
  ],
  placeholder: () => [run(sesam, { "systems/xxxxxx.conf.json": set({ url: "https://api.example" }) })],
  secret: () => [
    run(own, ofAll({ key: "in clear" })).then((reasons) => reasons.slice(1)),
    run(own, { [system("t1")]: config({ host: "i.example/y" }) }),
    run(own, { [system("t1")]: config({ other: "i.example/x" }) }),
  ],
  "uses-disagree": () => [
    run(sesam, { [contact]: set({ order: "created" }) }),
    run(own, { [system("t1")]: config({ url: "https://other.example" }) }),
    run(own, { [system("t1")]: config({ size: 7 }), [system("t2")]: config({ size: 8 }) }).then((all) => all.slice(1)),
  ],
  "template-shared": () => [
    run(sesam, { [pipe("order")]: set({ v: 2 }) }),
    run(sesam, { [pipe("order")]: set({ more: 2 }) }),
    run(sesam, { [pipe("order")]: null }),
    run(sesam, { [pipe("order")]: ({ v: _, ...content }: Content) => content }),
    run(sesam, {}, [sesam.added("pipes/new", "order", pipeNamed("xxxxxx-order-new"))]),
    run(own, { [system("t1")]: config({ more: 1 }) }),
  ],
  mixed: () => [
    run(sesam, { [contact]: set({ by: "of created of contact" }) }),
    run(sesam, { [contact]: set({ by: 5 }) }),
    run(sesam, { [contact]: set({ map: "updated" }) }),
    run(sesam, { [contact]: set({ rules: ["2026-01-01"] }) }).then((all) => all.slice(1)),
  ],
  "template-logic": () => [
    run(sesam, { [looped]: set({ fields: ["A", "X", "end"] }) }),
    run(sesam, { [looped]: set({ of: "3 a" }) }),
    run(sesam, { [looped]: set({ more: 1 }) }),
    run(sesam, { [looped]: null }),
    run(sesam, {}, [sesam.added("pipes/new", "looped", pipeNamed("xxxxxx-looped-new"))]),
  ],
  "not-expressible": () => [
    run(sesam, { [contact]: set({ note: "{{@ x @}}" }) }),
    run(sesam, { [contact]: set({ note: "{{% if x %}}" }) }),
    run(sesam, { [contact]: set({ note: ["a", { b: "<<@ x @>>" }] }) }),
    run(sesam, { [contact]: set({ more: "{{@ x @}}" }) }),
    run(sesam, { [looped]: set({ note: "{# x #}" }) }),
    run(sesam, {}, [sesam.added("pipes/new", "contact", { ...pipeNamed("xxxxxx-contact-new"), x: "{{@ x @}}" })]),
  ],
  "no-template": () => [
    run(sesam, { [contact]: set({ _id: "xxxxxx-order-collect" }) }),
    run(sesam, {}, [sesam.added("pipes/new", "nowhere", pipeNamed("xxxxxx-new"))]),
    run(sesam, {}, [sesam.added("pipes/new", "contact", pipeNamed("xxxxxx-deal-collect"))]),
  ],
  "file-format": () => [run(own, ofAll({ one: { a: 2 }, two: { a: 2 } })).then((reasons) => reasons.slice(3))],
  unreadable: () => [
    run(sesam, { [contact]: () => ["no mapping"] }),
    run(sesam, { [contact]: ({ _id: _, ...content }: Content) => content }),
    run(sesam, {}, [sesam.added("pipes/new", "contact", { type: "pipe" })]),
  ],
  // The list holds what a filter makes of the field.
  "not-reproduced": () => [run(sesam, { [looped]: set({ of: "2 c" }) })],
};

const run = async (
  subject: Subject,
  edits: Edits,
  added: readonly NewComponent[] = [],
): Promise<readonly UnplacedReason[]> => (await edit(subject, edits, { added })).reasons;

describe("an edit that has no place is listed", () => {
  test.each(unplacedReasons)("as %s", async (reason) => {
    for (const reasons of await Promise.all(cases[reason]())) expect(reasons).toEqual([reason]);
  });

  test("and others beside it are placed", async () => {
    const { after, reasons } = await edit(sesam, { [contact]: set({ order: "created", note: "other" }) });
    expect(reasons).toEqual(["uses-disagree"]);
    expect(after).toEqual({ "contact.json": connector["contact.json"].replace("hello", "other") });
  });
});
