// The comparison as a table, on the terminal and in docs/conformance.md.
import { formatTable } from '../../host/report/table.ts';
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

/** `412`, `412 +3 exempt`, `5 DIFFERING of 412`, `— pending (31 steps)`. */
function cell(run: RunResult, scenario: string): string {
  const pending = run.pending.get(scenario);
  if (pending !== undefined) return `pending ${pending}`;
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
  const pending = runs.reduce(
    (sum, run) => sum + [...run.pending.values()].reduce((a, b) => a + b, 0),
    0,
  );
  const share = ((100 * exempt) / fields.length).toFixed(2);
  return `${formatCount(fields.length)} fields: ${formatCount(equal)} equal, ${formatCount(differing)} differing, ${formatCount(exempt)} exempt (${share} %); ${formatCount(pending)} steps of pending scenarios`;
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

## How it is compared

- Sizes that belong to the program around the mapping (\`pgtables\`, \`VmPTE\`, \`RssFile\`, \`RssShmem\`)
  are compared as differences from the scenario's first observation.
- Where the program's libraries lay was drawn at random for each recorded run, and what page tables a
  mapping shares with them depends on it; the draw is taken from the recording itself (addresses in the
  kernel's log, or modulo 1 GiB).
- Pending scenarios belong to the second half of the surface (mremap, madvise, looks through /proc,
  other calls on the file) and are not replayed.
`;
}
