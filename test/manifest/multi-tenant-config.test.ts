import { describe, expect, test } from "vitest";
import { temporaryProject } from "./temporary-project.ts";

const project = (connectors: string): string => `vendor: acme
targets:
  default: { type: infino, endpoint: https://api.example, access_key: a, secret_key: $SECRET(target) }
connectors: ${connectors}
secrets: { target: { env: TARGET_SECRET } }
`;

const files = {
  "connector-deployer.yaml": project("config.json"),
  "connectors/crm/manifest.yaml": "additional_parameters: { base_url: {} }\nsystem-template: system.yaml\n",
  "connectors/crm/system.yaml": "_id: <<@ system @>>\ntype: connection\nat: <<@ base_url @>>\n",
};

const crm = '{ "_id": "crm", "type": "connector", "auth": { "api_base_url": "https://crm.example" } }';
const pipe = (...entities: string[]): string =>
  `{ "type": "pipe", "source": { "type": "embedded", "entities": [\n${entities.join(",\n")}\n] } }`;
const whole = (...entities: string[]): string => `{ "connector_config": ${pipe(...entities)} }`;

const found = async (config: string, more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => {
  await using folder = await temporaryProject({ ...files, "config.json": config, ...more });
  return (await folder.read()).diagnostics.map(
    ({ severity, code, location }) => `${severity} ${code} ${location?.file}:${location?.line}:${location?.column}`,
  );
};

describe("config.json as connectors of a project", () => {
  const accepted: readonly (readonly [string, string])[] = [
    ["its property at the top", whole(crm)],
    ["one item of a list", `[ { "_id": "other" }, ${whole(crm)} ]`],
    ["one member of a mapping", `{ "config": ${whole(crm)} }`],
    ["the pipe itself, by its _id", `[ ${pipe(crm).replace("{", '{ "_id": "connector_config",')} ]`],
    ["a pipe without a type", whole(crm).replace('"type": "pipe", ', "")],
  ];
  for (const [name, config] of accepted) {
    test(`${name} is accepted`, async () => {
      await using folder = await temporaryProject({ ...files, "config.json": config });
      const expansion = await folder.expand("tenants/t1.yaml");
      expect(expansion.components[0]?.properties).toEqual({ at: "https://crm.example" });
    });
  }

  const refused: readonly (readonly [string, string, readonly string[]])[] = [
    ["a file without the property", '{ "connectors": {} }', ["error missing-field config.json:1:1"]],
    ["an empty list", "[]", ["error missing-field config.json:1:1"]],
    ["the property twice", `[ ${whole(crm)},\n${whole(crm)} ]`, ["error invalid-value config.json:4:3"]],
    ["a property that is no pipe", '{ "connector_config": [] }', ["error wrong-type config.json:1:3"]],
    ["another type", '{ "connector_config": { "type": "system" } }', ["error wrong-type config.json:1:33"]],
    ["no source", '{ "connector_config": { "type": "pipe" } }', ["error missing-field config.json:1:3"]],
    ["a source that is a text", '{ "connector_config": { "source": "x" } }', ["error wrong-type config.json:1:35"]],
    [
      "a source of another type",
      '{ "connector_config": { "source": { "type": "dataset", "entities": [] } } }',
      ["error wrong-type config.json:1:45"],
    ],
    [
      "a source without a type",
      '{ "connector_config": { "source": { "entities": [] } } }',
      ["error missing-field config.json:1:25"],
    ],
    [
      "no entities",
      '{ "connector_config": { "source": { "type": "embedded" } } }',
      ["error missing-field config.json:1:25"],
    ],
    [
      "entities that are a mapping",
      '{ "connector_config": { "source": { "type": "embedded", "entities": {} } } }',
      ["error wrong-type config.json:1:57"],
    ],
    ["an entity that is a text", whole(crm, '"crm"'), ["error wrong-type config.json:3:1"]],
    ["a connector without a name", whole(crm, '{ "type": "connector" }'), ["error missing-field config.json:3:1"]],
    ["a name that is a number", whole(crm, '{ "_id": 7, "type": "connector" }'), ["error wrong-type config.json:3:10"]],
    [
      "a name that JavaScript knows",
      whole(crm, '{ "_id": "__proto__", "type": "connector" }'),
      ["error invalid-value config.json:3:10"],
    ],
    [
      "a name in capitals",
      whole(crm, '{ "_id": "CRM", "type": "connector" }'),
      ["error invalid-value config.json:3:10"],
    ],
    ["a name twice", whole(crm, crm), ["error duplicate-id config.json:3:10"]],
    ["a slip in the type", whole(crm, '{ "_id": "x", "type": "conector" }'), ["error invalid-value config.json:3:23"]],
    [
      "a multi-tenant that is a text",
      whole(crm.replace("{", '{ "multi-tenant": "true",')),
      ["error wrong-type config.json:2:19"],
    ],
    ["a slip in a member", whole(crm.replace('"auth"', '"auht"')), ["error unknown-field config.json:2:38"]],
    ["a slip below auth", whole(crm.replace("api_base_url", "api_base_uri")), ["error unknown-field config.json:2:48"]],
    [
      "an address that is a number",
      whole(crm.replace('"https://crm.example"', "7")),
      ["error wrong-type config.json:2:64"],
    ],
    ["no connector", whole('{ "_id": "x", "type": "category" }'), ["warning no-connectors config.json:1:3"]],
    [
      "a connector without a folder",
      whole(crm, '{ "_id": "shop", "type": "connector", "url": "https://git.example/shop" }'),
      ["error file-not-found config.json:3:10"],
    ],
    [
      "a folder outside the project",
      whole('{ "_id": "crm", "type": "connector", "path": "../crm" }'),
      ["error path-outside-project config.json:2:46"],
    ],
    [
      "a reference without a name",
      whole(crm.replace("https://crm.example", "https://$ENV(")),
      ["error invalid-value config.json:2:73"],
    ],
  ];
  for (const [name, config, diagnostics] of refused) {
    test(`${name} is named with its place`, async () => {
      expect(await found(config)).toEqual(diagnostics);
    });
  }

  test("a file that is not there is named where the project names it", async () => {
    expect(await found("", { "config.json": "" })).toEqual(["error file-not-found connector-deployer.yaml:4:13"]);
    const folder = { "connector-deployer.yaml": project("crm") };
    expect(await found(whole(crm), folder)).toEqual(["error file-not-found connector-deployer.yaml:4:13"]);
  });

  test("a file outside the project is refused", async () => {
    const outside = { "connector-deployer.yaml": project("../config.json") };
    expect(await found(whole(crm), outside)).toEqual(["error path-outside-project connector-deployer.yaml:4:13"]);
  });

  test("an environment may name another file in place of the project's connectors", async () => {
    await using folder = await temporaryProject({
      ...files,
      "connector-deployer.yaml": project("{ gone: { path: gone } }"),
      "environments/default.yaml": "connectors: stage/config.json\n",
      "stage/config.json": whole(crm),
    });
    const { connectors, diagnostics } = await folder.read();
    expect(diagnostics).toEqual([]);
    expect(connectors).toEqual(["crm"]);
  });

  test("a value that a text of config.json gives says where it stands there", async () => {
    await using folder = await temporaryProject({ ...files, "config.json": whole(crm) });
    const expansion = await folder.expand("tenants/t1.yaml");
    const [component] = expansion.components;
    const origin = component && expansion.origin(component, "/at");
    expect(origin?.sources[0]?.location).toMatchObject({ file: "config.json", line: 2, column: 64 });
  });

  test("more connectors than anybody has are refused at once", async () => {
    const many = Array.from({ length: 5001 }, (_, index) => `{ "_id": "c${index}", "type": "connector" }`);
    expect(await found(whole(...many))).toEqual(["error invalid-value config.json:5002:10"]);
  });

  test("what is not multi-tenant gives tenants no values", async () => {
    const own = crm.replace("{", '{ "multi-tenant": false, "parameter_values": { "size": 1 },');
    await using folder = await temporaryProject({
      ...files,
      "config.json": whole(own),
      "connectors/crm/manifest.yaml":
        "additional_parameters: { base_url: {}, size: {} }\nsystem-template: system.yaml\n",
    });
    const read = await folder.read();
    expect(read.diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual([
      "warning unused-value",
      "warning unused-value",
    ]);
    const { tenant } = await read.readTenant("tenants/t1.yaml");
    const missing = tenant && read.expandTenant(tenant).diagnostics.map(({ code, message }) => `${code} ${message}`);
    expect(missing).toEqual([
      expect.stringMatching(/^parameter-without-value "base_url"/),
      expect.stringMatching(/^parameter-without-value "size"/),
    ]);
  });

  test("an edit of what a text of config.json gives goes back there, and keeps every other byte", async () => {
    const config = whole(crm.replace('"connector"', '"connector",  "logo":"x"'));
    await using folder = await temporaryProject({ ...files, "config.json": config });
    const read = await folder.read();
    const { tenant } = await read.readTenant("tenants/t1.yaml");
    const expansion = tenant && read.expandTenant(tenant);
    const [component] = expansion?.components ?? [];
    if (expansion === undefined || component === undefined) throw new Error("nothing was expanded");
    const edited = { _id: component._id, type: component.type, at: "https://edited.example" };
    const placed = await read.placeEdits([expansion], new Map([[component, edited]]), "never");
    expect(placed.unplaced).toEqual([]);
    const after = config.replace("https://crm.example", "https://edited.example");
    expect(placed.files.map((change) => [change.file, change.after])).toEqual([["config.json", after]]);
  });

  test("a change of the file changes what tenants were read with", async () => {
    await using folder = await temporaryProject({ ...files, "config.json": whole(crm) });
    const before = await folder.read();
    await folder.write("config.json", whole(crm.replace("crm.example", "other.example")));
    expect((await folder.read()).shared).not.toBe(before.shared);
  });
});
