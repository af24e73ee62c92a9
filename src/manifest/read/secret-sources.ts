import { join } from "node:path";
import type { Path } from "../../contract/index.ts";
import { joinPath, parseReferences } from "../../contract/index.ts";
import type { Collector, Where } from "../collect.ts";
import { brokenReference, secretHint } from "../expand/references.ts";
import type { SecretSource } from "../types.ts";
import { insideOf, isKept, realPath } from "./jail.ts";
import type { Locate } from "./validate.ts";

type Written = {
  readonly [name: string]: { readonly env?: string; readonly file?: string; readonly command?: readonly string[] };
};

/** Puts `$ENV()` into the texts of secret sources; a secret cannot be found by means of another. */
export const secretSources = (
  written: Written,
  environment: ReadonlyMap<string, string>,
  locate: Locate,
  collect: Collector,
): { readonly [name: string]: SecretSource } => {
  const resolve = (text: string, path: Path): string =>
    parseReferences(text)
      .map((piece) => {
        if (piece.type === "text") return piece.text;
        if (piece.type === "secret") {
          const hint = "name a file, an environment variable or a command";
          collect.error("invalid-value", locate(path), "a secret's source cannot hold another secret", hint);
          return "";
        }
        const value = environment.get(piece.name);
        if (value === undefined) {
          const message = `the environment variable ${piece.name} is not set`;
          collect.error("missing-environment-variable", locate(path), message, `set ${piece.name}`);
        }
        return value ?? "";
      })
      .join("");
  const sources = Object.entries(written).map(([name, { env, file, command }]): [string, SecretSource] => {
    const path = joinPath("/secrets", name);
    if (env !== undefined) return [name, { env: resolve(env, `${path}/env`) }];
    if (file !== undefined) return [name, { file: resolve(file, `${path}/file`) }];
    return [name, { command: (command ?? []).map((text, index) => resolve(text, `${path}/command/${index}`)) }];
  });
  return Object.fromEntries(sources);
};

/** What only the project may read: where its targets' and its ledger's credentials come from. */
export type Credentials = { readonly environment: ReadonlySet<string>; readonly files: ReadonlySet<string> };

/** Finds the credentials in texts of the project, and reports secrets that they name and the project does not declare. */
export const credentialsIn = (
  texts: readonly { readonly text: string; readonly path: Path }[],
  secrets: { readonly [name: string]: SecretSource },
  root: string,
  locate: Locate,
  collect: Collector,
): Credentials => {
  const environment = new Set<string>();
  const files = new Set<string>();
  for (const { text, path } of texts) {
    const broken = brokenReference(text);
    if (broken !== undefined) {
      const hint = `a name is letters, digits, "_", "." and "-"; write \\${broken} for the plain text`;
      collect.error("invalid-value", locate(path), `no name stands in ${broken})`, hint);
    }
    for (const piece of parseReferences(text)) {
      if (piece.type === "env") environment.add(piece.name);
      if (piece.type !== "secret") continue;
      const source = Object.hasOwn(secrets, piece.name) ? secrets[piece.name] : undefined;
      if (source === undefined) {
        const hint = secretHint(piece.name, Object.keys(secrets));
        collect.error("missing-secret", locate(path), `the project declares no secret "${piece.name}"`, hint);
      } else if ("env" in source) environment.add(source.env);
      else if ("file" in source) files.add(realPath(join(root, source.file)));
    }
  }
  return { environment, files };
};

export type TenantRules = {
  readonly root: string;
  readonly credentials: Credentials;
  readonly allowed: (environmentVariable: string) => boolean;
  /** File of the ledger, where it is one. */
  readonly ledger: string;
};

const environmentRule = (
  { credentials, allowed }: TenantRules,
  name: string,
  place: Where,
  collect: Collector,
): void => {
  if (credentials.environment.has(name)) {
    const message = `${name} belongs to the project's own credentials; a tenant cannot read it`;
    collect.error("target-credential", place, message, "use a variable of the tenant's own");
  } else if (!allowed(name)) {
    const message = `allow_env of the project does not admit the environment variable ${name}`;
    collect.error("environment-variable-not-allowed", place, message, "use one that it admits, or change allow_env");
  }
};

/** Reports sources of a tenant's secrets that a tenant may not use; gives the others. */
export const checkTenantSecrets = (
  written: Written,
  sources: { readonly [name: string]: SecretSource },
  rules: TenantRules,
  locate: Locate,
  collect: Collector,
): void => {
  for (const [name, source] of Object.entries(sources)) {
    const path = joinPath("/secrets", name);
    // Messages show what is written: the value of a variable in it may be secret.
    const { env = "", file = "" } = written[name] ?? {};
    for (const piece of [...parseReferences(env), ...parseReferences(file)]) {
      if (piece.type === "env") environmentRule(rules, piece.name, () => locate(path, "key"), collect);
    }
    if ("env" in source) environmentRule(rules, source.env, () => locate(`${path}/env`), collect);
    if (!("file" in source)) continue;
    const place = () => locate(`${path}/file`);
    const inside = insideOf(rules.root, "", source.file);
    if (inside === undefined) {
      const message = `"${file}" leaves the project folder`;
      collect.error("path-outside-project", place, message, "a tenant's secrets are read from inside it only");
      continue;
    }
    const real = realPath(join(rules.root, source.file));
    const kept = [inside, real.slice(rules.root.length)].some(isKept);
    if (kept || rules.credentials.files.has(real) || real === realPath(join(rules.root, rules.ledger))) {
      const message = `"${file}" belongs to the project's own credentials; a tenant cannot read it`;
      collect.error("target-credential", place, message, "use a file of the tenant's own");
    }
  }
};
