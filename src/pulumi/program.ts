// The program of the Pulumi.yaml at the top of this repository, and of everybody who imports it: the stack's tenant.
import { nearest } from "../nearest.ts";
import { pulumi } from "./sdk.ts";
import { Tenant } from "./tenant.ts";
import { TenantDeployment } from "./tenant-deployment.ts";

const settings = new pulumi.Config("connector-deployer");
const granularities = ["resource", "tenant"] as const;

const names = ["project", "tenant", "environment", "granularity", "adopt", "prune"];
const namespace = "connector-deployer:";
for (const key of Object.keys(pulumi.runtime.allConfig())) {
  const name = key.slice(namespace.length);
  if (!key.startsWith(namespace) || names.includes(name)) continue;
  throw new pulumi.RunError(`${key} is not a setting of this program; ${nearest(name, names, "settings are")}`);
}

const granularity = settings.get("granularity") ?? "resource";
if (!granularities.some((known) => known === granularity)) {
  throw new pulumi.RunError(
    `connector-deployer:granularity is "${granularity}"; write resource (a Pulumi resource for each of the tenant's) or tenant (one for all)`,
  );
}

const project = settings.get("project");
if (project === undefined) {
  throw new pulumi.RunError(
    "connector-deployer:project is not set: name the project's folder, relative to Pulumi.yaml, with pulumi config set connector-deployer:project DIR",
  );
}

const tenant = settings.get("tenant") ?? pulumi.getStack();
const environment = settings.get("environment");
/** What is live already and nobody's, such as datasets that an earlier stack of the tenant left, is taken over. */
const adopt = settings.getBoolean("adopt") ?? false;
const place = { project, tenant, ...(environment === undefined ? {} : { environment }) };

const deployed =
  granularity === "tenant"
    ? new TenantDeployment(tenant, {
        ...place,
        prune: settings.getBoolean("prune") ?? false,
        ...(adopt ? { adopt: ["**"] } : {}),
      })
    : new Tenant(tenant, { ...place, ...(adopt ? { adopt } : {}) });

/** Live ids by `_id`. */
export const ids =
  deployed instanceof Tenant
    ? deployed.ids
    : deployed.resources.apply((resources) =>
        Object.fromEntries(
          Object.entries(resources).map(([address, { id }]) => [address.slice(address.indexOf("/") + 1), id]),
        ),
      );
