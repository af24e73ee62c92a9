import type { Path, Properties } from "../../contract/index.ts";
import { at } from "../../contract/index.ts";
import { argumentsOf, stateOf } from "../lifecycle/picture.ts";
import { pointer, resourceType } from "../pointer.ts";
import { tenantChild } from "../tenant-child.ts";

/** An existing resource, without any secret: other resources stand in it by their live ids. */
export type ImportItem = {
  readonly kind: string;
  readonly _id: string;
  readonly id: string;
  /** Name of the project's target. */
  readonly target: string;
  readonly endpoint: string;
  readonly properties: Properties;
  readonly live: Properties;
  readonly health?: { readonly status: string; readonly reason?: string };
  /** Of the values that are left out, by their JSON Pointers. */
  readonly fingerprints: { readonly [path: Path]: string };
};

export type ImportSettings = {
  /** The program's folder. */
  readonly folder: string;
  /** The project's folder, relative to the program's. */
  readonly project: string;
  readonly environment: string;
  /** The project's own connector types, relative to its folder. */
  readonly catalogFiles: readonly string[];
  /** Name of the `Tenant` that they are children of; absent where the program declares them by themselves. */
  readonly tenant?: string;
};

/** One line of a file for `pulumi import --file`. */
export type ImportEntry = {
  readonly type: string;
  /** Unique in the file. */
  readonly name: string;
  readonly logicalName?: string;
  readonly id?: string;
  readonly parent?: string;
  readonly component?: true;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
};

/** Type token of the component that declares a tenant. */
export const tenantType = "connector-deployer:index:Tenant";

const entryOf = (item: ImportItem, settings: ImportSettings, parent: string | undefined): ImportEntry => {
  const { kind: name, _id, id, target, endpoint, properties, live, health, fingerprints } = item;
  const { folder, project, environment, tenant = "" } = settings;
  const resource = { tenant, kind: name, _id, properties, references: [], isProtected: false, ignored: [] };
  const { kind, args } = tenantChild(resource, { ...settings, target }, { folder, project, environment });
  const { adapter } = kind;
  // What a check works out of the file itself.
  const content = adapter.kind.localFile === undefined ? undefined : at(properties, adapter.kind.localFile.digest);
  const given = { ...args, ...(content === undefined ? {} : { content }) };
  const provider = { __provider: pointer(kind.provider) };
  // In the arguments too: a check tells by it what is left out and what is missing.
  const symbols = Object.keys(fingerprints).length === 0 ? {} : { fingerprints };
  return {
    type: resourceType(kind.className),
    name: _id,
    id,
    ...(parent === undefined ? {} : { parent }),
    inputs: { ...argumentsOf(adapter, given), ...provider, ...symbols },
    outputs: {
      ...stateOf(adapter, id, given, endpoint, { live, health }),
      ...provider,
      ...symbols,
    },
  };
};

/** A name that none of the others has. */
const free = (name: string, others: readonly string[]): string =>
  others.includes(name) ? free(`${name}-tenant`, others) : name;

/**
 * The content of a file for `pulumi import --file`: existing resources with what their classes and providers would have
 * recorded, so that the next `pulumi up` has nothing to do. Deterministic. Things come after what they need.
 */
export const importFile = (items: readonly ImportItem[], settings: ImportSettings): string => {
  const { tenant } = settings;
  const parent =
    tenant === undefined
      ? undefined
      : free(
          tenant,
          items.map(({ _id }) => _id),
        );
  const component: readonly ImportEntry[] =
    tenant === undefined || parent === undefined
      ? []
      : [
          {
            type: tenantType,
            name: parent,
            ...(parent === tenant ? {} : { logicalName: tenant }),
            component: true,
            inputs: {
              project: settings.project,
              ...(settings.environment === "default" ? {} : { environment: settings.environment }),
              tenant,
            },
            outputs: { ids: Object.fromEntries(items.map(({ _id, id }) => [_id, id])) },
          },
        ];
  const resources = [...component, ...items.map((item) => entryOf(item, settings, parent))];
  return `${JSON.stringify({ resources }, null, 2)}\n`;
};
