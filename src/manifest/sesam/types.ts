import type { Json, Path } from "../../contract/index.ts";
import type { Diagnostic, Location } from "../../diagnostic.ts";
import type { ComponentTemplate } from "../expand/compile-template.ts";
import type { Scope } from "../expand/scope.ts";
import type { Source } from "../parse/source.ts";

/** One file of an expansion in Sesam's form. */
export type SesamFile = {
  /** Relative to the expansion's folder: `pipes/_ID.conf.json`, `systems/_ID.conf.json`, `node-metadata.conf.json`, `PROFILE-env.json`. */
  readonly path: string;
  readonly content: Json;
  /** Where it came from; absent for what no template holds. */
  readonly from?: {
    readonly datatype: string | undefined;
    readonly template: ComponentTemplate;
    /** A template language made it. */
    readonly rendered: boolean;
    readonly scope: Scope;
    /** Paths that the expansion added: the comment of shared templates, permissions of webhooks. */
    readonly generated: readonly Path[];
  };
};

export type SesamExpansion = {
  /** Sorted by path. */
  readonly files: readonly SesamFile[];
  readonly diagnostics: readonly Diagnostic[];
};

export type SesamOptions = {
  /** First part of `PROFILE-env.json`; default `test`. */
  readonly profile?: string;
  /** What stands for the system; default `xxxxxx`. */
  readonly system?: string;
};

/** A folder with a Sesam connector, read and compiled. */
export type SesamConnector = {
  /** Absolute. */
  readonly dir: string;
  /** What stands for the system. */
  readonly system: string;
  readonly datatypes: readonly string[];
  /** The template of a datatype, or the system template; undefined where there is none. */
  template(
    datatype: string | undefined,
  ): { readonly source: Source; readonly rendered: boolean; readonly scope: Scope } | undefined;
  /** The folder's own `PROFILE-env.json`, where there is one. */
  readonly profile: Source | undefined;
  /** All files that were read: the manifest, the templates and the profile. */
  sources(): readonly Source[];
  /** Errors here mean that nothing can be expanded. */
  readonly diagnostics: readonly Diagnostic[];
  /** What a reviewer would want to be told: only warnings. */
  review(): readonly Diagnostic[];
  expand(): SesamExpansion;
  /** Place of a value of one of its files in the template; undefined for what no template holds. */
  locate(file: SesamFile, path: Path): Location | undefined;
};
