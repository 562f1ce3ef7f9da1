// The emulator against what real kernels were seen to do, and the comparison against itself: it must
// notice a changed value, a missing step and an unknown scenario.
import { describe, expect, test } from 'vitest';
import type { KernelBug } from '../../host/syscall/bug.ts';
import { compareRun } from './compare.ts';
import type { Recording } from './records.ts';
import { differences } from './report.ts';
import { checkFolder, checkRecording, countVerdicts, FIXTURES } from './suite.ts';

const RUNS = checkFolder(FIXTURES);
const FIELDS = RUNS.flatMap((run) => run.fields);

/** All fields of a kernel's run on 2M units. */
function fieldsOf(kernel: string) {
  const run = RUNS.find(({ recording }) => recording.kernel === kernel && recording.align === '2M');
  return run?.fields ?? [];
}

/* Fields that may never be exempt, but for the rows that the recordings call misleading. */
const NEVER_EXEMPT =
  /^(rc|errno|sig|sicode|level|raw|upper|vma|vm_flags|vm_len|pgtables|VmPTE|RssFile|(page|devpage)\.(ref|head_ref|order|tail|mapcount_raw|entire|large|nrmapped|pincount|mapping|index))$/;

describe('recorded kernels', () => {
  test.each(
    RUNS.map((run) => {
      const { program, kernel, align, map } = run.recording;
      return [program, kernel, align, map, run] as const;
    }),
  )('%s: %s %s map=%s: nothing differs', (program, _kernel, _align, _map, run) => {
    // Without the module a recording holds return codes, faults, signals, smaps and pagemap.
    const matrixMin = run.recording.module ? 9000 : 2000;
    expect(run.fields.length).toBeGreaterThan(program === 'matrix' ? matrixMin : 1500);
    expect(differences([run], 10)).toEqual([]);
  });

  test('at most 5 % of the fields are exempt, and none of those that never may be', () => {
    const exempt = FIELDS.filter(({ verdict }) => verdict === 'exempt');
    expect(exempt.length).toBeLessThanOrEqual(FIELDS.length * 0.05);
    expect(exempt.filter(({ field }) => NEVER_EXEMPT.test(field))).toEqual([]);
  });

  test('twelve runs of the matrix, eight of unbind: three kernels, three unit sizes', () => {
    const of = (name: string) => RUNS.filter(({ recording }) => recording.program === name).length;
    expect([of('matrix'), of('unbind')]).toEqual([12, 8]);
    expect(RUNS.map((run) => run.pending)).toEqual(RUNS.map(() => 0));
  });
});

/* What the kernels' logs say of page tables and counters; dmesg fields themselves are exempt. */
describe('kernel bugs', () => {
  const logLines = ({ recording }: (typeof RUNS)[number]): readonly string[] =>
    recording.steps.flatMap(({ fields }) => {
      const { dmesg } = fields;
      return Array.isArray(dmesg) ? dmesg.map(String) : [];
    });

  test.each(
    RUNS.map((run) => [run.recording.kernel, run.recording.align, run.recording.map, run] as const),
  )('%s %s map=%s: as many as the kernel logged, with its values', (_k, _a, _m, run) => {
    const reported = (code: KernelBug['code']) => run.bugs.filter((bug) => bug.code === code);
    const entries = logLines(run).flatMap((line) => /bad pud \w+\((\w+)\)/.exec(line)?.[1] ?? []);
    expect(reported('badPud').map((bug) => /\((\w+)\)/.exec(bug.text)?.[1])).toEqual(entries);
    const pages = logLines(run).flatMap((line) => {
      const found = /Bad rss-counter state .*MM_FILEPAGES val:(\d+)/.exec(line);
      return found ? [Number(found[1])] : [];
    });
    expect(reported('badRssCounter').map((bug) => bug.count)).toEqual(pages);
    const leaked = run.recording.kernel === 'refcount' ? entries.length : 0;
    expect(reported('leakedReference').length).toBe(leaked);
  });

  test('each at its sizes and kernels alone', () => {
    const matrix = RUNS.filter(({ recording }) => recording.program === 'matrix');
    const seen = matrix.flatMap(({ bugs, recording: { kernel, align } }) =>
      bugs.map(({ code }) => `${code} ${code === 'lostDirty' ? `${kernel} ` : ''}${align}`),
    );
    expect([...new Set(seen)].sort()).toEqual([
      'badPud 1G',
      'badRssCounter 1G',
      'leakedReference 1G',
      'lostDirty devmap 2M',
      'missingFlush 1G',
      'unalignedMapping 1G',
      'unalignedMapping 2M',
    ]);
  });
});

test('huge leaves of refcount-6.15 are in RssFile and in no smaps, those of refcount in both', () => {
  const step = (kernel: string, field: string) =>
    fieldsOf(kernel).find(
      (each) =>
        each.scenario === 'write_fault' && each.step === 'write_unit2_mid' && each.field === field,
    )?.recorded;
  expect([step('refcount-6.15', 'RssFile'), step('refcount-6.15', 'smaps.Rss')]).toEqual([
    2048,
    undefined,
  ]);
  expect([step('refcount', 'RssFile'), step('refcount', 'smaps.Rss')]).toEqual([2048, 4096]);
});

describe('the comparison itself', () => {
  const first = RUNS[0]?.recording as Recording;
  const differing = (recording: Recording): number =>
    countVerdicts(checkRecording(recording, FIXTURES).fields).differing;
  const withSteps = (steps: Recording['steps']): Recording => ({ ...first, steps });

  test('one changed value is one difference', () => {
    const at = first.steps.findIndex(({ fields }) => fields['rc'] === 0 && 'raw' in fields);
    const steps = first.steps.map((step, i) =>
      i === at ? { ...step, fields: { ...step.fields, raw: '123' } } : step,
    );
    expect(differing(withSteps(steps))).toBe(1);
  });

  test('an unknown scenario, and an unknown step, differ in every field', () => {
    const [step] = first.steps.filter(({ scenario }) => scenario === 'initial');
    if (!step) throw new Error('no initial step');
    const fields = { rc: 0, level: 'none' };
    const strange = { ...step, scenario: 'unheard_of', fields };
    const strangeStep = { ...step, step: 'unheard_of', fields };
    expect(differing(withSteps([...first.steps, strange]))).toBe(2);
    expect(differing(withSteps([...first.steps, strangeStep]))).toBe(2);
  });

  test('a field that only the emulator has differs', () => {
    const step = { scenario: 's', step: 'x', who: 'main', fields: { rc: 0 } };
    const results = compareRun(withSteps([step]), [{ ...step, fields: { rc: 0, sig: 11 } }]);
    expect(countVerdicts(results)).toEqual({ equal: 1, differing: 1, exempt: 0 });
  });
});
