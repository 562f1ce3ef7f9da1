import type { Scale, ScaleCurve, ScalePoint } from '../compare/scale.ts';
import { formatBytes, formatCount } from '../units.ts';
import { formatEstimate, formatNumber, NONE } from './numbers.ts';
import { type Column, formatTable } from './table.ts';

/** `of a part each`: which units the threads of a storm work on. */
export const SAY_PATTERN = {
  disjoint: 'each thread a part of the device',
  overlapping: 'every thread the same units',
  hot: 'every thread one unit',
} as const;

/** Who has the page tables. */
export const SAY_MM = {
  shared: 'one address space together',
  own: 'an address space each',
} as const;

/** What the columns mean. */
const SCALE_NOTES = [
  'Scaling: how many times the operations of one thread so many threads do in the same time, emulated here, in turns',
  'of neighbouring blocks; no claim about kernel time. Two threads may run on one core. Races lost: read-modify-writes',
  'of struct-page counters that another thread came between. Locks waited for: taken when they were wanted, or closed',
  'to readers. Both are counted exactly, in one run of its own with full detail, and differ from run to run.',
] as const;

/** So many in a million operations. */
export function perMillion(events: number, { operations }: ScalePoint): number {
  return (events / operations) * 1e6;
}

function rowOf(point: ScalePoint): readonly string[] {
  const { threads, nsPerOperation, scaling, casRetries, lockWaits } = point;
  return [
    String(threads),
    formatNumber(nsPerOperation),
    formatCount(1e9 / nsPerOperation),
    threads === 1 ? NONE : formatEstimate(scaling),
    formatCount(perMillion(casRetries, point)),
    formatCount(perMillion(lockWaits, point)),
  ];
}

function curveTable(title: string, curves: readonly ScaleCurve[]): string {
  const emulated = 'emulated here';
  const counted = 'counted: per million';
  const columns: readonly Column[] = [
    { title, align: 'left' },
    { title: 'threads', align: 'right' },
    { title: 'ns an operation', align: 'right', group: emulated },
    { title: 'operations/s', align: 'right', group: emulated },
    { title: 'scaling [95 %]', align: 'right', group: emulated },
    { title: 'races lost', align: 'right', group: counted },
    { title: 'locks waited for', align: 'right', group: counted },
  ];
  const rows = curves.flatMap(({ kernel, points }) =>
    points.map((point, i) => [i === 0 ? `  ${kernel}` : '', ...rowOf(point)]),
  );
  return formatTable(columns, rows);
}

/** A storm's scaling curves, a table a phase. */
export function formatScale(scale: Scale, cpus: number): string {
  const { device, mm, pattern, threads, detail, seed, workload, turns, placements } = scale;
  const titles = [...new Set(scale.curves.map(({ title }) => title))];
  const cores = detail === 'full' ? 'full detail, locks too' : 'walks and struct pages';
  return [
    `${device.align} units, ${formatBytes(device.sizeBytes)} device, map=${device.map}; threads 1 to ${threads} on ${cpus} CPUs: ${SAY_MM[mm]}, ${SAY_PATTERN[pattern]}`,
    `timed: ${cores}; seed ${seed}, workload ${workload}, ${turns} turns in ${placements} places`,
    ...titles.map(
      (title) =>
        `\n${curveTable(
          title,
          scale.curves.filter((curve) => curve.title === title),
        )}`,
    ),
    '',
    ...SCALE_NOTES,
  ].join('\n');
}
