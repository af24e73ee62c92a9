import type { Catalog } from "../catalog/index.ts";
import type { Path, Properties } from "../contract/index.ts";
import type { InfinoClient } from "../infino/index.ts";
import { connection } from "./connection.ts";
import { dataset } from "./dataset.ts";
import { file } from "./file.ts";
import { importJob } from "./import-job.ts";
import type { ResourceKind } from "./types.ts";

/** The kinds of an Infino target, in dependency order. To add one: its file, and its line here. */
export const infinoKinds: readonly ResourceKind<InfinoClient>[] = [dataset, connection, file, importJob];

/** Catalog-secret paths of a component's properties; none for kinds that are not known. */
export const secretPaths = (catalog: Catalog, type: string, properties: Properties): readonly Path[] =>
  infinoKinds.find((kind) => kind.name === type)?.shape(properties, catalog).secret ?? [];
