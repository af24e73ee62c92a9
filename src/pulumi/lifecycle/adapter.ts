import type { Catalog } from "../../catalog/index.ts";
import type { Path, Properties } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { InfinoClient } from "../../infino/index.ts";
import type { ResourceKind } from "../../resources/index.ts";
import { infinoKinds } from "../../resources/index.ts";

/** Something wrong with an argument. */
export type ArgumentProblem = { readonly property: string; readonly message: string; readonly hint?: string };

/** How the arguments of a Pulumi class and the properties of a kind become each other. */
export type Adapter = {
  readonly kind: ResourceKind<InfinoClient>;
  /** Names of the class's own arguments. */
  readonly fields: readonly string[];
  /** True: its live id is its name, which anybody may have at another address. Default: ids are random. */
  readonly isNamed?: true;
  properties(inputs: Properties): Properties;
  inputs(properties: Properties): Properties;
  /** The argument that a path of the properties is about, as Pulumi writes it. */
  argument(path: Path): string;
  /** Values that the target works out of others by itself, by their paths. */
  derived?(properties: Properties, catalog: Catalog): { readonly [path: Path]: unknown };
  /** Outputs of its own. */
  outputs?(id: string): Properties;
  /** What the kind's own checks cannot see: arguments that the class takes in another way. */
  problems?(inputs: Properties): readonly ArgumentProblem[];
  /** Fills in what follows from files below `dir`; sends nothing. */
  fill?(
    inputs: Properties,
    dir: string,
  ): Promise<{ readonly inputs: Properties; readonly problems: readonly ArgumentProblem[] }>;
  /** True where the value may be shown in messages; nothing else is, since the program may have marked it as secret. */
  isShown(path: Path): boolean;
};

export const kindNamed = (name: string): ResourceKind<InfinoClient> => {
  const kind = infinoKinds.find((candidate) => candidate.name === name);
  if (kind === undefined) throw new DeployerError("internal", `there is no kind "${name}"`);
  return kind;
};
