import { COMPARED, KERNELS } from '../kernel.ts';
import type { Explanation, PerKernel } from '../measure/functionFamilies.ts';
import type { AlignName } from '../units.ts';
import { formatNumber, formatRatio, NONE, signed } from './numbers.ts';
import { type Column, formatTable } from './table.ts';

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  ...COMPARED.map((kernel): Column => ({ title: KERNELS[kernel].release, align: 'right' })),
  { title: 'difference', align: 'right' },
];

/** What an operation of the hot files is, in words. */
export const MEANINGS: Readonly<Record<string, string>> = {
  fault: 'write fault, a leaf',
  munmap: 'munmap, a written leaf',
  pin: 'pin for writing and unpin, one page a call',
  pinL: 'longterm pin for writing and unpin, one page a call',
};

function cells(name: string, values: PerKernel): readonly string[] {
  const { devmap, refcount } = values;
  // With one side unknown there is no difference to tell.
  const known = devmap !== undefined && refcount !== undefined;
  const shown = COMPARED.map((kernel) => formatNumber(values[kernel]));
  return [name, ...shown, known ? signed(refcount - devmap) : NONE];
}

/** One operation by family and function, 6.12 beside 7.3, with what is not known at the end. */
export function formatExplanation(explanation: Explanation): string {
  const { op, align, families, user, rest, total, smallest, ratio } = explanation;
  const rows = [
    ...families.flatMap(({ family, instructions, functions }) => [
      cells(family, instructions),
      ...functions.map((row) => cells(`    ${row.name}`, row.instructions)),
    ]),
    ...(user.devmap + user.refcount > 0 ? [cells('the program itself', user)] : []),
    cells('not among the fourteen largest', rest),
    cells('total', total),
  ];
  const least = COMPARED.map((kernel) => formatNumber(smallest[kernel])).join(' and ');
  return [
    `${op}, ${align} units (${MEANINGS[op] ?? op}): recorded instructions by kernel function`,
    '',
    formatTable(COLUMNS, rows),
    '',
    `Total 7.3 ÷ 6.12: ${formatRatio(ratio)}. ${NONE} is not among that kernel's fourteen largest, so at most`,
    `${least}: it may be there, be inlined into its caller or have another name.`,
    'So a family can be compared only as far as its functions are listed on both sides.',
  ].join('\n');
}

/** What can be explained. */
export function formatHotList(operations: ReadonlyMap<string, readonly AlignName[]>): string {
  const rows = [...operations].map(([op, aligns]) => [op, aligns.join(', '), MEANINGS[op] ?? '']);
  const columns: readonly Column[] = [
    { title: 'operation', align: 'left' },
    { title: 'units', align: 'left' },
    { title: 'what it is', align: 'left' },
  ];
  return [
    'Recorded by kernel function, on 6.12 and 7.3:',
    '',
    formatTable(columns, rows),
    '',
    'daxstorm explain OPERATION [--align UNIT] shows one.',
  ].join('\n');
}
