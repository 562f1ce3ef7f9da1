import { sayRecords } from '../../syscall/device.ts';
import { formatBytes } from '../../units.ts';
import type { RecordFormat } from '../../wasm/bank.ts';
import { el, fragment, type Markup } from '../html/markup.ts';
import { type Column, numberCell, type Row, table } from '../html/table.ts';
import { wrap } from '../markdown.ts';
import { formatNumber } from '../numbers.ts';
import type { Report } from '../report.ts';
import type { SingleResult } from '../schema/result.ts';
import type { Section } from '../section.ts';

type Machine = SingleResult['machine'];

/** Different ones, in the order they came. */
function distinct<T>(values: readonly T[], key: (value: T) => string): readonly T[] {
  return [...new Map(values.map((value) => [key(value), value])).values()];
}

function machinesOf({ results }: Report): readonly Machine[] {
  return distinct(
    results.map(({ machine }) => machine),
    ({ id }) => id,
  );
}

/** One machine in a line. */
function sayMachine({
  cpu,
  cpus,
  memoryBytes,
  governor,
  os,
  node,
  v8,
  flags,
  id,
}: Machine): string {
  const options = flags.length > 0 ? `, flags ${flags.join(' ')}` : '';
  return `${cpu}, ${cpus} CPUs, ${formatBytes(memoryBytes)}, governor ${governor}, ${os}, Node ${node} (V8 ${v8})${options}; fingerprint ${id}`;
}

function commandsOf({ results }: Report): readonly string[] {
  return [...new Set(results.map(({ command }) => command))];
}

const COLUMNS: readonly Column[] = [
  { title: 'run', align: 'left' },
  { title: 'device', align: 'left' },
  { title: 'storm', align: 'left' },
  { title: 'seed', align: 'right' },
  { title: 'workload', align: 'left' },
  { title: 'turns', align: 'right' },
  { title: 'places', align: 'right' },
];

function runRows({ comparisons, ladders, scales }: Report): readonly Row[] {
  const deviceText = (device: {
    readonly sizeBytes: number;
    readonly map: string;
    readonly records?: RecordFormat | undefined;
  }): string => `${formatBytes(device.sizeBytes)}, map=${device.map}${sayRecords(device)}`;
  return [
    ...comparisons.map(({ value, at }): Row => {
      const { device, shape, seed, workload, turns, placements } = value;
      const storm = [shape.pattern, shape.access, `${shape.pinPages} pages a pin`];
      return {
        cells: [
          `A/B, ${device.align} units${value.interrupted ? ' (interrupted)' : ''}`,
          deviceText(device),
          storm.filter((each) => each !== undefined).join(', '),
          numberCell(seed, String, `${at}/seed`),
          workload,
          numberCell(turns, formatNumber, `${at}/turns`),
          numberCell(placements, formatNumber, `${at}/placements`),
        ],
      };
    }),
    ...ladders.map(({ value: { device, seed, turns, placements, interrupted }, at }): Row => {
      return {
        cells: [
          `ladder, ${device.align} units${interrupted ? ' (interrupted)' : ''}`,
          deviceText(device),
          '',
          numberCell(seed, String, `${at}/seed`),
          '',
          numberCell(turns, formatNumber, `${at}/turns`),
          numberCell(placements, formatNumber, `${at}/placements`),
        ],
      };
    }),
    ...scales.map(
      ({ value: { device, seed, workload, turns, placements, interrupted }, at }): Row => {
        return {
          cells: [
            `threads, ${device.align} units${interrupted ? ' (interrupted)' : ''}`,
            deviceText(device),
            '',
            numberCell(seed, String, `${at}/seed`),
            workload,
            numberCell(turns, formatNumber, `${at}/turns`),
            numberCell(placements, formatNumber, `${at}/placements`),
          ],
        };
      },
    ),
  ];
}

function configurationText({ results }: Report): string {
  const texts = results.map(({ configuration }) =>
    Object.entries(configuration)
      .map(([name, value]) => `${name}: ${value}`)
      .join('; '),
  );
  return [...new Set(texts)].join(' / ');
}

function html(report: Report): Markup {
  const rows = runRows(report);
  const machines = machinesOf(report).map((machine) => el('dd', {}, sayMachine(machine)));
  const made = [...new Set(report.results.map(({ made: when }) => when.slice(0, 10)))].join(', ');
  return fragment(
    rows.length > 0 ? table(COLUMNS, rows) : undefined,
    el(
      'dl',
      {},
      el('dt', {}, 'To get it again'),
      ...commandsOf(report).map((command) => el('dd', {}, el('code', {}, command))),
      el('dt', {}, 'Machine (of the emulated times alone)'),
      ...machines,
      el('dt', {}, 'Assumed of the emulated kernels'),
      el('dd', {}, configurationText(report)),
      el('dt', {}, 'Made'),
      el('dd', {}, `${made}, daxstorm ${report.results[0]?.version ?? ''}`),
    ),
  );
}

function markdown(report: Report): string {
  return [
    ...machinesOf(report).map((machine) => wrap(`Machine: ${sayMachine(machine)}`)),
    '',
    'To get it again:',
    '',
    ...commandsOf(report).map((command) => `    ${command}`),
  ].join('\n');
}

export const setupSection: Section = {
  id: 'setup',
  title: 'How it was made',
  html,
  markdown,
};
