// Completion in real shells: bash, and zsh and fish where they are installed.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COMMANDS } from '../../host/cli/commands.ts';
import { MAIN } from './spawn.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'daxstorm-'));
  const program = join(folder, 'daxstorm');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(program, 0o755);
  writeFileSync(join(folder, 'trace with space.txt'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

function run(shell: string, script: string, words: readonly string[] = []): readonly string[] {
  const { stdout, stderr, status } = spawnSync(shell, ['-c', script, ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env['PATH']}`, HOME: folder },
  });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

/** What bash would offer for a line, the cursor at its end. */
function bash(line: string): readonly string[] {
  const script = `eval "$(daxstorm completion bash)"
    COMP_LINE=$1 COMP_POINT=\${#1}
    read -ra COMP_WORDS <<<"$1"; COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
    _daxstorm; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run('bash', script, ['bash', line]);
}

const NAMES = COMMANDS.flatMap(({ name, hidden }) => (hidden ? [] : [name]));

describe.skipIf(!has('bash'))('bash', () => {
  test('every command, and none that is hidden', () => {
    expect(bash('daxstorm ')).toEqual(NAMES);
    expect(bash('daxstorm help ')).toEqual(NAMES);
  });

  test.each<[string, readonly string[]]>([
    ['daxstorm stor', ['storm']],
    ['daxstorm --', ['--help', '--version', '--no-color']],
    ['daxstorm storm --align ', ['4K', '2M', '1G']],
    ['daxstorm storm --align=2', ['2M']],
    ['daxstorm storm --kernel r', ['refcount', 'refcount-6.15']],
    ['daxstorm storm --pattern z', ['zipf']],
    ['daxstorm storm --lat', ['--latency']],
    ['daxstorm storm --latency --lat', []],
    ['daxstorm storm --size ', []],
    ['daxstorm plan cxl', ['cxl-box-24t', 'cxl-e3s-128', 'cxl-e3s-256', 'cxl-e3s-512']],
    ['daxstorm plan optane-2s --base', ['--base-page']],
    ['daxstorm run vm', ['vm-vfio']],
    ['daxstorm explain p', ['pin', 'pinL']],
    ['daxstorm guard ', ['order', 'compound', 'offset']],
    ['daxstorm walk --after smaps mad', ['madv_cold']],
    ['daxstorm walk ', ['--align']],
    ['daxstorm completion ', ['bash', 'zsh', 'fish']],
    ['daxstorm replay tr', ['trace with space.txt']],
    ['daxstorm gate --trace tr', ['trace with space.txt']],
    ['daxstorm storm --json tr', ['trace with space.txt']],
    ['daxstorm nonsense ', []],
  ])('%s', (line, offered) => {
    // An argument that nothing is known of: flags are offered in its place.
    const all = bash(line);
    expect(line === 'daxstorm walk ' ? all.slice(0, 1) : all).toEqual(offered);
  });
});

describe.skipIf(!has('zsh'))('zsh (if installed)', () => {
  test('commands with what they are for, values, files', () => {
    const script = `autoload -Uz compinit; compinit -u -D
      eval "$(daxstorm completion zsh)"
      _describe() { print -rl -- "\${(@P)2}" }; _files() { print FILES }
      words=("\${@[1,-1]}"); CURRENT=$#words; _daxstorm; true`;
    const zsh = (...words: string[]) => run('zsh', script, ['zsh', ...words]);
    expect(zsh('daxstorm', 'stor')).toEqual([
      expect.stringMatching(/^storm:one synthetic storm\\?:/),
    ]);
    expect(zsh('daxstorm', 'storm', '--align', '')).toEqual(['4K:', '2M:', '1G:']);
    expect(zsh('daxstorm', 'replay', '')).toEqual(['FILES']);
  });
});

describe.skipIf(!has('fish'))('fish (if installed)', () => {
  test('commands with what they are for, values, files', () => {
    const fish = (line: string) =>
      run('fish', `daxstorm completion fish | source; complete -C '${line}'`);
    expect(fish('daxstorm stor')).toEqual([expect.stringMatching(/^storm\tone synthetic storm/)]);
    expect([...fish('daxstorm storm --align ')].sort()).toEqual(['1G', '2M', '4K']);
    expect(fish('daxstorm replay tr')).toEqual([expect.stringContaining('trace')]);
  });
});
