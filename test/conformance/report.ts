// The comparison as a table, on the terminal and in docs/conformance.md.
import { formatTable } from '../../host/report/table.ts';
import type { KernelBugCode } from '../../host/syscall/bug.ts';
import { formatCount } from '../../host/units.ts';
import type { FieldResult } from './compare.ts';
import { PROGRAMS, type Program } from './records.ts';
import { countVerdicts, type RunResult } from './suite.ts';

/** gup_* scenarios are one family of 42; the rest stand for themselves. */
function family(scenario: string): string {
  return /^gup_.*_(put|munmap)-first$/.test(scenario) ? 'gup_*' : scenario;
}

function runName({ recording: { kernel, align, map } }: RunResult): string {
  return `${kernel} ${align} ${map}`;
}

/** Equal, differing and exempt fields of a family of scenarios in one run. */
function cell(run: RunResult, scenario: string): string {
  const { equal, differing, exempt } = countVerdicts(
    run.fields.filter((field) => family(field.scenario) === scenario),
  );
  if (equal + differing + exempt === 0) return '';
  return `${equal}/${differing}/${exempt}`;
}

function scenarios(runs: readonly RunResult[]): readonly string[] {
  const seen = new Set<string>();
  for (const { recording } of runs)
    for (const { scenario } of recording.steps) seen.add(family(scenario));
  return [...seen];
}

/** Scenario × run: equal/differing/exempt fields. */
export function scenarioTable(runs: readonly RunResult[]): readonly (readonly string[])[] {
  return scenarios(runs).map((scenario) => [scenario, ...runs.map((run) => cell(run, scenario))]);
}

function totals(runs: readonly RunResult[]): readonly string[] {
  const cells = runs.map(({ fields }) => {
    const { equal, differing, exempt } = countVerdicts(fields);
    return `${equal}/${differing}/${exempt}`;
  });
  return ['all', ...cells];
}

/** The runs of each program that there is a recording of. */
function byProgram(runs: readonly RunResult[]): readonly (readonly RunResult[])[] {
  return PROGRAMS.map((name) => runs.filter(({ recording }) => recording.program === name)).filter(
    (group) => group.length > 0,
  );
}

export function summaryLine(runs: readonly RunResult[]): string {
  const fields = runs.flatMap((run) => run.fields);
  const { equal, differing, exempt } = countVerdicts(fields);
  const pending = runs.reduce((sum, run) => sum + run.pending, 0);
  const share = ((100 * exempt) / fields.length).toFixed(2);
  return `${formatCount(fields.length)} fields: ${formatCount(equal)} equal, ${formatCount(differing)} differing, ${formatCount(exempt)} exempt (${share} %); ${formatCount(pending)} steps pending`;
}

/** Exempt fields by reason, with how many and where. */
export function exemptions(runs: readonly RunResult[]): readonly (readonly string[])[] {
  const found = new Map<string, FieldResult[]>();
  for (const field of runs.flatMap((run) => run.fields)) {
    if (field.verdict !== 'exempt' || !field.reason) continue;
    const list = found.get(field.reason) ?? [];
    list.push(field);
    found.set(field.reason, list);
  }
  return [...found].map(([reason, fields]) => [
    reason,
    formatCount(fields.length),
    [...new Set(fields.map((each) => each.field))].join(', '),
    [...new Set(fields.map((each) => family(each.scenario)))].join(', '),
  ]);
}

export function differences(runs: readonly RunResult[], most: number): readonly string[] {
  const lines = runs.flatMap((run) =>
    run.fields
      .filter(({ verdict }) => verdict === 'differing')
      .map(
        ({ scenario, step, who, field, recorded, emulated }) =>
          `${runName(run)}: ${scenario}/${step} (${who}) ${field}: recorded ${JSON.stringify(recorded)}, emulated ${JSON.stringify(emulated)}`,
      ),
  );
  return lines.length > most ? [...lines.slice(0, most), `and ${lines.length - most} more`] : lines;
}

const BUGS: Readonly<Record<KernelBugCode, string>> = {
  badPud: 'mremap takes a 1G leaf for a corrupt table and zeroes it: leaves lost',
  missingFlush: 'the entry goes with no TLB flush: leaves whose old translation goes on working',
  leakedReference: 'the lost leaf keeps its reference and map count: references never given back',
  badRssCounter: 'the mm ends with pages still charged: 4 KiB file pages',
  lostDirty:
    'mprotect makes a dirty 2M leaf clean (6.12.95; mended by 6.12.117): leaves that lost D',
  unalignedMapping:
    'mprotect moves a boundary into a unit by a merge, or mremap goes off it: mappings that fault no more',
  useAfterFree: 'a struct page used after its device was unbound',
  unbalancedPut: 'a put took the count of a page that nobody held to 0',
};

function hasBugs(run: RunResult): boolean {
  return run.bugs.length > 0;
}

/** One row a bug that happened, with what was hit in each run that met any. */
function bugRows(runs: readonly RunResult[]): readonly (readonly string[])[] {
  const seen = Object.entries(BUGS).filter(([code]) =>
    runs.some((run) => run.bugs.some((bug) => bug.code === code)),
  );
  return seen.map(([code, what]) => [
    code,
    what,
    ...runs.filter(hasBugs).map((run) => {
      const hit = run.bugs.filter((bug) => bug.code === code);
      return formatCount(hit.reduce((sum, bug) => sum + bug.count, 0));
    }),
  ]);
}

function bugLines(runs: readonly RunResult[]): readonly string[] {
  const met = runs.filter(hasBugs).map(runName);
  return bugRows(runs).map(([code, what, ...counts]) => {
    const where = counts.flatMap((count, i) => (count === '0' ? [] : [`${met[i]} ${count}`]));
    return `kernel bug ${code} reproduced (${where.join(', ')}): ${what}`;
  });
}

export function terminalReport(runs: readonly RunResult[]): string {
  const right = (title: string) => ({ title, align: 'right' as const });
  const tables = byProgram(runs).map((group) => {
    const columns = [
      { title: 'scenario', align: 'left' as const },
      ...group.map((run) => right(runName(run))),
    ];
    return formatTable(columns, [...scenarioTable(group), totals(group)]);
  });
  return [
    'fields equal/differing/exempt, by scenario and recorded run',
    ...tables.flatMap((table) => [table, '']),
    ...exemptions(runs).map(([reason, count, fields]) => `exempt ${count} (${fields}): ${reason}`),
    ...differences(runs, 20),
    ...bugLines(runs),
    summaryLine(runs),
  ].join('\n');
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function markdownScenarios(runs: readonly RunResult[], program: Program): string {
  const group = runs.filter(({ recording }) => recording.program === program);
  const rows = [...scenarioTable(group), totals(group)];
  return markdownTable(['scenario', ...group.map(runName)], rows);
}

export function markdownReport(runs: readonly RunResult[]): string {
  const unbind = runs.filter(({ recording }) => recording.program === 'unbind');
  return `# Conformance with recorded kernels

Written by \`npm run conformance\`. Every step of the recording programs is repeated on the emulator
(same calls, arguments and order, one boot for all scenarios of a run) and every recorded field compared:
return codes, errnos, signals, fault counts, raw leaf entries, struct-page counters, page tables,
smaps. \`devmap\` is held to Linux 6.12.95, \`refcount\` to 7.3.4, \`refcount-6.15\` to 6.16.12 in what
user space sees of it: no module that reads struct pages or calls GUP could be loaded there.

**${summaryLine(runs)}.**

Each cell: fields equal/differing/exempt.

${markdownScenarios(runs, 'matrix')}

## Unbind

The driver unbound while the device is mapped, got or pinned, and bound again: ${summaryLine(unbind)}.

${markdownScenarios(unbind, 'unbind')}

What both kernels were seen to do, and do here: an unbind returns at once, whatever is pinned; the
mappings stay, empty; touches are SIGBUS, mmap through the old descriptor is ENXIO, the node still
opens while a descriptor is held; the struct pages are no more; bound again, every page is at 1 with no
flags and no mapping. What the program did not do, for it is an oops: give a pin back after the unbind.
The kernels' logs of that name the address of the struct page, which the emulator's report
(\`useAfterFree\`) names too; nothing is touched.

The program looked at 1G mappings through /proc, which removes their leaves; the looks are repeated
with that effect, so those rows agree too, but what an unbind itself does to a 1G leaf was never seen.

## Exempt fields

One list, \`test/conformance/exemptions.ts\`:

${markdownTable(['reason', 'fields', 'which', 'where'], exemptions(runs))}

## Kernel bugs reproduced

The emulator does what the kernels did, bugs included, and reports each by name when it happens
(\`System.bugs\`). In these runs, which the kernels' own logs confirm line by line:

${markdownTable(['bug', 'what it is', ...runs.filter(hasBugs).map(runName)], bugRows(runs))}

Not a bug, but of the same kind: clear_refs 1 clears A bits with no flush, so the next access need not
set them again.

## How it is compared

- Sizes that belong to the program around the mapping (\`pgtables\`, \`VmPTE\`, \`RssFile\`, \`RssShmem\`)
  are compared as differences from the scenario's first observation.
- Where the program's libraries lay was drawn at random for each recorded run, and what page tables a
  mapping shares with them depends on it; the draw is taken from the recording itself (addresses in the
  kernel's log, or modulo 1 GiB).
- Where the kernel leaves out a TLB flush, the next outcome hangs on whether another program ran on
  the CPU before it: that draw, too, is taken from the recording (three steps).
- A step that is recorded and not replayed is pending, and each of its fields differs.
`;
}
