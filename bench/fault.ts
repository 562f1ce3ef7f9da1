import { stormPhases } from '../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../host/storm/scenario.ts';
import { ALIGN_NAMES, ALIGNS } from '../host/units.ts';
import { SEED, type Subject } from './subject.ts';

/** First write faults over a whole device, in order and at random. */
export const FAULT_SUBJECTS: readonly Subject[] = ALIGN_NAMES.flatMap((align) =>
  (['sequential', 'uniform'] as const).map((pattern) => ({
    name: `fault ${align} ${pattern}`,
    phase: 'fault' as const,
    storm(size) {
      const full = align === '4K' ? 262_144 : 4096;
      const units = size === 'full' ? full : 512;
      const sizeBytes = units * ALIGNS[align];
      const scenario = makeScenario({ align, sizeBytes, pattern, pinPages: 0, seed: SEED });
      const device = scenarioDevice(scenario);
      return { device, phases: stormPhases(scenario, device) };
    },
  })),
);
