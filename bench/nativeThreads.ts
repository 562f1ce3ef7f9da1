// Two threads on the core and on its twin, an address space each on parts of their own: whether the
// core scales as the same steps in C do, in one run.

import { scalingOf } from '../host/compare/scale.ts';
import type { ComparedKernel } from '../host/kernel.ts';
import { exponential, nestedEstimate } from '../host/measure/bootstrap.ts';
import { contrast, logRatios, type Samples } from '../host/measure/samples.ts';
import type { Estimate } from '../host/measure/stats.ts';
import { type CrewRun, runCrews } from '../host/storm/crewRunner.ts';
import { type CrewStorm, crewPhases } from '../host/storm/crewStorm.ts';
import { makeScenario, STANDARD_SIZE_BYTES, scenarioDevice } from '../host/storm/scenario.ts';
import type { AlignName } from '../host/units.ts';
import { CAS, CORE, crewSides, TWIN_THREADS } from './native.ts';

export interface ThreadsRow {
  readonly title: string;
  /** How many times one thread's operations two did, and the core's scaling ÷ the twin's. */
  readonly core: Estimate;
  readonly twin: Estimate;
  readonly ratio: Estimate;
}

function runName(side: string, threads: number): string {
  return `${side} ${threads}`;
}

/** Of every turn: log of the twin's scaling taken from log of the core's. */
function scalingRatio(samples: Samples, phase: number, seed: number): Estimate {
  const logs = (side: string) =>
    logRatios(samples, runName(side, TWIN_THREADS), runName(side, 1), phase);
  const twins = logs(CAS);
  const differences = logs(CORE).map((turns, i) =>
    turns.map((core, j) => core - (twins[i]?.[j] as number)),
  );
  return exponential(nestedEstimate(differences, seed));
}

function scaling(samples: Samples, side: string, phase: number, seed: number): Estimate {
  const found = contrast(samples, runName(side, 1), runName(side, TWIN_THREADS), phase, seed);
  if (!found) throw new Error('a run was cut short');
  return scalingOf(found.ratio);
}

/** One storm with one and two threads, on the core and its twin in turns. */
export async function runThreads(
  kernel: ComparedKernel,
  align: AlignName,
  seconds: number,
  seed: number,
): Promise<readonly ThreadsRow[]> {
  const sizeBytes = STANDARD_SIZE_BYTES[align];
  const device = scenarioDevice(makeScenario({ align, sizeBytes }));
  const where = { mm: 'own', pattern: 'disjoint' } as const;
  const storm: CrewStorm = { ...where, threads: TWIN_THREADS, pinPages: 512, seed };
  const phases = crewPhases(storm, device);
  const runs = Object.entries(crewSides(kernel)).flatMap(([name, side]): readonly CrewRun[] =>
    [1, TWIN_THREADS].map((threads) => ({ name: runName(name, threads), side, threads })),
  );
  const samples = await runCrews(device, storm, phases, runs, { seconds, seed });
  return phases.flatMap(({ title, untimed }, i) =>
    untimed
      ? []
      : [
          {
            title: `${kernel} ${align} ${title}`,
            core: scaling(samples, CORE, i, seed),
            twin: scaling(samples, CAS, i, seed),
            ratio: scalingRatio(samples, i, seed),
          },
        ],
  );
}
