import type { KernelCount } from '../compare/counts.ts';
import type { StormResult } from '../compare/storm.ts';
import { KERNELS, type KernelId } from '../kernel.ts';
import type { MemoryUse } from '../storm/memory.ts';
import type { PhaseName } from '../storm/phase.ts';
import { sayRanges, sayRecords } from '../syscall/device.ts';
import { formatBytes, formatCount, TIB } from '../units.ts';
import { sayConfiguration } from '../wasm/configuration.ts';
import type { EventName } from '../wasm/machine.ts';
import { formatNumber, NONE } from './numbers.ts';
import { type Column, formatTable } from './table.ts';

/** The events of the storm table, with the names of the kernel's own fields. */
export const EVENT_ROWS: readonly (readonly [EventName, string])[] = [
  ['faultMinor', 'minor faults'],
  ['faultRetry', 'faults retried under mmap_lock'],
  ['hugeFault', 'huge_fault calls'],
  ['ptRead', 'page-table entries read'],
  ['ptRecheck', 'leaf entries read again'],
  ['ptWrite', 'page-table entries written'],
  ['tableAlloc', 'page tables allocated'],
  ['tableFree', 'page tables freed'],
  ['leafSet', 'leaves mapped'],
  ['leafClear', 'leaves unmapped'],
  ['rmwRefcount', '_refcount RMWs'],
  ['rmwMapcount', '_mapcount RMWs'],
  ['rmwEntireMapcount', '_entire_mapcount RMWs'],
  ['rmwNrPagesMapped', '_nr_pages_mapped RMWs'],
  ['rmwMmIds', '_mm_ids bit locks'],
  ['rmwPincount', '_pincount RMWs'],
  ['rmwFlags', 'flags RMWs'],
  ['lineTouched', 'struct-page lines touched'],
  ['lineDirtied', 'struct-page lines written'],
  ['setMapping', 'mapping and index stored'],
  ['pgmapGet', 'pgmap references'],
  ['pgmapNode', 'pgmap look-up: nodes visited'],
  ['patNode', 'memory-type look-up: nodes visited'],
  ['vmaLock', 'per-VMA locks'],
  ['mmapLockRead', 'mmap_lock, to read'],
  ['mmapLockWrite', 'mmap_lock, to write'],
  ['pteLock', 'PTE locks'],
  ['pmdLock', 'PMD locks'],
  ['pageTableLock', 'mm->page_table_lock'],
  ['resourceLock', 'resource_lock'],
  ['memtypeLock', 'memtype_lock'],
  ['rssAdd', 'rss changes'],
  ['rssSpill', 'of them under the counter lock'],
  ['vmstatAdd', 'vmstat changes'],
  ['vmstatSpill', 'adds to global statistics'],
  ['rmwOther', 'RMWs of locks and statistics'],
  ['gupPage', 'pages pinned'],
  ['leafLost', '1G leaves lost as corrupt tables (kernel bug)'],
  ['mtimeUpdate', 'times of the device node updated'],
  ['tlbFlush', 'TLB flushes'],
  ['tlbFlushForced', 'of them under the page-table lock'],
];

function phaseNames(result: StormResult): readonly PhaseName[] {
  return [...result.counts.keys()];
}

function countOf(result: StormResult, phase: PhaseName, kernel: KernelId): KernelCount {
  const found = result.counts.get(phase)?.[kernel];
  if (!found) throw new Error(`no count of ${phase}`);
  return found;
}

function eventTable(result: StormResult, kernel: KernelId): string {
  const phases = phaseNames(result);
  const columns: readonly Column[] = [
    { title: KERNELS[kernel].title, align: 'left' },
    ...phases.map((phase): Column => ({ title: phase, align: 'right' })),
  ];
  const row = (title: string, cell: (phase: PhaseName) => string) => [title, ...phases.map(cell)];
  const events = EVENT_ROWS.filter(([event]) =>
    phases.some((phase) => countOf(result, phase, kernel).events[event] > 0),
  );
  const time = (phase: PhaseName): number | undefined =>
    result.times[kernel]?.find((each) => each.phase === phase)?.nsPerOperation;
  const rate = (phase: PhaseName): string => {
    const ns = time(phase);
    return ns ? formatCount(1e9 / ns) : NONE;
  };
  return formatTable(columns, [
    row('operations', (phase) => formatCount(countOf(result, phase, kernel).operations)),
    row('not OK', (phase) => formatCount(countOf(result, phase, kernel).failed)),
    ...events.map(([event, title]) =>
      row(title, (phase) => formatCount(countOf(result, phase, kernel).events[event])),
    ),
    row('emulated ns an operation', (phase) => formatNumber(time(phase))),
    row('emulated operations a second', rate),
  ]);
}

/** What time on packed records is worth. */
const PACKED_NOTE =
  'Packed records: counts are those of line records, but for lines, which are those of this format. Several pages\n' +
  'share a line, so times are not for comparison with line records, nor with a kernel.';
/** `memory: 2 banks, 2.1 GiB (1.05 GiB a TiB), prefaulted in 3.2 s`. */
function sayMemory({ banks, bytes, prefaultSeconds }: MemoryUse, sizeBytes: number): string {
  const round = (size: number): string =>
    formatBytes(size).replace(/[\d.]+/, (digits) => `${Number(Number(digits).toPrecision(3))}`);
  const perTib = sizeBytes >= TIB ? ` (${round((bytes * TIB) / sizeBytes)} a TiB)` : '';
  const many = banks === 1 ? '1 bank' : `${banks} banks`;
  const seconds = prefaultSeconds.toFixed(prefaultSeconds < 1 ? 2 : 1);
  return `memory: ${many}, ${round(bytes)}${perTib}, prefaulted in ${seconds} s`;
}

/** A storm's events and emulated times, one table a kernel. */
export function formatStorm(result: StormResult, what: string): string {
  const { device, seed, workload, overlap, turns } = result;
  const size = formatBytes(device.sizeBytes);
  return [
    `${device.align} units, ${size} device${sayRanges(device)}, map=${device.map}${sayRecords(device)}, ${what}, overlap ${overlap}; seed ${seed}, workload ${workload}, ${turns} turns of blocks`,
    sayMemory(result.memory, device.sizeBytes),
    '',
    ...result.kernels.map((kernel) => `${eventTable(result, kernel)}\n`),
    'Counts are exact, for one round of the storm. Emulated time is the emulated steps alone on this machine,',
    'walks and struct pages without locks and statistics; it is no claim about kernel time: daxstorm compare',
    'shows the recorded cost.',
    ...(device.records === 'packed' ? [PACKED_NOTE] : []),
    `Assumed: ${sayConfiguration()}.`,
  ].join('\n');
}
