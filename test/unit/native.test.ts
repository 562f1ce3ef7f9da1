// The C twins on the op streams of the core: after every phase the same struct pages and page tables,
// byte for byte, in both record formats. Skipped, and said so, where this machine has no C compiler.
import { describe, expect, test } from 'vitest';
import { buildNative, checkStates, twinSides } from '../../bench/native.ts';
import { COMPARED } from '../../host/kernel.ts';
import { stormPhases } from '../../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../../host/storm/scenario.ts';
import { ALIGN_NAMES, ALIGNS } from '../../host/units.ts';
import { RECORD_FORMATS } from '../../host/wasm/bank.ts';

/* Patterns that touch every unit once: the twins have no slow path of GUP. */
const VISIT_ALL = ['sequential', 'strided', 'uniform'] as const;

const compiler = buildNative();
if (compiler === undefined) process.stderr.write('no C compiler: the C twins are not tested\n');

const SIDES = COMPARED.flatMap((kernel) => RECORD_FORMATS.map((records) => ({ kernel, records })));

describe.skipIf(compiler === undefined).each(SIDES)('$kernel $records', ({ kernel, records }) => {
  for (const align of ALIGN_NAMES) {
    for (const access of ['read', 'write'] as const) {
      test.each(VISIT_ALL)(`${align} ${access} %s: equal states after every phase`, (pattern) => {
        const sizeBytes = ALIGNS[align] * (align === '4K' ? 2048 : 7);
        const scenario = makeScenario({
          align,
          sizeBytes,
          pattern,
          access,
          records,
          pinPages: 100,
        });
        const device = scenarioDevice(scenario);
        const sides = twinSides(kernel, records);
        const states = checkStates(device, stormPhases(scenario, device), sides);
        expect(new Set(states).size).toBe(4);
      });
    }
    test(`${align}: a device of three physical ranges`, () => {
      const sizeBytes = ALIGNS[align] * (align === '4K' ? 1536 : 9);
      const scenario = makeScenario({ align, sizeBytes, ranges: 3, pattern: 'uniform' });
      const device = scenarioDevice(scenario);
      const states = checkStates(device, stormPhases(scenario, device), twinSides(kernel));
      expect(new Set(states).size).toBe(4);
    });
  }
});
