import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { startBigqueryGate } from "./bigquery-gate.ts";
import { fetchEnvironment, noPython, type PythonServer, startPython } from "./python.ts";
import type { Found, Start } from "./started.ts";

/** A stand-in for Snowflake, with its logins. `GET url/log` tells which statements came in. */
export type SnowflakeServer = {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly token: string;
};

/** A stand-in for BigQuery, with a key of its account and one of a stranger. `GET url/log` tells which queries came in. */
export type BigqueryServer = {
  readonly url: string;
  readonly project: string;
  /** The datasets that it has. */
  readonly datasets: readonly string[];
  /** Key files, as text. */
  readonly key: string;
  readonly strangerKey: string;
};

declare module "vitest" {
  interface ProvidedContext {
    readonly snowflake: Found<SnowflakeServer>;
    readonly bigquery: Found<BigqueryServer>;
  }
}

type Running<Server> = { readonly found: Found<Server>; stop(): Promise<void> };

const folder = join(import.meta.dirname, "warehouse-servers");

/** Stand-ins, in virtual environments of Python with the packages that their requirements pin. */
export const start: Start<{ snowflake: Found<SnowflakeServer>; bigquery: Found<BigqueryServer> }> = async () => {
  const starting = [startSnowflake(), startBigquery()] as const;
  const stop = async (): Promise<void> => {
    for (const result of await Promise.allSettled(starting)) {
      if (result.status === "fulfilled") await result.value.stop();
    }
  };
  try {
    const [snowflake, bigquery] = await Promise.all(starting);
    return { values: { snowflake: snowflake.found, bigquery: bigquery.found }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const notThere = { found: { missing: noPython }, stop: async () => undefined };

const environment = (name: string): Promise<string | undefined> =>
  fetchEnvironment(name, join(folder, `${name}.requirements.txt`));

const startSnowflake = async (): Promise<Running<SnowflakeServer>> => {
  const python = await environment("snowflake");
  if (python === undefined) return notThere;
  const login = { user: "LOADER", password: "pass:word/ü", token: "pat-3f9a1c7e5b" };
  const { port, version, stop } = await startPython(python, [join(folder, "snowflake_stand_in.py")], {
    STAND_IN_USER: login.user,
    STAND_IN_PASSWORD: login.password,
    STAND_IN_TOKEN: login.token,
  });
  const url = `http://127.0.0.1:${port}`;
  return { found: { answered: `a stand-in, fakesnow ${version} at ${url}`, url, ...login }, stop };
};

const startBigquery = async (): Promise<Running<BigqueryServer>> => {
  const python = await environment("bigquery");
  if (python === undefined) return notThere;
  const [project, email, datasets] = ["demo-project", "loader@demo-project.iam", ["sales", "marketing"]] as const;
  const [own, other] = [keyPair(), keyPair()];
  const server = await startPython(python, [join(folder, "bigquery_stand_in.py"), project]);
  await Promise.all(datasets.map((dataset) => createDataset(server, project, dataset)));
  const gate = await startBigqueryGate(server.port, { email, publicKey: own.publicKey });
  const keyFile = (privateKey: string): string =>
    JSON.stringify({
      type: "service_account",
      project_id: project,
      private_key_id: "1",
      private_key: privateKey,
      client_email: email,
      token_uri: `${gate.url}/token`,
    });
  return {
    found: {
      answered: `a stand-in, bqemulator ${server.version} at ${gate.url}`,
      url: gate.url,
      project,
      datasets,
      key: keyFile(own.privateKey),
      strangerKey: keyFile(other.privateKey),
    },
    stop: async () => {
      await gate.stop();
      await server.stop();
    },
  };
};

const keyPair = (): { readonly publicKey: string; readonly privateKey: string } =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });

const createDataset = async ({ port }: PythonServer, projectId: string, datasetId: string): Promise<void> => {
  const answer = await fetch(`http://127.0.0.1:${port}/bigquery/v2/projects/${projectId}/datasets`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ datasetReference: { projectId, datasetId } }),
  });
  if (!answer.ok) throw new Error(`the dataset ${datasetId} was not made: ${answer.status} ${await answer.text()}`);
};
