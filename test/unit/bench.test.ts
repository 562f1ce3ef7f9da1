// Every benchmark at its small size, so that none can rot.
import { describe, expect, test } from 'vitest';
import { bytesPerTib } from '../../bench/capacity.ts';
import { runSubject, SUBJECTS } from '../../bench/main.ts';
import { GIB, MIB, TIB } from '../../host/units.ts';

describe('benchmarks, small size', () => {
  test.each(SUBJECTS.map((subject) => [subject.name, subject] as const))(
    '%s',
    async (_, subject) => {
      const [name, devmap, refcount, ratio, ...hashes] = await runSubject(subject, 'small', 3);
      expect(name).toBe(subject.name);
      for (const cell of [devmap, refcount, ratio])
        expect(Number.parseFloat(cell ?? '')).toBeGreaterThan(0);
      // The same state on every run, and another for each kernel.
      expect(new Set(hashes).size).toBe(2);
      const [, , , , ...again] = await runSubject(subject, 'small', 3);
      expect(again).toEqual(hashes);
    },
  );
});

/* A table of 4 KiB, with the line of its lock, for every 512 pages, 2M leaves or, split, a 1G leaf. */
const TABLE_BYTES = 4096 + 64;

test.each([
  ['4K', (TIB / 4096) * (64 + TABLE_BYTES / 512)],
  ['2M', (TIB / (2 * MIB)) * (8192 + TABLE_BYTES / 512)],
  ['1G', (TIB / GIB) * (8192 + TABLE_BYTES)],
] as const)('memory a TiB, %s: struct pages and page tables', (align, bytes) => {
  expect(bytesPerTib(align) / bytes).toBeCloseTo(1, 2);
});
