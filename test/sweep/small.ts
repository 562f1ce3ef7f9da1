// A sweep of twelve small scenarios, and folders of its results to look at and to spoil.
import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readResult } from '../../host/report/read.ts';
import type { Part } from '../../host/sweep/folder.ts';

export const SCENARIOS = 12;

const TEXT = `name: small
matrix:
  align: [4K, 2M]
  access: [read, write]
  pattern: [sequential, uniform, zipf]
device: { size: 16MiB, align: "\${{ matrix.align }}" }
phases:
  - { phase: fault, access: "\${{ matrix.access }}", pattern: "\${{ matrix.pattern }}" }
  - { phase: pin, pages: 16 }
  - { phase: unpin }
  - { phase: exit }
`;

/** One of which an operation is forbidden: found when it is counted, not before. */
const FORBIDDEN = `name: forbidden
device: { size: 2MiB, align: 4K }
phases:
  - { phase: mprotect, protection: read }
  - { phase: pin }
`;

/** A new folder with the sweep's files in it; the caller removes it. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'daxstorm-sweep-'));
  writeFileSync(join(folder, 'small.yaml'), TEXT);
  writeFileSync(join(folder, 'forbidden.yaml'), FORBIDDEN);
  return folder;
}

/** Files of scenarios in a folder of results, by their place on disk: a file written again has another. */
export function filesOf(folder: string): ReadonlyMap<string, number> {
  const names = readdirSync(folder).filter(
    (name) => name.endsWith('.json') && name !== 'sweep.json',
  );
  return new Map(names.map((name) => [name, statSync(join(folder, name)).ino]));
}

export function partsOf(folder: string): readonly Part[] {
  return [...filesOf(folder).keys()].map((name) => {
    const result = readResult(join(folder, name));
    if (result.kind !== 'sweep-part') throw new Error(`${name} is no part`);
    return result;
  });
}

/** Writes a changed part over itself. */
export function spoil(folder: string, part: Part, change: Partial<Part>): void {
  writeFileSync(join(folder, `${part.id}.json`), JSON.stringify({ ...part, ...change }));
}

/** A copy of a folder of results beside it. */
export function copyOf(folder: string, name: string): string {
  const copy = join(folder, '..', name);
  cpSync(folder, copy, { recursive: true });
  return copy;
}

/** A merged sweep without when, where and by which command it was merged, byte for byte. */
export function bodyOf(file: string): string {
  const text = readFileSync(file, 'utf8');
  const at = text.indexOf('\n  "sweep": {');
  if (at < 0) throw new Error(`${file} is no merged sweep`);
  return text.slice(at);
}
