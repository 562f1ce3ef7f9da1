// Several threads on packed records, where the flags of neighbours share a word and a folio's counters a line.
import { describe, expect, test } from 'vitest';
import { COMPARED } from '../../host/kernel.ts';
import { ALIGN_NAMES } from '../../host/units.ts';
import { ALL } from '../all.ts';
import { contend, replayCommand } from './contend.ts';

const SETTINGS = COMPARED.flatMap((kernel) => ALIGN_NAMES.map((align) => ({ kernel, align })));

describe.runIf(ALL)('packed records', () => {
  test.each(SETTINGS)(
    '$kernel $align: every counter is what the threads logged',
    async (setting) => {
      const options = { ...setting, mm: 'shared', records: 'packed', threads: 2 } as const;
      const run = { ...options, ops: 20_000, seed: 20_262 };
      const { wrong } = await contend(run);
      expect(wrong, replayCommand(run)).toEqual([]);
    },
    120_000,
  );
});
