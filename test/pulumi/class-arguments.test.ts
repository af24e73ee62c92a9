import { describe, expect, it } from "vitest";
import { builtinCatalog } from "../../src/catalog/index.ts";
import { pulumiKinds } from "../../src/pulumi/lifecycle/adapters.ts";
import { commonArguments } from "../../src/pulumi/lifecycle/picture.ts";
import { classSource, typeMembers } from "../support/pulumi/class-source.ts";

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const properties = (schema: object): readonly string[] =>
  Object.keys("properties" in schema ? (schema.properties as object) : {});

/** Arguments that a kind takes in another place. */
const more: Readonly<Record<string, readonly string[]>> = { Connection: ["name"] };

describe.each([...pulumiKinds.values()])("the arguments of $className", ({ className, adapter, provider }) => {
  const { args, outputs } = classSource(`${provider}.ts`, className);
  const names = args.map(({ name }) => name);

  it("are every property of the kind, in camel case, and no other", () => {
    const wanted = [
      ...properties(adapter.kind.shape({}, builtinCatalog()).schema).map(camel),
      ...(more[className] ?? []),
    ];
    expect([...names].sort()).toEqual([...wanted].sort());
    expect([...adapter.fields].sort()).toEqual([...wanted].sort());
  });

  it("say what they mean", () => {
    expect(args.filter(({ docstring }) => docstring.length < 10)).toEqual([]);
  });

  it("are outputs too, with what the target tells", () => {
    const common = ["target", "catalog", "status", "endpoint", "live"];
    expect(outputs).toEqual(expect.arrayContaining([...names, ...common]));
  });
});

describe("the arguments that every class takes", () => {
  const members = [...typeMembers("arguments.ts", "LookupArgs"), ...typeMembers("arguments.ts", "CommonArgs")];

  it("are those that the providers take", () => {
    expect(members.map(({ name }) => name).sort()).toEqual([...commonArguments].sort());
  });

  it("say what they mean", () => {
    const targets = ["CredentialTarget", "ProjectTarget"].flatMap((name) => typeMembers("arguments.ts", name));
    expect([...members, ...targets].filter(({ docstring }) => docstring.length < 10)).toEqual([]);
  });
});

describe("the arguments of TenantDeployment and Tenant", () => {
  it.each([
    ["tenant-deployment.ts", "TenantDeploymentArgs"],
    ["tenant.ts", "TenantArgs"],
  ])("in %s say what they mean", (file, name) => {
    const members = typeMembers(file, name);
    expect(members.length).toBeGreaterThan(2);
    expect(members.filter(({ docstring }) => docstring.length < 10)).toEqual([]);
  });
});
