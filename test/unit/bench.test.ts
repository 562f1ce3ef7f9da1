// Every benchmark at its small size, so that none can rot.
import { describe, expect, test } from 'vitest';
import { runSubject, SUBJECTS } from '../../bench/main.ts';

describe('benchmarks, small size', () => {
  test.each(SUBJECTS.map((subject) => [subject.name, subject] as const))(
    '%s',
    async (_, subject) => {
      const [name, devmap, refcount, ratio, perTib, ...hashes] = await runSubject(
        subject,
        'small',
        3,
      );
      expect(name).toBe(subject.name);
      for (const cell of [devmap, refcount, ratio, perTib])
        expect(Number.parseFloat(cell ?? '')).toBeGreaterThan(0);
      // The same state on every run, and another for each kernel.
      expect(new Set(hashes).size).toBe(2);
      const [, , , , , ...again] = await runSubject(subject, 'small', 3);
      expect(again).toEqual(hashes);
    },
  );
});
