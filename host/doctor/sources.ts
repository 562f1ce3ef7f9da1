import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readSystemFile } from '../wasm/platform.ts';

/** Where the doctor looks; tests put another machine in its place. */
export interface Sources {
  /** A small text file without its last line end; undefined where there is none. */
  read(path: string): string | undefined;
  /** What a program on PATH says of its version, first line; undefined where there is none. */
  version(program: string): string | undefined;
}

function firstLine(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 5000 });
  return status === 0 ? stdout.split('\n')[0]?.trim() : undefined;
}

/** This machine. */
export const OWN_SOURCES: Sources = {
  read: (path) => readSystemFile(path)?.trimEnd(),
  version: firstLine,
};

/** The same files under another root. */
export function sourcesUnder(root: string, programs: Readonly<Record<string, string>>): Sources {
  return {
    read: (path) => OWN_SOURCES.read(join(root, path)),
    version: (program) => programs[program],
  };
}
