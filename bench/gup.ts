import { stormPhases } from '../host/storm/phase.ts';
import { makeScenario, scenarioDevice } from '../host/storm/scenario.ts';
import { ALIGN_NAMES, ALIGNS } from '../host/units.ts';
import { SEED, type Subject } from './subject.ts';

/** GUP-fast pins of 512 pages a call, and giving them back. */
export const GUP_SUBJECTS: readonly Subject[] = ALIGN_NAMES.flatMap((align) =>
  (['pin', 'unpin'] as const).map((phase) => ({
    name: `${phase} 512 pages ${align}`,
    phase,
    storm(size) {
      const full = align === '4K' ? 65_536 : 128;
      const units = size === 'full' ? full : align === '4K' ? 1024 : 2;
      const sizeBytes = units * ALIGNS[align];
      const scenario = makeScenario({ align, sizeBytes, seed: SEED });
      const device = scenarioDevice(scenario);
      return { device, phases: stormPhases(scenario, device) };
    },
  })),
);
