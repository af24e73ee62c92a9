import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Json } from "../../src/contract/index.ts";
import type { Edits, Subject } from "./placing-subjects.ts";
import { edit, projectSubject } from "./placing-subjects.ts";

const files = {
  "connector-deployer.yaml": `vendor: acme
targets: { default: { type: infino, endpoint: https://api.example, access_key: a, secret_key: $SECRET(target) } }
connectors:
  crm:
    path: crm
    auth: { api_base_url: https://api.crm.example/v2 }
    parameter_values: { page_size: 200 } # for all
secrets: { target: { env: T } }
`,
  "crm/manifest.yaml": `additional_parameters: { base_url: {}, page_size: {}, order_by: { default: id }, options: { default: { l: [1, 2] } } }
system-template: system.yaml
datatypes:
  contact: { template: datatype.yaml, parameters: { order_by: updated } }
  deal: { template: datatype.yaml }
  looped: { template: looped.yaml.hbs }
`,
  "crm/system.yaml": `_id: <<@ system @>>
type: connection
config:
  base_url: <<@ base_url @>> # where it is
  text: page <<@ page_size @>> of {{@ base_url @}}/all
  host: $ENV(HOST)/y
  options: <<@ options @>>
  plain: text
`,
  "crm/datatype.yaml": `_id: <<@ system @>>-<<@ datatype @>>
type: import-job
k-<<@ order_by @>>: 1
page: <<@ page_size @>>
`,
  "crm/looped.yaml.hbs": `{{#each options.l}}
- _id: "<<@ system @>>-looped-{{this}}"
  type: import-job
  same: 'it''s so'
  page: {{@root.page_size}}
{{/each}}
`,
  "tenants/t1.yaml": "id: t1\nconnectors:\n  crm: { parameter_values: { page_size: 50 } }\n",
  "tenants/t2.yaml": "id: t2\nconnectors: { crm: true }\n",
};

let subject: Subject;
beforeAll(async () => {
  subject = await projectSubject(files, { HOST: "h.example" });
});
afterAll(() => subject[Symbol.asyncDispose]());

const tenants = ["t1", "t2"];
const system = (tenant: string): string => `connection/acme-${tenant}-crm`;
const job = (tenant: string, name: string): string => `import-job/acme-${tenant}-crm-${name}`;

type Content = { config: Record<string, Json> };
const config = (members: Record<string, Json>) => (content: Content) => ({
  ...content,
  config: { ...content.config, ...members },
});
const set = (members: Record<string, Json>) => (content: Record<string, Json>) => ({ ...content, ...members });

const baseUrl = (tenant: string): Edits => ({
  [system(tenant)]: config({
    base_url: "https://other.example",
    text: `page ${tenant === "t1" ? 50 : 200} of https://other.example/all`,
  }),
});

const pageSize = (tenant: string, page: number): Edits => ({
  [system(tenant)]: config({ text: `page ${page} of https://api.crm.example/v2/all` }),
  ...Object.fromEntries(["contact", "deal", "looped-1", "looped-2"].map((name) => [job(tenant, name), set({ page })])),
});

describe("a value that tenants share", () => {
  test("is changed where it stands when all tenants have the new one", async () => {
    const { after } = await edit(subject, { ...baseUrl("t1"), ...baseUrl("t2") });
    expect(after).toEqual({
      "connector-deployer.yaml": files["connector-deployer.yaml"].replace(
        "https://api.crm.example/v2",
        "https://other.example",
      ),
    });
  });

  test("stays where one tenant has another one, unless its own file may be written to", async () => {
    const { reasons } = await edit(subject, baseUrl("t2"));
    expect(reasons).toEqual(["uses-disagree", "uses-disagree"]);
    const { after } = await edit(subject, baseUrl("t2"), { tenantFiles: "where-needed" });
    expect(after).toEqual({
      "tenants/t2.yaml": "id: t2\nconnectors: { crm: { parameter_values: { base_url: https://other.example } } }\n",
    });
  });

  test("goes to the tenants' files even where all agree, if it always has to", async () => {
    const { after, placed } = await edit(subject, { ...baseUrl("t1"), ...baseUrl("t2") }, { tenantFiles: "always" });
    expect(Object.keys(after)).toEqual(["tenants/t1.yaml", "tenants/t2.yaml"]);
    expect(new Set(placed.map(({ into }) => into))).toEqual(new Set(["tenant"]));
  });

  test("goes to the tenant's datatype where its other datatypes keep it", async () => {
    const { after } = await edit(subject, { [job("t2", "deal")]: set({ page: 7 }) }, { tenantFiles: "where-needed" });
    expect(after).toEqual({
      "tenants/t2.yaml":
        "id: t2\nconnectors: { crm: { datatypes: { deal: { parameter_values: { page_size: 7 } } } } }\n",
    });
  });

  test("is changed in the tenant's file where that gives it", async () => {
    const { after } = await edit(subject, pageSize("t1", 60));
    expect(after).toEqual({ "tenants/t1.yaml": files["tenants/t1.yaml"].replace("50", "60") });
  });

  test("is found in templates of a template language too", async () => {
    const { after } = await edit(subject, pageSize("t2", 60), { tenantFiles: "always" });
    expect(after).toEqual({
      "tenants/t2.yaml": "id: t2\nconnectors: { crm: { parameter_values: { page_size: 60 } } }\n",
    });
  });

  test("may be a part of a key", async () => {
    const other = ({ "k-updated": value = null, ...content }: Record<string, Json>) => ({
      ...content,
      "k-created": value,
    });
    const { after } = await edit(subject, Object.fromEntries(tenants.map((tenant) => [job(tenant, "contact"), other])));
    expect(after).toEqual({ "crm/manifest.yaml": files["crm/manifest.yaml"].replace("updated", "created") });
  });

  test("may be a mapping, of which only what differs is written", async () => {
    const all = config({ options: { l: [1, 2], more: "$ENV(X)" } });
    const { after } = await edit(subject, Object.fromEntries(tenants.map((tenant) => [system(tenant), all])));
    expect(after).toEqual({
      "crm/manifest.yaml": files["crm/manifest.yaml"].replace("[1, 2]", "[1, 2], more: \\$ENV(X)"),
    });
  });
});

describe("a literal of a template that tenants share", () => {
  const both = (members: Record<string, Json>): Edits =>
    Object.fromEntries(tenants.map((tenant) => [system(tenant), config(members)]));

  test("is escaped where it would mean something", async () => {
    const { after } = await edit(subject, both({ plain: "<<@ x $SECRET(y) \\{{@ x @}}" }));
    expect(after["crm/system.yaml"]).toBe(
      files["crm/system.yaml"].replace("plain: text", "plain: \\<<@ x \\$SECRET(y) \\\\\\{{@ x @}}"),
    );
  });

  test("is changed around a reference, which stays", async () => {
    const { after } = await edit(subject, both({ host: "h.example/z" }));
    expect(after["crm/system.yaml"]).toBe(files["crm/system.yaml"].replace(")/y", ")/z"));
  });

  test("has no place in a tenant's file", async () => {
    const { reasons, files: changed } = await edit(subject, both({ plain: "x" }), { tenantFiles: "always" });
    expect(reasons).toEqual(["template-shared", "template-shared"]);
    expect(changed).toEqual([]);
  });

  test("is changed in a loop when all that comes from there agrees", async () => {
    const names = tenants.flatMap((tenant) => [job(tenant, "looped-1"), job(tenant, "looped-2")]);
    const all = Object.fromEntries(names.map((name) => [name, set({ same: "isn't so" })]));
    const { after } = await edit(subject, all);
    expect(after).toEqual({
      "crm/looped.yaml.hbs": files["crm/looped.yaml.hbs"].replace("it''s so", "isn''t so"),
    });
    const { reasons } = await edit(subject, { [job("t1", "looped-1")]: set({ same: "isn't so" }) });
    expect(reasons).toEqual(["template-shared"]);
  });

  test("is added with the system's variable where tenants differ by it only", async () => {
    const { after } = await edit(
      subject,
      Object.fromEntries(tenants.map((tenant) => [system(tenant), config({ more: `of acme-${tenant}-crm` })])),
    );
    expect(after["crm/system.yaml"]).toBe(`${files["crm/system.yaml"]}  more: of <<@ system @>>\n`);
  });
});
