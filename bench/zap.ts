import { stormPhases } from '../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../host/storm/scenario.ts';
import { ALIGN_NAMES, ALIGNS } from '../host/units.ts';
import { SEED, type Subject } from './subject.ts';

/** munmap of a whole device whose every unit was written. */
export const ZAP_SUBJECTS: readonly Subject[] = ALIGN_NAMES.map((align) => ({
  name: `munmap ${align}`,
  phase: 'munmap' as const,
  storm(size) {
    const full = align === '4K' ? 262_144 : 4096;
    const units = size === 'full' ? full : 512;
    const sizeBytes = units * ALIGNS[align];
    const scenario = makeScenario({ align, sizeBytes, pinPages: 0, seed: SEED });
    const device = scenarioDevice(scenario);
    return { device, phases: stormPhases(scenario, device) };
  },
}));
