import type { OperationRow } from '../compare/comparison.ts';
import type { PricedByKernel, Replay } from '../compare/replay.ts';
import { COMPARED, type ComparedKernel } from '../kernel.ts';
import type { FaultTrace } from '../trace/faultTrace.ts';
import { formatBytes, formatCount } from '../units.ts';
import { formatEstimate, formatNumber, formatRatio, NONE } from './numbers.ts';
import { type Cell, type Column, formatTable } from './table.ts';

type Metric = readonly [
  title: string,
  cell: (replay: Replay, kernel: ComparedKernel) => Cell,
  /** One value for both kernels: shown once. */
  shared?: boolean,
];

function phaseRow({ comparison }: Replay, phase: 'replay' | 'munmap'): OperationRow {
  const found = comparison.rows.find((row) => row.phase === phase);
  if (!found) throw new Error(`no phase ${phase}`);
  return found;
}

function priced(cost: PricedByKernel, kernel: ComparedKernel): Cell {
  return cost ? formatCount(cost[kernel]) : NONE;
}

function pricedRatio(cost: PricedByKernel): Cell {
  return cost?.devmap ? formatRatio(cost.refcount / cost.devmap) : NONE;
}

/** Emulated microseconds of a whole phase. */
function emulatedUs(row: OperationRow, kernel: ComparedKernel): Cell {
  const ns = kernel === 'devmap' ? row.emulated?.devmapNs : row.emulated?.refcountNs;
  return ns === undefined ? NONE : formatNumber((ns * row.operations) / 1000);
}

const METRICS: readonly Metric[] = [
  ['device', ({ sizeBytes }) => formatBytes(sizeBytes), true],
  [
    'share of the trace placed',
    ({ placedFaults, traceFaults }) => `${((100 * placedFaults) / traceFaults).toFixed(1)} %`,
    true,
  ],
  [
    'faults taken',
    (replay, kernel) => formatCount(phaseRow(replay, 'replay').counted[kernel].events.faultMinor),
  ],
  [
    'leaves mapped',
    (replay, kernel) => formatCount(phaseRow(replay, 'replay').counted[kernel].events.leafSet),
  ],
  [
    'page references taken',
    (replay, kernel) => formatCount(phaseRow(replay, 'replay').counted[kernel].events.rmwRefcount),
  ],
  [
    'page RMWs, faults',
    (replay, kernel) => formatCount(phaseRow(replay, 'replay').counted[kernel].rmws),
  ],
  [
    'page RMWs, unmap at exit',
    (replay, kernel) => formatCount(phaseRow(replay, 'munmap').counted[kernel].rmws),
  ],
  ['recorded instructions, faults', (replay, kernel) => priced(replay.recordedFaults, kernel)],
  ['  ratio', ({ recordedFaults }) => pricedRatio(recordedFaults), true],
  [
    'recorded instructions, unmap at exit',
    (replay, kernel) => priced(replay.recordedUnmap, kernel),
  ],
  ['  ratio', ({ recordedUnmap }) => pricedRatio(recordedUnmap), true],
  [
    'emulated µs, the whole trace',
    (replay, kernel) => emulatedUs(phaseRow(replay, 'replay'), kernel),
  ],
  ['  ratio [95 %]', (replay) => formatEstimate(phaseRow(replay, 'replay').emulated?.ratio), true],
  ['  A/A [95 %]', (replay) => formatEstimate(phaseRow(replay, 'replay').emulated?.self), true],
];

function columnsOf(replays: readonly Replay[]): readonly Column[] {
  const kernels = replays.flatMap(({ align }) =>
    COMPARED.map((kernel): Column => ({ title: kernel, align: 'right', group: `${align} units` })),
  );
  return [{ title: '', align: 'left' }, ...kernels];
}

/** What a fault trace cannot tell, said under every replay. */
const LIMITS = [
  'A fault trace records faults alone: not when memory was unmapped, not what was pinned. So pages are placed',
  'in first-touch order and stay mapped until exit, and no pin is replayed. Faults that the program took twice',
  'on a page (copy-on-write, mprotect) are one here: a shared device-DAX mapping faults once a leaf.',
].join('\n');

function notes(replays: readonly Replay[]): readonly string[] {
  const onlyRead = replays.filter(({ leaves }) => leaves.read + leaves.write > leaves.written);
  return [
    ...onlyRead.map(
      ({ align, leaves }) =>
        `${align}: ${formatCount(leaves.read + leaves.write - leaves.written)} leaves were only read; unmapping such was never recorded, so they are not in that row.`,
    ),
    ...(replays.some(({ align }) => align === '1G')
      ? ['No instructions were recorded for 1G units.']
      : []),
  ];
}

/** A trace on 4K, 2M and 1G units side by side, both kernels. */
export function formatReplay(name: string, trace: FaultTrace, replays: readonly Replay[]): string {
  const [first] = replays;
  const rows = METRICS.map(([title, cell, shared]) => [
    title,
    ...replays.flatMap((replay) =>
      COMPARED.map((kernel, i) => (shared && i === 0 ? '' : cell(replay, kernel))),
    ),
  ]);
  return [
    `${name}: ${formatCount(trace.pages.length)} faults on ${formatCount(first?.distinctPages ?? 0)} pages; seed ${first?.comparison.seed}`,
    formatTable(columnsOf(replays), rows),
    '',
    LIMITS,
    ...notes(replays),
  ].join('\n');
}
