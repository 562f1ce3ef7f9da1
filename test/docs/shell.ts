// A folder to work through a page in, with `daxstorm`, `npx daxstorm` and the project's npm scripts on
// the path, each cut short by the rules.
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { REFRESHES } from './refresh.ts';
import { SHORTENED } from './rules.ts';

export interface Printed {
  readonly status: number | null;
  /** Both streams, as on a terminal. */
  readonly text: string;
}

const MAIN = join(PACKAGE_ROOT, 'dist', 'host', 'cli', 'main.js');
/** Two cores are the smallest machine; times that are to be shown are taken alone. */
const COMMANDS_AT_ONCE = REFRESHES ? 1 : 2;

/** Before a folder of ours is on the path. */
const NPM = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running === COMMANDS_AT_ONCE) await new Promise<void>((go) => waiting.push(go));
  else running += 1;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

function script(lines: readonly string[]): string {
  return ['#!/bin/sh', ...lines, ''].join('\n');
}

/** `"$1"`, or npm's first words, against the table of what is cut short. */
function cases(words: string, prefix: string, rest: (options: string) => string): string[] {
  const mine = Object.entries(REFRESHES ? {} : SHORTENED).filter(([name]) =>
    name.startsWith(prefix),
  );
  const each = mine.map(([name, options]) => `'${name}') ${rest(options.join(' '))};;`);
  return [`case "${words}" in`, ...each, `*) ${rest('')};;`, 'esac'];
}

function makeCommands(folder: string): void {
  const write = (name: string, lines: readonly string[]): void => {
    writeFileSync(join(folder, name), script(lines));
    chmodSync(join(folder, name), 0o755);
  };
  const daxstorm = (options: string): string =>
    `exec '${process.execPath}' '${MAIN}' "$@" ${options}`;
  write('daxstorm', cases('$1', '', daxstorm));
  write('npx', ['[ "$1" = daxstorm ] || exit 127', 'shift', 'exec daxstorm "$@"']);
  const npm = (options: string): string => `exec '${NPM}' "$@" ${options}`;
  write('npm', [
    `cd '${PACKAGE_ROOT}' || exit`,
    'words="npm $1"',
    '[ "$1" = run ] && words="npm run $2"',
    ...cases('$words', 'npm ', npm),
  ]);
}

/** What commands printed that neither read nor wrote a file, and so would print again. */
const REMEMBERED = new Map<string, Printed>();

/** A folder of its own for a page, in which `daxstorm` is installed. */
export class Workplace {
  readonly folder = mkdtempSync(join(tmpdir(), 'daxstorm-docs-'));
  readonly #bin = mkdtempSync(join(tmpdir(), 'daxstorm-docs-bin-'));

  constructor() {
    makeCommands(this.#bin);
    mkdirSync(join(this.folder, 'node_modules'));
    symlinkSync(PACKAGE_ROOT, join(this.folder, 'node_modules', 'daxstorm'));
    this.write('package.json', '{ "type": "module" }\n');
  }

  get folders(): readonly string[] {
    return [this.folder, this.#bin];
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** Runs a command line as a terminal in this folder would. */
  async run(command: string): Promise<Printed> {
    const before = readdirSync(this.folder);
    const reads = before.some((name) => command.includes(name));
    const key = command.replace(/ +#.*$/, '');
    const remembered = reads ? undefined : REMEMBERED.get(key);
    if (remembered) return remembered;
    const printed = await inTurn(() => this.#spawn(command));
    const wrote = readdirSync(this.folder).length > before.length;
    if (!reads && !wrote) REMEMBERED.set(key, printed);
    return printed;
  }

  #spawn(command: string): Promise<Printed> {
    return new Promise((resolve, reject) => {
      const child = spawn('bash', ['-c', `exec 2>&1\n${command}`], {
        cwd: this.folder,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, PATH: `${this.#bin}${delimiter}${process.env['PATH']}` },
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (more: string) => {
        text += more;
      });
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, text }));
    });
  }
}
