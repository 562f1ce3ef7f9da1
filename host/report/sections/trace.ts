import { KERNELS } from '../../kernel.ts';
import { formatBytes } from '../../units.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, numberCell, type Row, table } from '../html/table.ts';
import { markdownTable } from '../markdown.ts';
import { formatNumber, formatRatio } from '../numbers.ts';
import type { Placed, Report } from '../report.ts';
import type { ReplayResult } from '../schema/replay.ts';
import type { Section } from '../section.ts';

const [OLD, NEW] = [KERNELS.devmap.release, KERNELS.refcount.release];

const COLUMNS: readonly Column[] = [
  { title: 'units', align: 'left' },
  { title: 'device', align: 'right' },
  { title: 'faults placed', align: 'right' },
  { title: `faults, ${OLD}`, align: 'right' },
  { title: NEW, align: 'right' },
  { title: 'ratio', align: 'right' },
  { title: `unmap, ${OLD}`, align: 'right' },
  { title: NEW, align: 'right' },
  { title: 'ratio', align: 'right' },
];

type Priced = ReplayResult['recordedFaults'];

function ratio(cost: Priced): string {
  return formatRatio(cost?.devmap ? cost.refcount / cost.devmap : undefined);
}

function recordedRow({ value, at }: Placed<ReplayResult>): Row {
  const { align, sizeBytes, placedFaults, recordedFaults, recordedUnmap } = value;
  const priced = (cost: Priced, key: string) => [
    numberCell(cost?.devmap, formatNumber, `${at}/${key}/devmap`),
    numberCell(cost?.refcount, formatNumber, `${at}/${key}/refcount`),
    ratio(cost),
  ];
  return {
    cells: [
      align,
      formatBytes(sizeBytes),
      numberCell(placedFaults, formatNumber, `${at}/placedFaults`),
      ...priced(recordedFaults, 'recordedFaults'),
      ...priced(recordedUnmap, 'recordedUnmap'),
    ],
  };
}

function html({ replays, results }: Report): Markup | undefined {
  if (replays.length === 0) return undefined;
  const names = results.flatMap((each) => (each.kind === 'replay' ? [each.trace.name] : []));
  return fragment(
    el(
      'p',
      {},
      `${names.join(', ')}: instructions of its faults as first touches of one device-DAX mapping, unmapped at exit. A fault trace says nothing of pins and of earlier unmaps.`,
    ),
    table(COLUMNS, replays.map(recordedRow)),
  );
}

function markdown({ replays }: Report): string | undefined {
  if (replays.length === 0) return undefined;
  const columns = [
    { title: 'unit', align: 'left' },
    ...COLUMNS.slice(3),
  ] as const satisfies readonly Column[];
  const priced = (cost: Priced): readonly string[] => [
    formatNumber(cost?.devmap),
    formatNumber(cost?.refcount),
    ratio(cost),
  ];
  const rows = replays.map(({ value: { align, recordedFaults, recordedUnmap } }) => [
    align,
    ...priced(recordedFaults),
    ...priced(recordedUnmap),
  ]);
  return [
    'Recorded instructions of the faults of the trace, and of unmapping at exit.',
    '',
    markdownTable(columns, rows),
  ].join('\n');
}

export const traceSection: Section = {
  id: 'trace',
  title: 'A recorded trace',
  kind: 'recorded',
  html,
  markdown,
};
