import type { Json, Properties } from "./json.ts";
import type { Change, Entity, Resource } from "./types.ts";

/** Members of an entity that are the contract's own, not properties. */
const own = (key: string): boolean => key.startsWith("$") || key.startsWith("_");

/** A change's desired properties. */
export const entityProperties = (entity: Entity): Properties =>
  Object.fromEntries(Object.entries(entity).filter(([key]) => !own(key)));

/** What the change saw live, `{}` where nothing was. */
export const basedOn = (entity: Entity): Properties => (entity["$based_on"] ?? {}) as { readonly [key: string]: Json };

export const insertEntity = (resource: Resource): Entity => ({
  _id: resource._id,
  _deleted: false,
  $ids: [`~:${resource._id}`],
  $based_on: {},
  ...resource.properties,
});

export const updateEntity = (resource: Resource, seen: Properties): Entity => ({
  _id: resource._id,
  _deleted: false,
  $based_on: seen,
  ...resource.properties,
});

export const deleteEntity = (resource: Resource, seen: Properties): Entity => ({
  _id: resource._id,
  _deleted: true,
  $based_on: seen,
  ...resource.properties,
});

/** The resource that a change wants (or, for a delete, gives up). */
export const changeResource = (change: Change): Resource => ({
  tenant: change.tenant,
  kind: change.kind,
  _id: change.entity._id,
  properties: entityProperties(change.entity),
});
