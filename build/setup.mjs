// Everything a fresh clone needs before a command can run: packages, then the build. Uses Node alone
// until the packages are there.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');

function packagesAreCurrent() {
  const lock = statSync(join(ROOT, 'package-lock.json'));
  return existsSync(INSTALLED) && statSync(INSTALLED).mtimeMs >= lock.mtimeMs;
}

if (!packagesAreCurrent()) {
  process.stderr.write('installing packages (npm ci)\n');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: ROOT,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.stderr.write('npm ci failed; see the messages above\n');
    process.exit(1);
  }
}

const { build } = await import('./build.mjs');
try {
  await build();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
