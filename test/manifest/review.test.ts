import { describe, expect, test } from "vitest";
import { readSesamConnector } from "../../src/manifest/index.ts";
import { temporaryProject } from "./temporary-project.ts";

type Files = { readonly [file: string]: string };

const project = (configuration: string): string => `vendor: acme
targets:
  default: { type: infino, endpoint: https://api.example, access_key: a, secret_key: $SECRET(target) }
connectors:
  crm: { path: crm, ${configuration} }
secrets: { target: { env: TARGET_SECRET } }
`;

/** `code file:line:column` of what a reviewer would be told. */
const reviewed = async (files: Files): Promise<readonly string[]> => {
  await using folder = await temporaryProject({ "crm/system.yaml": "", "crm/manifest.yaml": "", ...files });
  const read = await folder.read();
  expect(read.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  return read.review().map(({ severity, code, location, hint }) => {
    expect([severity, hint]).toEqual(["warning", expect.stringMatching(/\w/)]);
    return `${code} ${location?.file}:${location?.line}:${location?.column}`;
  });
};

const oneTemplate = (manifest: string, template: string, configuration = ""): Files => ({
  "connector-deployer.yaml": project(configuration),
  "crm/manifest.yaml": `${manifest}\nsystem-template: templates/system.yaml\n`,
  "crm/templates/system.yaml": `_id: <<@ system @>>\ntype: connection\n${template}\n`,
});

describe("a reviewer is told of parameters", () => {
  test("that nothing uses, and of values that are given for them", async () => {
    const files = oneTemplate(
      "additional_parameters: { a: {}, b: { default: 1 } }",
      "x: <<@ a @>>",
      "parameter_values: { b: 2 }",
    );
    expect(await reviewed(files)).toEqual([
      "unused-parameter crm/manifest.yaml:1:33",
      "unused-parameter connector-deployer.yaml:5:44",
    ]);
  });

  test("once, where two connectors have one folder", async () => {
    const files = oneTemplate("additional_parameters: { a: {} }", "");
    const text = project("").replace("secrets:", "  two: { path: crm }\nsecrets:");
    expect(await reviewed({ ...files, "connector-deployer.yaml": text })).toEqual([
      "unused-parameter crm/manifest.yaml:1:26",
    ]);
  });

  test("of a datatype that its template does not use, though that of another does", async () => {
    const files = {
      "crm/manifest.yaml": `datatypes:
  contact: { template: one.yaml, parameters: { size: 1 } }
  deal: { template: two.yaml, parameters: { size: 2 } }
`,
      "crm/one.yaml": "_id: <<@ system @>>-<<@ datatype @>>\ntype: connection\nsize: <<@ size @>>\n",
      "crm/two.yaml": "_id: <<@ system @>>-<<@ datatype @>>\ntype: connection\n",
    };
    expect(await reviewed(files)).toEqual(["unused-parameter crm/manifest.yaml:3:45"]);
  });

  test("but not of those that a loop, a key, a reference or the manifest itself names", async () => {
    const files = {
      "crm/manifest.yaml": `oauth2: { login_url: "https://{{@ host @}}" }
additional_parameters: { items: { default: [] }, key: { default: k }, env: {}, secret: {}, host: {} }
system-template: templates/system.yaml.hbs
datatypes: { contact: { template: templates/contact.yaml } }
`,
      "crm/templates/system.yaml.hbs":
        "_id: <<@ system @>>\ntype: connection\nx: [{{#each items}}{{this}},{{/each}}]\n",
      "crm/templates/contact.yaml":
        "_id: <<@ system @>>-<<@ datatype @>>\ntype: connection\n<<@ key @>>: [$ENV(env), $SECRET(secret)]\n",
    };
    expect(await reviewed(files)).toEqual([]);
  });
});

describe("a reviewer is told of templates", () => {
  test("that no manifest names", async () => {
    const files = {
      ...oneTemplate("", ""),
      "crm/templates/old.yaml": "_id: x\ntype: connection\n",
      "crm/templates/below/older.json.hbs": "{}",
      "crm/templates/README.md": "about",
      "crm/other.yaml": "a: 1\n",
    };
    expect(await reviewed(files)).toEqual([
      "unused-template crm/templates/below/older.json.hbs:1:1",
      "unused-template crm/templates/old.yaml:1:1",
    ]);
  });

  test("but not of those that another connector names", async () => {
    const files = {
      ...oneTemplate("", ""),
      "connector-deployer.yaml": project("").replace("crm: {", "shop: { path: shop }\n  crm: {"),
      "crm/templates/shared.yaml": "_id: <<@ system @>>\ntype: connection\n",
      "shop/manifest.yaml": "system-template: ../crm/templates/shared.yaml\n",
    };
    expect(await reviewed(files)).toEqual([]);
  });
});

describe("a reviewer is told of addresses", () => {
  const base = "auth: { api_base_url: https://api.crm.example/v2/ }";

  test("that are base_url, or begin with it", async () => {
    const template = `a: https://api.crm.example/v2
b: [{ c: "https://api.crm.example/v2/contacts?x=<<@ system @>>" }]
d: <<@ base_url @>>/contacts
e: https://api.crm.example/v20
f: https://login.crm.example/v2
g: see https://api.crm.example/v2`;
    expect(await reviewed(oneTemplate("additional_parameters: { base_url: {} }", template, base))).toEqual([
      "hard-coded-url crm/templates/system.yaml:3:4",
      "hard-coded-url crm/templates/system.yaml:4:10",
    ]);
  });

  test("also where the manifest does not declare base_url", async () => {
    expect(await reviewed(oneTemplate("", "a: https://api.crm.example/v2/contacts", base))).toEqual([
      "hard-coded-url crm/templates/system.yaml:3:4",
    ]);
  });

  test("that other variables hold", async () => {
    const manifest = "oauth2: { token_url: https://login.example/token }";
    expect(await reviewed(oneTemplate(manifest, "a: https://login.example/token"))).toEqual([
      "hard-coded-value crm/templates/system.yaml:3:4",
    ]);
  });
});

describe("a reviewer is told of texts that a variable holds", () => {
  test("where they are long enough to tell", async () => {
    const manifest = "additional_parameters: { order: { default: last_modified_at }, word: { default: updated } }";
    const template = "a: <<@ order @>> <<@ word @>>\nb: last_modified_at\nc: updated\nlast_modified_at: x";
    expect(await reviewed(oneTemplate(manifest, template))).toEqual(["hard-coded-value crm/templates/system.yaml:4:4"]);
  });

  test("but not where only one of the datatypes that share the template has that value", async () => {
    const shared = (value: string): Files => ({
      "crm/manifest.yaml": `datatypes:
  contact: { template: t.yaml, parameters: { order: last_modified_at } }
  deal: { template: t.yaml, parameters: { order: ${value} } }
`,
      "crm/t.yaml": "_id: <<@ system @>>-<<@ datatype @>>\ntype: connection\na: <<@ order @>>\nb: last_modified_at\n",
    });
    expect(await reviewed(shared("created_at_date"))).toEqual([]);
    expect(await reviewed(shared("last_modified_at"))).toEqual(["hard-coded-value crm/t.yaml:4:4"]);
  });

  test("and not of references, which are the same by intention", async () => {
    const manifest = "additional_parameters: { crm_webhook_dataset: {} }";
    const template = "a: <<@ crm_webhook_dataset @>>\nb: $ENV(crm_webhook_dataset)";
    expect(await reviewed(oneTemplate(manifest, template))).toEqual([]);
  });
});

describe("a reviewer is told of names in an _id", () => {
  const withId = (_id: string, datatype = "contact"): Files => ({
    "crm/manifest.yaml": `datatypes: { ${datatype}: { template: t.yaml } }\n`,
    "crm/t.yaml": `_id: ${_id}\ntype: connection\n`,
  });

  test("that are a system's", async () => {
    for (const _id of ["acme-t1-crm-<<@ datatype @>>", "crm-<<@ datatype @>>", "crm"]) {
      expect(await reviewed(withId(_id))).toEqual(["hard-coded-name crm/t.yaml:1:6"]);
    }
  });

  test("that are a datatype's", async () => {
    expect(await reviewed(withId("<<@ system @>>-contact-collect"))).toEqual(["hard-coded-name crm/t.yaml:1:6"]);
    expect(await reviewed(withId("<<@ system @>>-sales-order", "sales-order"))).toEqual([
      "hard-coded-name crm/t.yaml:1:6",
    ]);
  });

  test("but not of words that only look like them", async () => {
    for (const _id of [
      "<<@ system @>>-contacts",
      "<<@ system @>>-<<@ datatype @>>-contact",
      "crmish",
      "acme-t1-shop",
      "<<@ system @>>-crm",
    ]) {
      expect(await reviewed(withId(_id))).toEqual([]);
    }
  });
});

test("a project with errors is not reviewed", async () => {
  await using folder = await temporaryProject({
    "crm/manifest.yaml": "additional_parameters: { x: {} }\nsystem-template: gone.yaml\n",
  });
  expect((await folder.read()).review()).toEqual([]);
});

test("a connector's folder is reviewed by itself", async () => {
  await using folder = await temporaryProject({
    "c/manifest.json": '{ "additional_parameters": { "x": {} }, "system-template": "templates/s.json" }',
    "c/templates/s.json": '{ "_id": "xxxxxx", "type": "system:rest" }',
    "c/templates/old.json": "{}",
  });
  const { review } = await readSesamConnector(`${folder.dir}/c`);
  expect(
    review().map(({ code, location }) => `${code} ${location?.file}:${location?.line}:${location?.column}`),
  ).toEqual([
    "unused-parameter manifest.json:1:30",
    "unused-template templates/old.json:1:1",
    "hard-coded-name templates/s.json:1:10",
  ]);
});
