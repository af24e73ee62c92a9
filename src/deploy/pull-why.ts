import { equal } from "../canonical.ts";
import type { Component, Json, Path } from "../contract/index.ts";
import { at } from "../contract/index.ts";
import type { Location } from "../diagnostic.ts";
import type { Expansion, Origin, PlacedEdit } from "../manifest/index.ts";
import { wholeOf } from "./pull-find.ts";
import { some } from "./some.ts";

type Source = Origin["sources"][number];

const placeText = ({ file, line, column }: Location): string => `${file}:${line}:${column}`;

/** The value that all share and one tenant now has of its own. */
const sharedSource = (expansion: Expansion, component: Component, path: Path): Source | undefined =>
  expansion
    .origin(component, path)
    ?.sources.find(({ location }) => location !== undefined && location.file !== expansion.tenant.file);

/** A component that has a shared value at a place of a template. */
type User = { readonly tenant: string; readonly component: Component };

/**
 * Tells why an edit goes where it goes. Of one that is moved into a tenant's file: which other tenants use the shared
 * value at the same place of the template and keep it.
 */
export const explainer = (
  expansions: readonly Expansion[],
  edited: ReadonlyMap<Component, Json>,
  isTenantOnly: boolean,
): ((edit: PlacedEdit, component: Component) => string) => {
  const byTenant = new Map(expansions.map((expansion) => [expansion.tenant.id, expansion]));
  const known = new Map<string, readonly User[]>();
  const findUsers = (path: Path, { connector, datatype }: Component, place: string, source: string): readonly User[] =>
    expansions.flatMap((expansion) =>
      expansion.components.flatMap((other): User[] => {
        if (other.connector !== connector || other.datatype !== datatype) return [];
        const location = expansion.locate(other, path);
        if (location === undefined || placeText(location) !== place) return [];
        const shared = sharedSource(expansion, other, path)?.location;
        const isUser = shared !== undefined && placeText(shared) === source;
        return isUser ? [{ tenant: expansion.tenant.id, component: other }] : [];
      }),
    );
  /** Other tenants that use the value at this place and keep it. */
  const keepers = ({ path }: PlacedEdit, component: Component, own: Expansion, shared: Location): string[] => {
    const location = own.locate(component, path);
    if (location === undefined) return [];
    const [place, source] = [placeText(location), placeText(shared)];
    const key = [path, component.connector, component.datatype ?? "", place, source].join("\n");
    const users = known.get(key) ?? findUsers(path, component, place, source);
    known.set(key, users);
    const keeps = (one: Component): boolean => {
      const now = edited.get(one);
      return now === undefined || equal(at(now, path), at(wholeOf(one), path));
    };
    const found = users.filter((user) => user.tenant !== component.tenant && keeps(user.component));
    return [...new Set(found.map(({ tenant }) => tenant))];
  };
  return (edit, component) => {
    const own = byTenant.get(component.tenant);
    switch (edit.into) {
      case "template":
        return "the template";
      case "manifest":
        return "the manifest's value";
      case "multi-tenant":
        return edit.location.file.startsWith("environments/") ? "the environment's value" : "the project's value";
      case "tenant": {
        const source = own && sharedSource(own, component, edit.path);
        if (own === undefined || source?.location === undefined) return "the tenant's own value";
        if (isTenantOnly) return "the tenant's file, because of --tenant-only";
        const others = keepers(edit, component, own, source.location);
        if (others.length === 0)
          return `the tenant's file, since others have another value than this for the ${source.from}`;
        return `the tenant's file, since ${some(others)} ${others.length === 1 ? "uses" : "use"} the ${source.from} as it is`;
      }
      default:
        return edit.into satisfies never;
    }
  };
};
