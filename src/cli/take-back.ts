import { open } from "node:fs/promises";
import type { AdoptLeft, Project, Selection } from "../deploy/index.ts";
import type { StackExport } from "../pulumi/stacks/index.ts";
import { counted, renderTakeBack, renderTakeBackReport } from "../render/index.ts";
import type { ExitCode } from "./exit-code.ts";
import { exitOfLeft } from "./exit-code.ts";
import { usage } from "./flag.ts";
import type { Session } from "./session.ts";
import { shellText } from "./shell-text.ts";

export type TakeBackFlags = {
  readonly file: string;
  readonly yes: boolean;
  readonly detail: boolean;
  readonly acceptTarget: boolean;
  readonly resources: readonly string[];
  readonly selection: Selection;
};

/** Bytes. A stack of thousands of resources has a few tens of megabytes. */
const largest = 256 * 2 ** 20;

const read = async (file: string): Promise<string> => {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    if (size > largest) {
      throw usage(
        `${JSON.stringify(file)} has ${Math.round(size / 2 ** 20)} MB, more than any stack`,
        "export the stack again",
      );
    }
    return await handle.readFile("utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || code === "usage") throw error;
    throw usage(
      `cannot read --from-pulumi-state ${JSON.stringify(file)} (${code})`,
      "make it with: pulumi stack export --stack NAME --file FILE",
    );
  }
};

const leftOf = ({ skipped }: StackExport): readonly AdoptLeft[] =>
  skipped.map(({ kind, name, id, reason, hint }) => ({
    tenant: "",
    target: "",
    kind,
    _id: name,
    ids: id === "" ? [] : [id],
    reason,
    hint,
  }));

/** What takes the resources out of the state; those that others need go last. */
const commandsOf = (state: StackExport, urns: readonly string[]): readonly string[] => {
  const stack = state.stack === undefined ? [] : ["--stack", state.stack];
  const mine = new Set(urns);
  const isAll = state.isOnlyOurs && state.deployments.length === 0 && state.resources.every(({ urn }) => mine.has(urn));
  if (isAll && state.skipped.length === 0 && state.stack !== undefined) {
    return [["pulumi", "stack", "rm", state.stack, "--force"].map(shellText).join(" ")];
  }
  const order = state.resources.flatMap(({ urn }) => (mine.has(urn) ? [urn] : [])).reverse();
  // A Tenant that has nothing left.
  if (state.skipped.length === 0 && state.resources.every(({ urn }) => mine.has(urn))) order.push(...state.components);
  return order.map((urn) => ["pulumi", "state", "delete", urn, ...stack, "--yes"].map(shellText).join(" "));
};

/** Fills the ledger from the output of `pulumi stack export`. */
export const takeBack = async (opened: Project, flags: TakeBackFlags, session: Session): Promise<ExitCode> => {
  const { output, stops } = session;
  const { credentialFingerprint, readStackExport } = await import("../pulumi/stacks/index.ts");
  const state = readStackExport(await read(flags.file), flags.file);
  const skipped = flags.resources.length === 0 ? leftOf(state) : [];
  let isAsked = false;
  const found = await opened.takeBack({
    ...flags.selection,
    state: state.resources,
    resources: flags.resources,
    acceptTarget: flags.acceptTarget,
    fingerprint: credentialFingerprint,
    signal: stops.stop,
    confirm: async (seen) => {
      // Without a question the report alone says what is left.
      const all = { ...seen, left: flags.yes ? [] : [...seen.left, ...skipped] };
      output.note(`${renderTakeBack(all, { colour: output.colour, detail: flags.detail })}\n`);
      if (flags.yes) return;
      isAsked = true;
      const { confirm } = await import("./confirm.ts");
      await confirm(
        `take ${counted(seen.items.length, "resource")} back from Pulumi? [y/N]`,
        ["y", "yes", "Y", "YES"],
        session,
      );
    },
  });
  const report = { ...found, left: [...found.left, ...skipped] };
  const facts = {
    deployments: state.deployments.map(({ name }) => name),
    commands: commandsOf(state, [...report.items.map(({ urn }) => urn), ...report.known]),
  };
  await output.print({
    document: { ...report, ...facts },
    text: ({ colour }) => renderTakeBackReport(report, facts, { colour, detail: flags.detail, leftIsSaid: isAsked }),
  });
  return exitOfLeft(report);
};
