import type { Diagnosis } from '../doctor/doctor.ts';
import { expectedShare } from '../doctor/resolution.ts';
import { formatBytes, formatCount } from '../units.ts';
import { formatNumber } from './numbers.ts';
import { formatTable } from './table.ts';
import { wrap } from './wrap.ts';

/** `1.2 %`, `34 %`. */
function sayShare(share: number): string {
  const percent = share * 100;
  return `${percent < 10 ? percent.toPrecision(2) : percent.toFixed(0)} %`;
}

function lines(rows: readonly (readonly [title: string, text: string])[]): string {
  const width = Math.max(...rows.map(([title]) => title.length)) + 2;
  return rows.map(([title, text]) => title.padEnd(width) + text).join('\n');
}

function sayCores({ cpus, cores, usableCpus }: Diagnosis['facts']): string {
  const threads = cpus > cores ? `, ${cpus} hardware threads` : '';
  const allowed = usableCpus < cpus ? `, ${usableCpus} of them for this process` : '';
  return `${cores} ${cores === 1 ? 'core' : 'cores'}${threads}${allowed}`;
}

function machinePart({ facts, clock }: Diagnosis): string {
  const { cpu, caches, memoryBytes, governor, hugePages, clocksource, virtual, load } = facts;
  const flags = facts.flags.length === 0 ? 'no flags' : facts.flags.join(' ');
  return `Machine\n${lines([
    ['processor', cpu],
    ['', sayCores(facts)],
    ['caches', caches.length === 0 ? 'unknown' : caches.join(', ')],
    ['memory', `${formatBytes(memoryBytes)}, transparent huge pages: ${hugePages}`],
    ['runs on', virtual ? 'a hypervisor' : 'the hardware itself'],
    ['governor', `${governor}, load ${load.toFixed(2)}`],
    ['Node', `${facts.node} on ${facts.os}, ${flags}`],
    [
      'clock',
      `${clocksource}: steps of ${formatNumber(clock.resolutionNs)} ns, ${formatNumber(clock.costNs)} ns a read`,
    ],
  ])}`;
}

function resolutionPart({ resolution }: Diagnosis): string {
  if (!resolution) return 'What it can resolve\nnot measured';
  const { align, sizeBytes, seconds, seed, turns, halfWidths, share } = resolution;
  const rows = halfWidths.map((each) => [each.operation, `± ${sayShare(each.share)}`]);
  const table = formatTable(
    [
      { title: 'A against A', align: 'left' },
      { title: '95 %', align: 'right' },
    ],
    rows,
  );
  return [
    'What it can resolve',
    `${align} units, ${formatBytes(sizeBytes)}, ${seconds} s, ${turns} turns, seed ${seed}`,
    table,
    `So emulated differences below ${sayShare(share)} are not told from none in ${seconds} s; in compare`,
    `--time 10 below about ${sayShare(expectedShare(resolution, 10))}. Counts are exact on every machine.`,
  ].join('\n');
}

function capacityPart({ limits, capacities }: Diagnosis): string {
  const left = limits.map(({ name, freeBytes }) => `${name} leaves ${formatBytes(freeBytes)}`);
  const table = formatTable(
    [
      { title: 'unit', align: 'left' },
      { title: 'map', align: 'left' },
      { title: 'records', align: 'left' },
      { title: 'largest device', align: 'right' },
      { title: 'banks', align: 'right' },
      { title: 'takes', align: 'right' },
      { title: 'bound by', align: 'left' },
    ],
    capacities.map(({ align, map, records, sizeBytes, banks, bytes, bound }) => [
      align,
      map,
      records,
      formatBytes(sizeBytes),
      formatCount(banks),
      formatBytes(bytes),
      bound,
    ]),
  );
  return ['What it can hold', ...left, table].join('\n');
}

function partsPart({ builds, tools }: Diagnosis): string {
  const good = builds.filter(({ problem }) => problem === undefined).length;
  return `What is there\n${lines([
    ['builds of the core', `${formatCount(good)} of ${builds.length}, of this layout`],
    ...tools.map(({ name, version, neededFor }): [string, string] => [
      name,
      `${version ?? 'missing'} (for ${neededFor})`,
    ]),
  ])}`;
}

function warningPart({ warnings }: Diagnosis): string {
  if (warnings.length === 0) return 'Nothing to mend';
  const listed = warnings.map(({ what, remedy }) => wrap(`- ${what}; ${remedy}`, '  '));
  return ['Warnings', ...listed].join('\n');
}

/** A machine as daxstorm sees it, and what would make its answers better. */
export function formatDiagnosis(diagnosis: Diagnosis): string {
  return [machinePart, resolutionPart, capacityPart, partsPart, warningPart]
    .map((part) => part(diagnosis))
    .join('\n\n');
}
