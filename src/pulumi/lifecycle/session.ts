import type { Live, Path, Properties } from "../../contract/index.ts";
import { address } from "../../contract/index.ts";
import { DeployerError } from "../../errors.ts";
import type { Adapter } from "./adapter.ts";
import { fingerprintsOf, fittingPaths } from "./fingerprint.ts";
import type { Opened } from "./open-target.ts";

/** What a provider knows for as long as its process lives: one `pulumi` command. */
export type Session = {
  readonly adapter: Adapter;
  readonly dir: string;
  open(inputs: Properties): Promise<Opened>;
  /** Live ids of resources that are in the state: none of them is an earlier attempt at another one. */
  readonly owned: Set<string>;
  /** Names that the program asks for by now, by live id. */
  readonly asked: Map<string, string>;
  /** Names of what was made here, with their endpoints. */
  readonly made: Set<string>;
  /** Live ids of what was found and taken for a new resource here: no other resource's deletion may take it away. */
  readonly claimed: Set<string>;
};

export const placeOf = ({ adapter }: Session, { target }: Opened, properties: Properties): string =>
  JSON.stringify([target.endpoint, address(adapter.kind.name, adapter.kind.key(properties))]);

/**
 * Paths of which the state has only a fingerprint, which fits what the program gives. Reads the target's secret key where
 * there is any such path, and sends nothing.
 */
export const fittingOf = async (
  session: Session,
  id: string,
  olds: Properties,
  news: Properties,
): Promise<readonly Path[]> => {
  if (Object.keys(fingerprintsOf(olds)).length === 0) return [];
  const { secretKey } = await session.open(news);
  return fittingPaths(secretKey, id, olds, session.adapter.properties(news), news);
};

/** A guard's refusal: nothing was written. */
export const refusal = (message: string, hint: string): DeployerError =>
  new DeployerError("blocked", message, { hint });

/** True where the target points at another address than the one that the state was written with. */
export const isElsewhere = ({ target }: Opened, state: Properties): boolean =>
  typeof state["endpoint"] === "string" && state["endpoint"] !== target.endpoint;

const wayBack = "point the target at the old address, or take the resource out of the state with `pulumi state delete`";

/** For what was not found. Ids are random: where one is found at another address, that is the same service. */
export const refuseElsewhere = ({ adapter }: Session, opened: Opened, id: string, state: Properties): void => {
  if (!isElsewhere(opened, state)) return;
  const { endpoint } = opened.target;
  throw refusal(
    `the ${adapter.kind.name} ${id} was at ${state["endpoint"]}; ${endpoint}, where the target points now, has none of that id`,
    wayBack,
  );
};

/** For kinds whose ids are names, before anything is sent: what has the name at another address may be anybody's. */
export const refuseNamesake = ({ adapter }: Session, opened: Opened, id: string, state: Properties): void => {
  if (adapter.isNamed !== true || !isElsewhere(opened, state)) return;
  const { endpoint } = opened.target;
  throw refusal(
    `the ${adapter.kind.name} ${id} was at ${state["endpoint"]}; what ${endpoint}, where the target points now, has under that name may be somebody else's`,
    `${wayBack}; with adopt: true a new one takes over what is there`,
  );
};

/** For a look-up: nothing would be made in its place. */
export const notThere = ({ adapter }: Session, { target }: Opened, id: string): DeployerError =>
  new DeployerError("usage", `there is no ${adapter.kind.name} ${id} at ${target.endpoint}`, {
    hint: "correct the id, or the target where it is looked up",
  });

export const gone = ({ adapter }: Session, id: string): DeployerError =>
  refusal(
    `the ${adapter.kind.name} ${id} is gone from the target`,
    "run `pulumi refresh`, then `pulumi up` makes it anew",
  );

export const idsOf = (objects: readonly Live[]): string => objects.map((live) => live.id).join(", ");
