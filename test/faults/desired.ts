import type { Catalog } from "../../src/catalog/index.ts";
import { builtinConnectorTypes, createCatalog } from "../../src/catalog/index.ts";
import type { Json, Properties, Resource } from "../../src/contract/index.ts";
import { aConnection, aJob } from "../engine/workbench.ts";
import type { Random } from "../support/random.ts";

/** Two connector types that nothing is tried for, so that no answer waits for a look at a source. */
export const catalog: Catalog = createCatalog(
  ["alpha", "beta"].flatMap((id) =>
    builtinConnectorTypes().flatMap((type) => (type.id === "elasticsearch" ? [{ ...type, id }] : [])),
  ),
);

type Job = { query: number; schedule: string };
type System = {
  source: "alpha" | "beta";
  timeout: number | undefined;
  host: number;
  jobs: Map<string, Job>;
};
type Tenant = { systems: Map<string, System>; datasets: Map<string, "retain" | "delete"> };

/** What the files ask for, as something that a seed can change round after round. */
export type Wanted = Map<string, Tenant>;

const schedules = ["0 0 * * *", "30 2 * * *", "0 */6 * * *"];

const newSystem = (random: Random): System => ({
  source: "alpha",
  timeout: random.pick([undefined, 20, 40]),
  host: random.whole(3),
  jobs: new Map(
    ["contact", "deal"]
      .slice(0, 1 + random.whole(2))
      .map((name) => [name, { query: 0, schedule: random.pick(schedules) }]),
  ),
});

export const wanted = (random: Random): Wanted =>
  new Map(
    ["t1", "t2"].map((tenant) => [
      tenant,
      {
        systems: new Map(["crm", "erp", "hr"].map((name) => [name, newSystem(random)])),
        datasets: new Map(["contacts", "deals"].map((name) => [name, random.pick(["retain", "delete"] as const)])),
      },
    ]),
  );

/** A few changes of every sort. */
export const change = (of: Wanted, random: Random): void => {
  for (const tenant of of.values()) {
    for (let left = 3 + random.whole(3); left > 0; left--) {
      const [name, system] = random.pick([...tenant.systems]);
      const [job] = [...system.jobs.keys()];
      switch (random.whole(9)) {
        case 0:
        case 1:
          system.timeout = random.pick([10, 50, 70, 90]);
          break;
        case 2:
          system.timeout = undefined;
          break;
        case 3:
          system.host++;
          break;
        case 4:
          system.source = system.source === "alpha" ? "beta" : "alpha";
          break;
        case 5:
          if (job !== undefined) system.jobs.set(job, { query: random.whole(100), schedule: random.pick(schedules) });
          break;
        case 6:
          if (tenant.systems.size > 2) tenant.systems.delete(name);
          break;
        case 7:
          tenant.systems.set(`new${random.whole(1_000)}`, newSystem(random));
          break;
        default: {
          const [dataset] = [...tenant.datasets.keys()];
          if (dataset !== undefined && tenant.datasets.size > 1) tenant.datasets.delete(dataset);
          else tenant.datasets.set(`more${random.whole(1_000)}`, "delete");
        }
      }
    }
  }
};

export const resourcesOf = (of: Wanted): Readonly<Record<string, readonly Resource[]>> => {
  const all: Record<string, Resource[]> = {};
  for (const [tenant, { systems, datasets }] of of) {
    const list: Resource[] = [];
    for (const [name, on_delete] of datasets) {
      const _id = `acme-${tenant}-${name}`;
      list.push({ tenant, kind: "dataset", _id, properties: { name: _id, on_delete } });
    }
    for (const [name, { source, timeout, host, jobs }] of systems) {
      const _id = `acme-${tenant}-${name}`;
      const config: { [key: string]: Json } = { base_url: `http://127.0.0.1:9/${host}` };
      if (timeout !== undefined) config["timeout_secs"] = timeout;
      const connection = aConnection(tenant, config, _id);
      list.push({ ...connection, properties: { ...connection.properties, source } });
      for (const [job, { query, schedule }] of jobs) {
        const own: Properties = { source, target_dataset: `${_id}-${job}`, query: `{"size":${query}}`, schedule };
        list.push({ ...aJob(tenant, own, _id), _id: `${_id}-${job}` });
      }
    }
    all[tenant] = list;
  }
  return all;
};
