import type { Command } from "../command.ts";

export type CommandEntry = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
};

/** Every command; only the chosen one is loaded. */
export const commands: readonly CommandEntry[] = [
  { name: "init", summary: "scaffold a project, a connector and a tenant", load: () => import("./init.ts") },
  { name: "expand", summary: "the components that the files describe", load: () => import("./expand.ts") },
  { name: "collapse", summary: "an edited expansion back into a connector", load: () => import("./collapse.ts") },
  { name: "validate", summary: "everything that is wrong with the files", load: () => import("./validate.ts") },
  { name: "explain", summary: "where a value came from", load: () => import("./explain.ts") },
  { name: "plan", summary: "what apply would do", load: () => import("./plan.ts") },
  { name: "apply", summary: "do what a plan says, or refuse", load: () => import("./apply.ts") },
  { name: "sync", summary: "apply, and delete what is no longer declared", load: () => import("./sync.ts") },
  { name: "drift", summary: "what differs from what was last written", load: () => import("./drift.ts") },
  { name: "status", summary: "health of what is deployed", load: () => import("./status.ts") },
  { name: "history", summary: "runs, and what each of them did", load: () => import("./history.ts") },
  { name: "outputs", summary: "live ids of what is deployed", load: () => import("./outputs.ts") },
  { name: "adopt", summary: "take over what is live already", load: () => import("./adopt.ts") },
  { name: "forget", summary: "let go of what is owned; it stays live", load: () => import("./forget.ts") },
  { name: "mv", summary: "give what is owned another _id", load: () => import("./mv.ts") },
  { name: "export", summary: "files for live objects that nobody declared", load: () => import("./export.ts") },
  { name: "pull", summary: "live edits back into the files", load: () => import("./pull.ts") },
  { name: "destroy", summary: "delete everything that one tenant owns", load: () => import("./destroy.ts") },
  { name: "tenants", summary: "tenants of the project", load: () => import("./tenants.ts") },
  { name: "pulumi", summary: "pulumi on the stacks of many tenants", load: () => import("./pulumi.ts") },
  { name: "sources", summary: "connector types that a target offers", load: () => import("./sources.ts") },
  { name: "query", summary: "ask a connected source, or datasets", load: () => import("./query.ts") },
  { name: "metadata", summary: "what a source or a dataset holds", load: () => import("./metadata.ts") },
  { name: "upload", summary: "send a file into a dataset", load: () => import("./upload.ts") },
  { name: "run", summary: "run an import job now", load: () => import("./run.ts") },
  { name: "schema", summary: "JSON Schemas of the files", load: () => import("./schema.ts") },
  { name: "serve", summary: "a local connector service", load: () => import("./serve.ts") },
  { name: "doctor", summary: "check files, ledger and targets", load: () => import("./doctor.ts") },
  { name: "unlock", summary: "take a tenant's lease away from its holder", load: () => import("./unlock.ts") },
  { name: "ledger", summary: "where the ledger is; change its key", load: () => import("./ledger.ts") },
  { name: "completion", summary: "a script that completes in your shell", load: () => import("./completion.ts") },
];
