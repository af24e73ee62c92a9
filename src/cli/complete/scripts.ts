/** What each shell runs to complete; `completion --words` gives the words. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

const bash = `# connector-deployer in bash; put this into ~/.bashrc:
#   source <(connector-deployer completion bash)
_connector_deployer() {
  local program word
  program=$(type -P -- "\${COMP_WORDS[0]}") || program=connector-deployer
  COMPREPLY=()
  while IFS= read -r word; do
    COMPREPLY+=("$word")
  done < <("$program" completion --words bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
}
complete -o default -F _connector_deployer connector-deployer
`;

const zsh = `#compdef connector-deployer
# connector-deployer in zsh; put this into ~/.zshrc, after compinit:
#   source <(connector-deployer completion zsh)
_connector_deployer() {
  local -a found
  found=("\${(@f)$(connector-deployer completion --words zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then
    compadd -- "\${found[@]}"
  else
    _files
  fi
}
if [[ "$funcstack[1]" == "_connector_deployer" ]]; then
  _connector_deployer
else
  compdef _connector_deployer connector-deployer
fi
`;

const fish = `# connector-deployer in fish; put it where fish looks for it:
#   connector-deployer completion fish > ~/.config/fish/completions/connector-deployer.fish
function __connector_deployer_words
    set -l typed (commandline -opc) (commandline -ct)
    set -l found (connector-deployer completion --words fish $typed[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c connector-deployer -f -a '(__connector_deployer_words)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
