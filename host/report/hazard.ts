import { COMPOUND_STEPS, type CompoundReport, type CompoundRun } from '../hazard/compound.ts';
import type { OffsetReport } from '../hazard/offset.ts';
import { KERNELS } from '../kernel.ts';
import { formatBytes } from '../units.ts';
import { sayPages, WARNING_WORDS } from './guard.ts';
import { type Column, formatTable } from './table.ts';

const left = (title: string): Column => ({ title, align: 'left' });
const right = (title: string): Column => ({ title, align: 'right' });

function runTitle({ kernel, guard, tails }: CompoundRun): string {
  const encoding = tails === 'mask' ? 'a mask for their own address' : 'a pointer to the head';
  const guarded = kernel === 'devmap' || guard ? '' : ', order guard taken out';
  return `${KERNELS[kernel].title}${guarded}; tails hold ${encoding}`;
}

function lookupRows({ lookups }: CompoundRun): readonly (readonly string[])[] {
  return lookups.map(({ page, found, isHead, right: rightOne }) => [
    String(page),
    String(found),
    isHead ? 'head' : 'tail',
    rightOne ? 'right' : 'wrong',
  ]);
}

function rangeRows({ ranges }: CompoundRun): readonly (readonly string[])[] {
  return ranges.flatMap((range) =>
    range.fields
      .filter(({ field }) => field !== 'flags')
      .map(({ field, values }, i) => [i === 0 ? sayPages(range) : '', field, ...values]),
  );
}

function formatCompoundRun(run: CompoundRun): string {
  const lookups = formatTable(
    [right('data page'), right('page_folio finds'), left('which is a'), left('')],
    lookupRows(run),
  );
  const history = formatTable(
    [left('struct pages'), left('field'), ...COMPOUND_STEPS.map(right)],
    rangeRows(run),
  );
  const [first, last] = [run.pinned[0], run.pinned.at(-1)];
  const touch =
    run.signal === 'none'
      ? `  the first touch maps the unit; pages ${first}..${last} pinned, unpinned, all unmapped:\n${history.replace(/^/gm, '  ')}`
      : `  the first touch ends in ${run.signal}`;
  return [
    runTitle(run),
    lookups.replace(/^/gm, '  '),
    touch,
    ...run.warnings.map((name) => `  ${WARNING_WORDS[name] ?? name}`),
  ].join('\n');
}

/** Compound pages laid off their units, and what each kernel makes of it. */
export function formatCompound(report: CompoundReport): string {
  const { namespaceBytes, dataStartBytes, headsAt, runs } = report;
  const hex = (bytes: number): string => `0x${bytes.toString(16)}`;
  return [
    `a namespace of ${formatBytes(namespaceBytes.size)} at ${hex(namespaceBytes.start)}, units of 1G, map=mem; its data begins at ${hex(dataStartBytes)}\n` +
      `heads are laid from the namespace's start, so at data pages ${headsAt.join(', ')}, … ; a page below 0 lies before the data`,
    ...runs.map(formatCompoundRun),
    'With map=dev the first struct page initialised is that of the first data page: heads lie on the units.',
  ].join('\n\n');
}

/** A huge mapping at an unaligned file offset, on every kernel. */
export function formatOffset({ align, offsetPages, runs }: OffsetReport): string {
  const columns = [
    left('kernel'),
    left('mmap'),
    left('touch'),
    right('leaf'),
    right('stray address bits'),
    right('asked for byte'),
    right('reaches byte'),
    right('index'),
  ];
  const rows = runs.map((run) => [
    run.kernel,
    run.mmap,
    run.touch === 'none' ? 'ok' : run.touch,
    run.leaf,
    run.strayBits,
    String(run.askedByte),
    String(run.reachesByte),
    String(run.index),
  ]);
  const warnings = [...new Set(runs.flatMap((run) => run.warnings))];
  return [
    `${align} device, MAP_FIXED at an aligned address, file offset ${offsetPages * 4} KiB: no check of mmap refuses it`,
    formatTable(columns, rows),
    ...warnings.map((name) => WARNING_WORDS[name] ?? name),
    'devmap puts the unaligned address into the entry, where its low bits are the PAT bit (12) and reserved ones: a\ncorrupt leaf. The refcounted kernels map the folio from its head on: another byte than was asked for.',
  ].join('\n');
}
