import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Components that one tenant has: 2 of the system template, 3 of each of 6 datatypes. */
export const perTenant = 20;

const project = `vendor: acme
targets:
  default:
    type: infino
    endpoint: $ENV(INFINO_ENDPOINT)
    access_key: $ENV(INFINO_ACCESS_KEY)
    secret_key: $SECRET(infino_secret_key)
connectors:
  crm:
    path: crm
    auth: { api_base_url: https://api.crm.example/v2 }
    parameter_values: { page_size: 200 }
secrets:
  infino_secret_key: { env: INFINO_SECRET_KEY }
waves: [canary, rest]
`;

const manifest = `additional_parameters: { base_url: {}, page_size: { default: 100 } }
system-template: system.yaml
datatypes:
${["contact", "company", "deal", "invoice", "product", "order"]
  .map((name) => `  ${name}: { template: datatype.yaml, sync_frequency: slow, parameters: { order_by: updated } }\n`)
  .join("")}`;

const system = `_id: <<@ system @>>
type: connection
source: elasticsearch
auth: api_key
config: { base_url: <<@ base_url @>>, api_key: $SECRET(crm_api_key), timeout_secs: 30, accept_invalid_certs: false }
---
{ _id: <<@ system @>>-contacts, type: dataset, name: <<@ system @>>-contacts, on_delete: retain }
`;

const datatype = `- _id: <<@ system @>>-<<@ datatype @>>-collect
  type: import-job
  connection: <<@ system @>>
  source_dataset: <<@ datatype @>>s
  target_dataset: <<@ system @>>-<<@ datatype @>>-collect
  query: { query: { match_all: {} }, size: <<@ page_size @>>, sort: <<@ order_by @>> }
  schedule: "0 0 * * *"
- _id: <<@ system @>>-<<@ datatype @>>-full
  type: import-job
  connection: <<@ system @>>
  source_dataset: <<@ datatype @>>s
  target_dataset: <<@ system @>>-<<@ datatype @>>-full
  query: { query: { match_all: {} }, full: <<@ is_fullsync @>> }
- { _id: <<@ system @>>-<<@ datatype @>>, type: dataset, name: <<@ system @>>-<<@ datatype @>>, on_delete: retain }
`;

const tenant = (id: string): string => `id: ${id}
state: present
labels: { wave: canary, region: eu }
target: default
connectors:
  crm:
    auth: { account_id: "8812", is_fullsync: { contact: true } }
    parameter_values: { page_size: 50 }
    datatypes: { contact: { parameter_values: { order_by: created } } }
secrets: { crm_api_key: { env: CRM_KEY } }
`;

/** Writes a project of so many tenants, each with `perTenant` components. */
export const writeManyTenants = async (dir: string, tenants: number): Promise<void> => {
  await mkdir(join(dir, "crm"));
  await mkdir(join(dir, "tenants"));
  await writeFile(join(dir, "connector-deployer.yaml"), project);
  await writeFile(join(dir, "crm/manifest.yaml"), manifest);
  await writeFile(join(dir, "crm/system.yaml"), system);
  await writeFile(join(dir, "crm/datatype.yaml"), datatype);
  for (let index = 0; index < tenants; index++) {
    const id = `t${String(index).padStart(4, "0")}`;
    await writeFile(join(dir, `tenants/${id}.yaml`), tenant(id));
  }
};
