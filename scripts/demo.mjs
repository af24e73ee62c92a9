// The quickstart, for real: the built command line against a local service and a sample search server, in a temporary
// folder and on free ports. Exits 0 when every step did what its heading says and no secret was found anywhere.
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { AwsClient } from "aws4fetch";
import { placesWith, readFolder, secretForms } from "./demo/find-secrets.mjs";
import { createStage } from "./demo/stage.mjs";

const limit = 240_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const quickstart = join(root, "examples/quickstart");

/** How many records each dataset holds when everything is imported and uploaded. */
const expectedRecords = {
  "acme-t001-crm-contact-collect": 2,
  "acme-t001-crm-deal-collect": 3,
  "acme-t001-events-event-collect": 2,
  "acme-t001-reference-countries": 4,
  "acme-t002-crm-contact-collect": 1,
  "acme-t003-crm-contact-collect": 1,
  "acme-t003-crm-deal-collect": 1,
  "acme-t003-events-event-collect": 2,
  "acme-t003-reference-countries": 4,
  "acme-t004-events-event-collect": 2,
};

const dealsByCountry = `SELECT n.name AS country, n.region, count(*) AS deals, sum(d.amount) AS amount
  FROM "acme-t001-crm-deal-collect" d
  JOIN "acme-t001-crm-contact-collect" c ON c.id = d.contact
  JOIN "acme-t001-reference-countries" n ON n.code = c.country
  GROUP BY ALL ORDER BY amount DESC`;

const check = (condition, expectation) => {
  if (!condition) throw new Error(`expected ${expectation}`);
};

/** The environment of demo.env with fresh values for its placeholders, and those values. */
const plantSecrets = async () => {
  const planted = new Map();
  const plant = (placeholder) => {
    if (!planted.has(placeholder)) planted.set(placeholder, `planted-${randomBytes(16).toString("hex")}`);
    return planted.get(placeholder);
  };
  const text = await readFile(join(quickstart, "demo.env"), "utf8");
  const env = parseEnv(text.replaceAll(/placeholder-[a-z0-9-]+/g, plant));
  check(planted.size >= 6, "placeholders for the secrets in demo.env");
  return { env, secrets: [...planted.values(), ...env.SAMPLE_SEARCH_USERS.split(",")].flatMap(secretForms) };
};

const edit = async (file, from, to) => {
  const text = await readFile(file, "utf8");
  check(text.includes(from), `${JSON.stringify(from)} in ${file}`);
  await writeFile(file, text.replace(from, to));
};

const play = async (temp, stage) => {
  const project = join(temp, "quickstart");
  const data = join(temp, "service");
  await cp(quickstart, project, { recursive: true, filter: (path) => !path.endsWith(".connector-deployer") });

  const { env, secrets } = await plantSecrets();
  const environment = { ...process.env, ...env, SAMPLE_SEARCH_PORT: "0", NO_COLOR: "1" };

  stage.heading("start the sample search server and the local service");
  const sample = join(root, "examples/sample-search-server/server.mjs");
  environment.SAMPLE_SEARCH_URL = (await stage.start([sample], { env: environment })).url;
  const main = join(root, "dist/cli/main.js");
  const service = await stage.start([main, "serve", "--port", "0", "--data", data], { cwd: temp, env: environment });
  environment.INFINO_ENDPOINT = service.url;

  const deployer = async (heading, args, { exit = 0, says = [] } = {}) => {
    stage.heading(heading);
    const output = await stage.run("connector-deployer", [main, ...args, "-e", "demo"], {
      cwd: project,
      env: environment,
      exit,
    });
    for (const text of says) check(output.includes(text), `the output to say ${JSON.stringify(text)}`);
    return output;
  };
  const api = new AwsClient({
    accessKeyId: env.INFINO_ACCESS_KEY,
    secretAccessKey: env.INFINO_SECRET_KEY,
    service: "es",
    region: "us-east-1",
    retries: 0,
  });
  const request = async (path, init) => {
    const response = await api.fetch(`${service.url}${path}`, { ...init, signal: stage.signal });
    check(response.ok, `${init?.method ?? "GET"} ${path} to succeed, not to answer ${response.status}`);
    return response.json();
  };

  await deployer("validate the files", ["validate"]);
  await deployer("plan: what would be done", ["plan", "--out", "plan.json"], {
    says: ["26 to add, 0 to change, 0 to delete"],
  });
  await deployer("apply exactly that plan, until connections work and imports have run", [
    "apply",
    "plan.json",
    "--yes",
    "--wait",
  ]);
  await deployer("plan again: nothing to do", ["plan", "--exit-code"]);
  await deployer("what is there", ["status"], { says: ["2 connected", "3 completed", "26 resources, 0 unhealthy"] });
  const connections = await request("/sources/connections");
  check(connections.length === 6, `6 connections, not ${connections.length}`);
  for (const { config, status, reason } of connections) {
    check(status === "connected", `${config.name} to be connected, not ${status}: ${reason}`);
  }
  for (const { target_dataset, status, reason } of await request("/import/jobs")) {
    check(status === "completed", `the import into ${target_dataset} to be completed, not ${status}: ${reason}`);
  }
  const checkRecords = async (when) => {
    const datasets = await request("/metadata");
    const found = Object.fromEntries(datasets.map(({ index, docs_count }) => [index, docs_count]));
    for (const [dataset, count] of Object.entries(expectedRecords)) {
      check(found[dataset] === count, `${count} records in ${dataset} ${when}, not ${found[dataset]}`);
    }
    check(datasets.length === Object.keys(expectedRecords).length, `no other dataset ${when}: ${Object.keys(found)}`);
  };
  await checkRecords("after the imports");

  await edit(
    join(project, "connectors/crm/manifest.yaml"),
    "timeout_secs: { default: 30 }",
    "timeout_secs: { default: 60 }",
  );
  await deployer("one value edited: a plan of one line", ["plan", "--exit-code"], {
    exit: 2,
    says: ["0 to add, 3 to change, 0 to delete", "timeout_secs"],
  });
  await deployer("apply it", ["apply", "--yes"]);

  stage.heading("someone changes a connection behind the deployer's back");
  const { id } = connections.find(({ config }) => config.name === "acme-t002-crm");
  const init = { method: "PATCH", body: JSON.stringify({ config: { timeout_secs: 5 } }) };
  stage.say(`PATCH /source/${id} ${init.body}`);
  await request(`/source/${id}`, { ...init, headers: { "content-type": "application/json" } });
  await deployer("drift: what differs from what was last written", ["drift", "--exit-code"], {
    exit: 2,
    says: ["acme-t002-crm", "timeout_secs"],
  });
  await deployer("apply repairs it", ["apply", "--yes"]);
  await deployer("no drift any more", ["drift", "--exit-code"]);

  for (const tenant of ["t001", "t002", "t003", "t004"]) {
    await deployer(`destroy ${tenant}`, ["destroy", "-t", tenant, "--confirm", tenant]);
  }
  check((await request("/sources/connections")).length === 0, "no connection to be left");
  check((await request("/import/jobs")).length === 0, "no import job to be left");
  await checkRecords("after destroy");
  const rows = await deployer("the data is kept: SQL over imported records and an uploaded file", [
    "query",
    "--sql",
    dealsByCountry,
  ]);
  check(/Norway +Nordics +2 +1280\n *Sweden +Nordics +1 +450\n/.test(rows), "the deals of two countries");

  stage.heading("look for secrets in outputs, plan, ledger and the service's data");
  await stage.stop();
  const contents = [...stage.transcripts(), ...(await readFolder(temp))];
  const known = placesWith(["acme-t002-crm", "Ada Moen"], contents);
  for (const place of [
    "the output of main.js drift",
    "quickstart/plan.json",
    "quickstart/.connector-deployer/ledger.db",
    "service/service.db",
    "service/datasets.duckdb",
  ]) {
    check(
      known.some((one) => one.startsWith(place)),
      `the search to find what must be in ${place}`,
    );
  }
  const leaks = placesWith(secrets, contents);
  check(leaks.length === 0, `no secret in ${leaks.join(", ")}`);
  stage.say(`the planted secrets are in none of ${contents.length} outputs and files`);
};

const temp = await mkdtemp(join(tmpdir(), "connector-deployer-demo-"));
const stage = createStage({ limit });
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stage.interrupt(signal));
try {
  await play(temp, stage);
  stage.heading("done");
} catch (error) {
  console.error(
    `\ndemo failed at "${stage.current()}": ${stage.signal.aborted ? stage.signal.reason.message : error.message}`,
  );
  process.exitCode = 1;
} finally {
  await stage.stop();
  await rm(temp, { recursive: true, force: true });
}
