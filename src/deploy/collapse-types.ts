import type { Json, Path } from "../contract/index.ts";
import type { Location } from "../diagnostic.ts";
import type { PlacedEdit, UnplacedReason } from "../manifest/index.ts";

/** An edit that has a place. What may be a secret has neither `from` nor `to`. */
export type CollapsePlaced = {
  /** File of the expansion. */
  readonly name: string;
  readonly path: Path;
  readonly from?: Json;
  readonly to?: Json;
  readonly into: PlacedEdit["into"] | "profile";
  readonly location: Location;
};

export type CollapseUnplaced = Omit<CollapsePlaced, "into" | "location"> & {
  readonly reason: UnplacedReason;
  readonly message: string;
  readonly location?: Location;
};

/** A file of the connector that changes. Lines that may hold a secret are hidden; values of an environment have no texts. */
export type CollapseFile = {
  readonly file: string;
  /** It was not there before. */
  readonly created: boolean;
  readonly before?: string;
  readonly after?: string;
};

export type Collapsed = {
  readonly files: readonly CollapseFile[];
  /** Sorted by name and path. */
  readonly placed: readonly CollapsePlaced[];
  readonly unplaced: readonly CollapseUnplaced[];
};

export type CollapseReport = Collapsed & {
  readonly type: "collapse-report";
  readonly schemaVersion: 1;
  readonly tool: string;
  /** Folder of the connector, as it was given. */
  readonly connector: string;
  /** Folder of the edited expansion. */
  readonly expanded: string;
  readonly dryRun: boolean;
  /** Whether the files were written. */
  readonly written: boolean;
};

export type CollapseOptions = {
  /** Folder of the edited expansion; default `.expanded` in the connector's. */
  readonly expanded?: string;
  /** First part of `PROFILE-env.json`; default `test`. */
  readonly profile?: string;
  /** What stood for the system when it was expanded; default `xxxxxx`. */
  readonly system?: string;
  /** Write nothing; default false. */
  readonly dryRun?: boolean;
  /** Write what has a place where something has none; default false. */
  readonly partial?: boolean;
  /** Called with what was found before anything is written; what it throws ends the call. */
  readonly confirm?: (found: Collapsed) => Promise<void>;
};
