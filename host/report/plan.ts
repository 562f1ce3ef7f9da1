import { assumedStart, hostBytes, stepBytes } from '../plan/devices.ts';
import type { Host, Region } from '../plan/host.ts';
import { type Impossible, isLayout, type Layout } from '../plan/layout.ts';
import { type Basis, countsMappings, STEPS } from '../plan/operations.ts';
import type { Costs, Plan } from '../plan/plan.ts';
import { overheadBytes } from '../plan/recommend.ts';
import { formatBytes, formatCount } from '../units.ts';
import { NONE } from './numbers.ts';
import { formatStep, sayRate } from './planNumbers.ts';
import { type Column, formatTable } from './table.ts';
import { wrap } from './wrap.ts';

const LEFT = { align: 'left' } as const;
const RIGHT = { align: 'right' } as const;
const COMMANDS_MAX = 12;
/** More columns than this become a table a unit. */
const TIME_COLUMNS_MAX = 6;

/** `2 × 3 TiB pmem, 6-way interleaved`. */
function sayRegion({ kind, sizeBytes, count, interleave, labels }: Region): string {
  const times = count > 1 ? `${count} × ` : '';
  const ways = interleave > 1 ? `, ${interleave}-way interleaved` : '';
  const label = kind === 'pmem' && !labels ? ', no labels' : '';
  return `${times}${formatBytes(sizeBytes)} ${kind}${ways}${label}`;
}

/** The host in a line or two: what is planned. */
export function sayHost(host: Host, arch: string, label = ''): string {
  const { name, regions, processes, tenants, dramBytes } = host;
  const mapped = tenants > 1 ? 'all devices of its tenant' : 'everything';
  const dram = dramBytes === undefined ? '' : `, ${formatBytes(dramBytes)} of DRAM`;
  const many =
    processes === 1 ? '1 process maps' : `${formatCount(processes)} processes, each maps`;
  const held =
    tenants > 1 ? `; ${formatCount(tenants)} tenants, a device each on every region` : '';
  return wrap(
    `${label}${name}: ${regions.map(sayRegion).join(' and ')}${dram}; ${arch}${held}; ${many} ${mapped}`,
  );
}

function provenance({ source, asOf, note }: Host): readonly string[] {
  return [
    ...(note === undefined ? [] : [wrap(note)]),
    ...(source.length === 0 ? [] : [wrap(`source (${asOf}): ${source.join('; ')}`)]),
  ];
}

function bytes(value: number | undefined): string {
  if (value === undefined) return NONE;
  return value === 0 ? '0' : formatBytes(value);
}

function memoryColumns({ processes }: Host): readonly Column[] {
  const group = 'of the regions';
  const pages = 'struct pages, once';
  const tables = 'process page tables';
  return [
    { title: 'unit', ...LEFT },
    { title: 'map', ...LEFT },
    { title: 'usable', ...RIGHT, group },
    { title: 'lost', ...RIGHT, group },
    { title: 'in DRAM', ...RIGHT, group: pages },
    { title: 'on device', ...RIGHT, group: pages },
    { title: 'tables over', ...RIGHT, group: pages },
    { title: 'a process', ...RIGHT, group: tables },
    { title: processes === 1 ? 'all' : `all ${formatCount(processes)}`, ...RIGHT, group: tables },
    { title: 'DRAM in all', ...RIGHT },
  ];
}

function memoryRow(layout: Layout): readonly string[] {
  const { unit, map, usableBytes, lostBytes, structPages, process, tableBytes } = layout;
  return [
    unit.name,
    map,
    ...[usableBytes, lostBytes].map(bytes),
    ...[structPages.dramBytes, structPages.deviceBytes, structPages.tableBytes].map(bytes),
    ...[process.tableBytes, tableBytes, layout.dramBytes].map(bytes),
  ];
}

/** Why some layouts cannot be, each reason once. */
function refusalLines({ layouts }: Plan): readonly string[] {
  const refused = layouts.filter((each): each is Impossible => !isLayout(each));
  const reasons = [...new Set(refused.map(({ refusal }) => refusal))];
  return reasons.map((reason) => {
    const which = refused.filter(({ refusal }) => refusal === reason);
    const names = which.map(({ unit, map }) => `${unit.name} ${map}`).join(', ');
    return wrap(`${NONE} ${names}: ${reason}`);
  });
}

/** What does not fit, what deduplication leaves out, what every bind has to write. */
function memoryNotes({ layouts, geometry, request }: Plan): readonly string[] {
  const possible = layouts.filter(isLayout);
  const { dramBytes: held = Number.POSITIVE_INFINITY } = request.host;
  const tooMuch = possible.filter((layout) => layout.dramBytes > held);
  const saved = possible.flatMap(({ unit, map, structPages }) => {
    const { dedup, fullBytes, dramBytes, deviceBytes } = structPages;
    return dedup ? [`${unit.name} ${map} ${formatBytes(fullBytes - dramBytes - deviceBytes)}`] : [];
  });
  const written = possible.map(
    ({ unit, map, structPages }) =>
      `${unit.name} ${map} ${formatCount(Math.round(structPages.initialised))}`,
  );
  const names = tooMuch.map(({ unit, map }) => `${unit.name} ${map}`).join(', ');
  return [
    ...(tooMuch.length > 0 ? [`More than the host's ${formatBytes(held)} of DRAM: ${names}`] : []),
    ...(geometry.emulated
      ? []
      : [
          `Tables over struct pages are not known for ${geometry.arch}, so not in the last column.`,
        ]),
    saved.length > 0
      ? `Deduplication of struct pages saves: ${saved.join(', ')}.`
      : 'Deduplication of struct pages saves nothing: it needs map=mem, large units and an architecture with it.',
    wrap(`Struct pages written at each bind (boot, rebind): ${written.join('; ')}.`),
  ];
}

function memorySection(plan: Plan): string {
  const { request, layouts } = plan;
  // A map that no unit can have is a reason below, not rows of dashes.
  const possible = new Set(layouts.filter(isLayout).map(({ map }) => map));
  const rows = layouts
    .filter(({ map }) => possible.has(map))
    .map((each) =>
      isLayout(each) ? memoryRow(each) : [each.unit.name, each.map, ...Array(8).fill(NONE)],
    );
  return [
    'Memory: arithmetic, the same on every kernel',
    formatTable(memoryColumns(request.host), rows),
    ...refusalLines(plan),
    ...memoryNotes(plan),
  ].join('\n');
}

/** Of each unit the first layout: instructions a leaf do not depend on the map. */
function shownCosts({ costs, request }: Plan): readonly Costs[] {
  const units = [...new Set(costs.map(({ unit }) => unit))];
  return units.flatMap((unit) =>
    request.releases.flatMap(
      (release) => costs.find((each) => each.unit === unit && each.release === release) ?? [],
    ),
  );
}

function marksSaid(costs: readonly Costs[]): readonly string[] {
  const has = (basis: Basis): boolean =>
    costs.some(({ steps }) => steps.some((step) => step?.basis === basis));
  const errors = costs.flatMap(({ steps }) =>
    steps.flatMap((step) => (step?.basis === 'recorded' ? [step.error ?? 0] : [])),
  );
  const spread = Math.max(0, ...errors) * 100;
  const missing = costs.some(({ steps }) => steps.includes(undefined));
  return [
    ...(has('recorded')
      ? [
          `unmarked: recorded on real kernels; repetitions within ${spread.toFixed(1)} % of the median`,
        ]
      : []),
    ...(has('predicted')
      ? ['~ predicted from event counts; ± the largest error on operations the fit had not seen']
      : []),
    ...(has('extrapolated')
      ? ['? extrapolated: no kernel was recorded with this unit size, so the error is not known']
      : []),
    ...(missing ? [`${NONE} nothing was recorded there that this could be predicted from`] : []),
  ];
}

function timeTable(costs: readonly Costs[], rate: number): string {
  const columns: readonly Column[] = [
    { title: 'one process, all it maps', ...LEFT },
    ...costs.map(
      ({ unit, release }): Column => ({ title: release, ...RIGHT, group: `${unit} units` }),
    ),
  ];
  const rows = STEPS.map(({ title }, i) => [
    title,
    ...costs.map(({ steps }) => formatStep(steps[i], rate)),
  ]);
  return formatTable(columns, rows);
}

function timeSection(plan: Plan): string {
  const { rate, releases, host } = plan.request;
  const costs = shownCosts(plan);
  const [first] = costs;
  if (!first)
    return `Time: nothing was recorded of ${plan.geometry.arch} with ${plan.geometry.basePage} pages.`;
  const units = [...new Set(costs.map(({ unit }) => unit))];
  const narrow = costs.length <= TIME_COLUMNS_MAX;
  const tables = narrow ? [costs] : units.map((each) => costs.filter(({ unit }) => unit === each));
  return [
    `Time of kernel instructions at ${sayRate(rate)} a second (--rate), Linux ${releases.join(' and ')}`,
    ...tables.map((each) => timeTable(each, rate)),
    ...marksSaid(costs),
    wrap(
      `The rate is a guess until you measure it: perf stat -e instructions:k,cycles:k gives instructions a cycle, to be multiplied by the clock. Pins are longterm, for writing, 512 pages a call, of memory already mapped. Sizes are those of map=${first.map}.${host.processes > 1 ? ' Each process pays for itself.' : ''}`,
      '',
    ),
  ].join('\n');
}

function countersSection({ headroom, folioMappings, request }: Plan): string {
  const columns: readonly Column[] = [
    { title: 'unit', ...LEFT },
    { title: 'kernel', ...LEFT },
    { title: 'references as planned', ...RIGHT },
    { title: 'mappings until overflow', ...RIGHT },
    { title: 'pins of one page', ...RIGHT },
    { title: 'pins of every page', ...RIGHT },
  ];
  const rows = headroom.map(({ unit, release, references, mappings, pagePins, wholePins }) => [
    unit.name,
    release,
    formatCount(references),
    mappings === undefined ? 'not counted' : formatCount(mappings),
    formatCount(pagePins),
    formatCount(wholePins),
  ]);
  const resident = request.releases.filter(countsMappings);
  const rss =
    resident.length === 0
      ? []
      : [
          `On ${resident.join(' and ')} mapped device memory counts as resident (RssFile), so in the OOM score; before 6.15 not.`,
        ];
  return [
    `Counters of one folio with ${formatCount(folioMappings)} mapping${folioMappings === 1 ? '' : 's'} of it: arithmetic`,
    formatTable(columns, rows),
    ...rss,
  ].join('\n');
}

function tenancySection({ tenancies, recommendation }: Plan): readonly string[] {
  if (tenancies.length === 0) return [];
  const { unit, map } = recommendation.layout;
  const columns: readonly Column[] = [
    { title: `${unit.name} units, map=${map}`, ...LEFT },
    ...['usable', 'lost', 'a process maps', 'its tables', 'all tables', 'DRAM in all'].map(
      (title): Column => ({ title, ...RIGHT }),
    ),
    { title: 'mappings a folio', ...RIGHT },
  ];
  const rows = tenancies.map((each) => [
    each.title,
    ...[each.usableBytes, each.lostBytes, each.mappedBytes].map(bytes),
    ...[each.processTableBytes, each.tableBytes, each.dramBytes].map(bytes),
    formatCount(each.folioMappings),
  ]);
  return ['', 'Tenants: a device each against one for all', formatTable(columns, rows)];
}

/** What to watch with a unit size, in a line. */
const CAVEATS: Readonly<Record<string, string>> = {
  '1G':
    'But: reading smaps, pagemap or numa_maps drops 1G leaves (the next touch faults again) and mremap loses\n' +
    'them, leaking references on 7.3; where programs are watched or grow so, take --align 2M.',
};

function recommendationSection({ recommendation, request }: Plan): string {
  const { layout, next } = recommendation;
  const { unit, map, dramBytes, lostBytes } = layout;
  const mine = overheadBytes(layout);
  const than =
    next === undefined
      ? request.align === undefined
        ? 'no other unit size is possible'
        : 'no other unit size was asked for'
      : `with ${next.unit.name} units and map=${next.map} it is ${formatBytes(overheadBytes(next))}`;
  const caveat = CAVEATS[unit.name];
  return [
    wrap(
      `Recommended: ${unit.name} units, map=${map}, because they take least for themselves: ${bytes(dramBytes)} of DRAM and ${bytes(lostBytes)} of capacity, ${formatBytes(mine)} together; ${than}.`,
      '',
    ),
    ...(caveat === undefined ? [] : [caveat]),
  ].join('\n');
}

function commandsSection({ commands, request, recommendation }: Plan): string {
  const { host } = request;
  const { unit } = recommendation.layout;
  const rounded = host.regions.flatMap((region) => {
    if (region.kind === 'pmem' && !region.labels) return [];
    const step = formatBytes(stepBytes(region, unit));
    const ways = region.interleave > 1 ? ` (${region.interleave} ways × ${unit.name})` : '';
    return [`# ${region.name}: sizes are multiples of ${step}${ways}`];
  });
  const shown = commands.slice(0, COMMANDS_MAX);
  const more = commands.length - shown.length;
  return [
    ...rounded,
    ...shown,
    ...(more > 0 ? [`# … and ${more} lines more of the same kind; --json has all`] : []),
  ].join('\n');
}

function fillSection({ request }: Plan): readonly string[] {
  return request.host.regions.flatMap(({ name, sizeBytes, bandwidthGBps }) => {
    if (bandwidthGBps === undefined) return [];
    const seconds = (sizeBytes / (bandwidthGBps * 1e9)).toFixed(1);
    return [
      `Filling ${name} once takes at least ${seconds} s at its stated ${bandwidthGBps} GB/s.`,
    ];
  });
}

/** The whole plan as text, 120 columns wide at most. */
export function formatPlan(plan: Plan): string {
  const { host } = plan.request;
  const start = assumedStart(host);
  return [
    sayHost(host, `${plan.geometry.arch}, ${plan.geometry.basePage} pages`),
    ...provenance(host),
    ...(start === undefined
      ? []
      : [`${formatBytes(hostBytes(host))} in all; taken for granted: ${start}`]),
    '',
    memorySection(plan),
    '',
    timeSection(plan),
    ...fillSection(plan),
    '',
    countersSection(plan),
    ...tenancySection(plan),
    '',
    recommendationSection(plan),
    '',
    commandsSection(plan),
  ].join('\n');
}

/** Presets, one a line. */
export function formatPresets(presets: readonly (readonly [id: string, host: Host])[]): string {
  const columns: readonly Column[] = ['preset', 'what', 'in all', 'as of'].map((title) => ({
    title,
    align: title === 'in all' ? 'right' : 'left',
  }));
  const rows = presets.map(([id, host]) => [
    id,
    host.regions.map(sayRegion).join(' and '),
    formatBytes(hostBytes(host)),
    host.asOf ?? NONE,
  ]);
  return formatTable(columns, rows);
}
