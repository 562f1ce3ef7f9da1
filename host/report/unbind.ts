import type { UnbindStory } from '../compare/unbind.ts';
import { KERNELS } from '../kernel.ts';
import { type Device, sayRanges } from '../syscall/device.ts';
import type { Holding } from '../syscall/holdings.ts';
import { formatBytes, formatCount, PAGE_BYTES } from '../units.ts';
import { NONE } from './numbers.ts';
import { formatTable } from './table.ts';

type Row = readonly [title: string, cell: (story: UnbindStory) => string | number];

const BEFORE: readonly Row[] = [
  ['leaves mapped', ({ before }) => before.leaves],
  ['first unit: _refcount', ({ before }) => before.refcount],
  ['first unit: mappings counted', ({ before }) => before.mappings],
  ['RssFile of process 1', ({ before }) => formatBytes(before.rssBytes)],
];

const UNBIND: readonly Row[] = [
  ['mappings emptied', ({ unbind }) => unbind.vmas],
  ['leaves zapped', ({ unbind }) => unbind.leaves],
  ['TLB flushes', ({ unbind }) => unbind.flushes],
  ['pgmap references dropped', (story) => story.pgmapReferences],
  ['4K pages still pinned', ({ unbind }) => unbind.pins],
  ['4K pages still referenced', ({ unbind }) => unbind.gets],
  ['waited for them', ({ unbind }) => (unbind.pins + unbind.gets > 0 ? 'no' : NONE)],
];

const AFTER: readonly Row[] = [
  ['mappings left, empty', ({ after }) => after.mappings],
  ['RssFile of process 1', ({ after }) => formatBytes(after.rssBytes)],
  ['a touch', ({ after }) => after.touch],
  ['mmap, old descriptor', ({ after }) => after.mmap],
  ['open, while somebody holds it', ({ after }) => after.openHeld],
  ['open, when nobody does', ({ after }) => after.openFree],
];

const REBOUND: readonly Row[] = [
  ['first unit: _refcount', ({ rebound }) => rebound.refcount],
  ['first unit: flags', ({ rebound }) => rebound.flags.join(' ')],
  ['first unit: mapping', ({ rebound }) => (rebound.mapping ? 'set' : 'none')],
  ['a touch through a new mapping', ({ rebound }) => rebound.touch],
];

const PARTS: readonly (readonly [string, readonly Row[]])[] = [
  ['before', BEFORE],
  ['unbind', UNBIND],
  ['after it', AFTER],
  ['bound again', REBOUND],
];

function sayHolding({ process, pin, firstPage, pages }: Holding, device: Device): string {
  const unitPages = device.unitBytes / PAGE_BYTES;
  const span = (first: number, last: number, what: string): string =>
    first === last ? `${what} ${first}` : `${what}s ${first} to ${last}`;
  const last = firstPage + pages - 1;
  const units = span(Math.floor(firstPage / unitPages), Math.floor(last / unitPages), 'unit');
  const count = `${formatCount(pages)} ${pages === 1 ? 'page' : 'pages'}`;
  const how = pin ? 'pinned' : 'referenced';
  return `process ${process}: ${count} ${how}, ${span(firstPage, last, 'device page')}, ${units}`;
}

/** Lines that are the same under every kernel once, others under the kernel's name. */
function perKernel(
  stories: readonly UnbindStory[],
  lines: (story: UnbindStory) => readonly string[],
): readonly string[] {
  const texts = stories.map((story) => lines(story).map((line) => `  ${line}`));
  const [first = []] = texts;
  if (texts.every((each) => each.join() === first.join())) return first;
  return stories.flatMap(({ kernel }, i) => [`  ${KERNELS[kernel].title}:`, ...(texts[i] ?? [])]);
}

/** What unbinding did to each kernel, what was still held, and what giving it back late does. */
export function formatUnbind(stories: readonly UnbindStory[], device: Device): string {
  const columns = [
    { title: '', align: 'left' as const },
    ...stories.map(({ kernel }) => ({ title: KERNELS[kernel].title, align: 'right' as const })),
  ];
  const cell = (value: string | number): string =>
    typeof value === 'number' ? formatCount(value) : value;
  const rows = PARTS.flatMap(([name, part]) => [
    [name],
    ...part.map(([title, value]) => [`  ${title}`, ...stories.map((each) => cell(value(each)))]),
  ]);
  const held = perKernel(stories, ({ unbind }) =>
    unbind.holders.map((holding) => sayHolding(holding, device)),
  );
  const late = perKernel(stories, ({ bugs }) => bugs.map(({ text }) => text));
  return [
    `${device.align} units, ${formatBytes(device.sizeBytes)} device${sayRanges(device)}, map=${device.map}; two processes map all of it`,
    '',
    formatTable(columns, rows),
    '',
    ...(held.length > 0
      ? ['held when the struct pages went:', ...held, 'given back late:', ...late]
      : ['nothing was held: neither kernel is in danger']),
  ].join('\n');
}
