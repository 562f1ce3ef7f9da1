import { KERNELS } from '../kernel.ts';
import type { KernelBug, KernelBugCode } from '../syscall/bug.ts';
import { formatCount } from '../units.ts';

/** What the count of a bug counts: one, several. */
const UNITS: Readonly<Record<KernelBugCode, readonly [one: string, several: string]>> = {
  badPud: ['leaf', 'leaves'],
  missingFlush: ['leaf', 'leaves'],
  leakedReference: ['reference', 'references'],
  badRssCounter: ['page', 'pages'],
  lostDirty: ['leaf', 'leaves'],
  unalignedMapping: ['mapping', 'mappings'],
  useAfterFree: ['use', 'uses'],
  unbalancedPut: ['put', 'puts'],
};

function counted({ code, count }: KernelBug): string {
  return `${formatCount(count)} ${UNITS[code][count === 1 ? 0 : 1]}`;
}

function place({ process, address, devicePage }: KernelBug): string {
  const parts = [
    ...(process === undefined ? [] : [`process ${process}`]),
    ...(address === undefined ? [] : [`at 0x${address.toString(16)}`]),
    ...(devicePage === undefined ? [] : [`device page ${formatCount(devicePage)}`]),
  ];
  return parts.join(', ');
}

/**
 * Bugs of the emulated kernels, a line each in the order they happened; no line where none did. Of more
 * than `most` only the first are listed.
 */
export function formatBugs(bugs: readonly KernelBug[], most = 40): readonly string[] {
  const lines = bugs
    .slice(0, most)
    .map(
      (bug) =>
        `kernel bug ${bug.code} (${KERNELS[bug.kernel].title}; ${counted(bug)}; ${place(bug)}): ${bug.text}`,
    );
  return bugs.length > most ? [...lines, `and ${bugs.length - most} kernel bugs more`] : lines;
}
