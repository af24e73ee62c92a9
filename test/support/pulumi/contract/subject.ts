import type { Front } from "../front.ts";
import type { State } from "../provider-host.ts";
import type { World } from "./world.ts";

export type Kind = "connection" | "dataset" | "file-upload" | "import-job";

/** Arguments after a change. */
export type Change = (given: State, world: World) => State;

export type Replacement = {
  readonly property: string;
  readonly news: Change;
  /** Both objects would have one key, so the old one has to go first. */
  readonly deletesFirst: boolean;
};

export type WrongArgument = {
  readonly what: string;
  readonly news: Change;
  readonly property: string;
  readonly reason: RegExp;
};

/** What is particular to a kind; the cases are the same for all. */
export type Subject = {
  readonly kind: Kind;
  /** Arguments that make an object of its own. */
  given(world: World): Promise<State>;
  /** Names of arguments that cannot be left out. */
  readonly required: readonly string[];
  /** Paths into the arguments where a preview may have something unknown. */
  readonly unknowns: readonly (readonly (string | number)[])[];
  /** What one update writes, where the kind can be updated. */
  readonly change?: {
    readonly news: Change;
    writes(id: string): readonly string[];
    /** All that the first write says, where that is JSON. */
    readonly body?: State;
  };
  readonly replacements: readonly Replacement[];
  /** Changes that only the state has to know. */
  readonly settings: readonly { readonly what: string; readonly news: Change }[];
  readonly wrong: readonly WrongArgument[];
  /** Live objects that these arguments mean. */
  count(given: State, world: World): Promise<number>;
  /** Somebody else takes it away. */
  takeAway(id: string, world: World): Promise<void>;
  /** Somebody else makes an object of the same name. Gives its id. */
  occupy(given: State, world: World): Promise<string>;
  /** Whether that object is plainly not an attempt of ours. */
  readonly isOccupiedByAnother: boolean;
  /** What a look-up by id shows of the arguments. */
  readonly shown: readonly string[];
  /** The request that makes one: its method. */
  readonly createdBy: "POST" | "PUT";
  /** Keeps its data on delete unless told otherwise. */
  readonly keepsData: boolean;
  /** Values that only a fingerprint stands for in an import file: path of the kind's property, argument with another value. */
  readonly fingerprinted?: { readonly path: string; readonly without: Change; readonly other: Change };
};

/** Requests that were no reads. */
export const writes = (requests: readonly string[]): readonly string[] =>
  requests.filter((request) => !request.startsWith("GET"));

/** The requests that were sent while this ran. */
export const requestsOf = async ({ front }: { readonly front: Front }, work: () => Promise<unknown>) => {
  const before = front.requests.length;
  await work();
  return front.requests.slice(before);
};

/** A copy with another value at a path. */
export const withValue = (state: unknown, path: readonly (string | number)[], value: unknown): unknown => {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(state)) return state.map((item, index) => (index === first ? withValue(item, rest, value) : item));
  const members = (typeof state === "object" && state !== null ? state : {}) as State;
  return { ...members, [first]: withValue(members[first], rest, value) };
};

export const without = (state: State, ...names: readonly string[]): State =>
  Object.fromEntries(Object.entries(state).filter(([name]) => !names.includes(name)));
