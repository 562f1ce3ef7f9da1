import { stormPhases } from '../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../host/storm/scenario.ts';
import { ALIGN_NAMES, ALIGNS } from '../host/units.ts';
import type { Subject } from './subject.ts';

/** munmap of a whole device whose every unit was written. */
export const ZAP_SUBJECTS: readonly Subject[] = ALIGN_NAMES.map((align) => ({
  name: `munmap ${align}`,
  phase: 'munmap' as const,
  storm(size) {
    const full = align === '4K' ? 262_144 : 4096;
    const units = size === 'full' ? full : 512;
    const scenario = makeScenario({ align, sizeBytes: units * ALIGNS[align], pinPages: 0 });
    const device = scenarioDevice(scenario);
    return { device, phases: stormPhases(scenario, device) };
  },
}));
