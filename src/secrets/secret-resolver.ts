import { parseReferences } from "../contract/index.ts";
import { DeployerError } from "../errors.ts";
import { createMemo } from "./memo.ts";
import { sourceReader } from "./read-source.ts";
import type { MissingReference, ProjectSecrets, SecretOptions, SecretResolver, SecretSources } from "./types.ts";

type Lookup = (name: string, signal: AbortSignal | undefined) => Promise<string>;

const environmentVariable = (env: SecretOptions["env"], name: string): string => {
  const value = env[name] ?? "";
  if (value !== "") return value;
  const state = env[name] === undefined ? "not set" : "empty";
  throw new DeployerError("missing-environment-variable", `the environment variable ${name} is ${state}`, {
    hint: `set ${name}`,
    details: { name },
  });
};

const resolver = (env: SecretOptions["env"], secret: Lookup): SecretResolver => {
  const value = async (type: "env" | "secret", name: string, signal?: AbortSignal): Promise<string> =>
    type === "env" ? environmentVariable(env, name) : secret(name, signal);

  return {
    resolve: async (text, signal) => {
      let resolved = "";
      for (const piece of parseReferences(text)) {
        resolved += piece.type === "text" ? piece.text : await value(piece.type, piece.name, signal);
      }
      return resolved;
    },
    missing: async (texts, signal) => {
      const asked = new Map<string, Promise<MissingReference | undefined>>();
      for (const text of texts) {
        for (const piece of parseReferences(text)) {
          const key = piece.type === "text" ? "" : `${piece.type} ${piece.name}`;
          if (piece.type === "text" || asked.has(key)) continue;
          const { name } = piece;
          const found = value(piece.type, name, signal).then(
            () => undefined,
            (error: unknown): MissingReference => {
              if (!(error instanceof DeployerError)) throw error;
              const { code, message, hint } = error;
              switch (code) {
                case "missing-secret":
                case "missing-environment-variable":
                case "secret-command-failed":
                  return { text, name, code, message, hint };
                default:
                  throw error;
              }
            },
          );
          asked.set(key, found);
        }
      }
      return (await Promise.all(asked.values())).filter((reference) => reference !== undefined);
    },
  };
};

/** A resolver for a project, and through `forTenant` for its tenants. Reads nothing before it is asked. */
export const createSecretResolver = (options: SecretOptions): ProjectSecrets => {
  const { env, sources } = options;
  const read = sourceReader(options);

  const lookup = (sources: SecretSources, otherwise: Lookup): Lookup => {
    const once = createMemo();
    return async (name, signal) => {
      const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
      if (source === undefined) return otherwise(name, signal);
      return once(name, (all) => read(name, source, all), signal);
    };
  };

  const project = lookup(sources, (name) => {
    const hint = `declare it under secrets: in the tenant's file or in the project's, such as ${name}: { env: NAME }`;
    throw new DeployerError("missing-secret", `the secret ${name} is not declared`, { hint, details: { name } });
  });

  return {
    ...resolver(env, project),
    forTenant: (sources) => {
      for (const [name, source] of Object.entries(sources)) {
        if (!("command" in source)) continue;
        throw new DeployerError("usage", `the tenant's secret ${name} is a command`, {
          hint: "only the project file may run commands: declare it there",
          details: { name },
        });
      }
      return resolver(env, lookup(sources, project));
    },
  };
};
