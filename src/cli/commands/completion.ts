import { nearest } from "../../nearest.ts";
import { defineCommand } from "../command.ts";
import { scripts, shells } from "../complete/scripts.ts";
import { usage } from "../flag.ts";
import { reporting } from "../shared-flags.ts";

export const command = defineCommand({
  description:
    "Prints a script that completes commands, flags and their values in bash, zsh or fish: formats, environments, waves, tenants, `kind/_id` of resources, runs. Names come from the project and its ledger at the moment of typing; nothing is sent to any target.",
  args: [{ name: "shell", description: "bash, zsh or fish", required: true }],
  examples: [
    { line: "completion bash > ~/.local/share/bash-completion/completions/connector-deployer", does: "for bash" },
    { line: "completion fish > ~/.config/fish/completions/connector-deployer.fish", does: "for fish" },
    { line: "completion zsh > ~/.zfunc/_connector-deployer", does: "for zsh, in a folder of its fpath" },
  ],
  formats: ["text", "json", "yaml"],
  flags: { ...reporting },
  run: async (_, session, [name = ""]) => {
    const shell = shells.find((candidate) => candidate === name);
    if (shell === undefined) throw usage(`there is no completion for ${JSON.stringify(name)}`, nearest(name, shells));
    const script = scripts[shell];
    await session.output.print({
      document: { type: "completion", schemaVersion: 1, shell, script },
      text: () => script.trimEnd(),
    });
    return 0;
  },
});
