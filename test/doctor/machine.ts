// Machines of files: what the doctor reads, under a folder of its own.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Sources, sourcesUnder } from '../../host/doctor/sources.ts';

/** A machine of these files and programs; it is gone after `use`. */
export function onMachine<T>(
  files: Readonly<Record<string, string>>,
  use: (sources: Sources) => T,
  programs: Readonly<Record<string, string>> = {},
): T {
  const root = mkdtempSync(join(tmpdir(), 'daxstorm-machine-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${text}\n`);
    }
    return use(sourcesUnder(root, programs));
  } finally {
    rmSync(root, { recursive: true });
  }
}
