import type { Base, Change, Field, Live, Outcome } from "../contract/index.ts";
import type { Lease, Ledger, OpenIntent } from "../ledger/index.ts";
import type { IdMap } from "./ids.ts";

/** What one change came to. */
export type Written = {
  readonly outcome: Outcome;
  readonly id?: string;
  readonly fields?: Change["fields"];
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
};

/** One change on its way, with everything that it may touch besides the target. */
export type Work = {
  readonly change: Change;
  /** The entry before the change. */
  readonly base: Base | undefined;
  readonly lease: Lease;
  readonly ledger: Ledger;
  readonly ids: IdMap;
  /** The new object of a replacement that an earlier run left half done. */
  readonly resumed: string | undefined;
  /** What an earlier run left open about this resource: its requests may have been carried out. */
  readonly intent: OpenIntent | undefined;
  /** The replaced object stays until what uses it has moved. */
  readonly keepsOld: boolean;
  /** Whether another entry has the object by now, of whichever tenant or target name. */
  isOwnedElsewhere(id: string): Promise<boolean>;
  /** Everything of this kind that is live now; shared by the batch. */
  list(): Promise<readonly Live[]>;
  /** Commits the intent; throws `NotStarted` where nothing new may start any more. */
  begin(seen: readonly string[]): Promise<void>;
  /** True once this run has committed an intent for it: requests may have been sent. */
  hasBegun(): boolean;
  /** Closes the intent with its outcome and sets or removes the entry, in one commit. */
  settled(written: Written, now: Base | undefined): Promise<Written>;
  /** Tells that the target keeps something else than was sent. */
  announce(differs: readonly Field[]): void;
  explain(error: unknown): { readonly code: string; readonly message: string; readonly hint?: string };
  stopped(): Written;
};

/** Thrown before a change's intent, and once more right before its first request, where nothing new may begin. */
export class NotStarted extends Error {
  override readonly name = "NotStarted";
}
