import { Argument } from 'commander';
import { Command } from './command.ts';
import type { Context } from './context.ts';
import { oneOf } from './options.ts';

/*
 * Each script asks `daxstorm __complete` for every word.
 *
 * Why: nothing in them names a command or a flag, so they never grow stale.
 */
const SCRIPTS = {
  bash: `# daxstorm completion for bash: eval "$(daxstorm completion bash)"
_daxstorm() {
  # The words of the line without bash's own splitting at = and :.
  local line="\${COMP_LINE:0:COMP_POINT}" words current reply word
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  current="\${words[-1]}"
  COMPREPLY=()
  while IFS= read -r reply; do
    if [[ $reply == :files ]]; then
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${current#--*=}")
    else
      word="\${reply%%$'\\t'*}"
      # Where bash has split at =, it wants only what follows.
      [[ $current == --*=* && $COMP_WORDBREAKS == *=* ]] && word="\${word#*=}"
      COMPREPLY+=("$word")
    fi
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o filenames -F _daxstorm daxstorm
`,
  zsh: `#compdef daxstorm
# daxstorm completion for zsh: eval "$(daxstorm completion zsh)" after compinit
_daxstorm() {
  local -a found
  local reply files=0
  while IFS= read -r reply; do
    if [[ $reply == :files ]]; then files=1; continue; fi
    reply="\${reply//:/\\\\:}"
    found+=("\${reply%%$'\\t'*}:\${reply#*$'\\t'}")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe daxstorm found
  (( files )) && _files
}
compdef _daxstorm daxstorm
`,
  fish: `# daxstorm completion for fish: daxstorm completion fish | source
function __daxstorm_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for reply in ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
    if test "$reply" = ':files'
      __fish_complete_path "$current"
    else
      printf '%s\\n' "$reply"
    end
  end
end
complete -c daxstorm -f -a '(__daxstorm_complete)'
`,
} as const;

type Shell = keyof typeof SCRIPTS;
const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];

function shellArgument(): Argument {
  const argument = new Argument('<SHELL>', 'the shell').argParser(oneOf('shell', SHELLS));
  argument.argChoices = [...SHELLS];
  return argument;
}

export function completionCommand(_context: Context): Command {
  return new Command('completion')
    .description(
      'Prints a script that completes commands, flags and their values. It asks this program, so it knows what ' +
        'the installed version knows.',
    )
    .addArgument(shellArgument())
    .examples(
      `
  eval "$(daxstorm completion bash)"                                       in ~/.bashrc
  eval "$(daxstorm completion zsh)"                                        in ~/.zshrc, after compinit
  daxstorm completion fish > ~/.config/fish/completions/daxstorm.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell]);
    });
}
