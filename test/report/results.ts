// Results to report on: made by the commands themselves, but for those that take minutes or another
// build, which are written out here.
import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownRecordings, validate } from '../../host/cost/validation.ts';
import { envelope } from '../../host/report/json.ts';
import { readResult } from '../../host/report/read.ts';
import type { LadderPhaseResult } from '../../host/report/schema/ladder.ts';
import type { LatencyRowResult } from '../../host/report/schema/latency.ts';
import type { Result, ResultOf } from '../../host/report/schema/result.ts';
import { daxstorm } from '../cli/spawn.ts';

const DEVICE = { align: '2M', sizeBytes: 2 ** 30, map: 'mem' } as const;

/** A ladder whose steps sum to the whole in both orders, one of them down. */
export const LADDER_PHASE: LadderPhaseResult = {
  phase: 'fault',
  title: 'write fault, a 2M leaf',
  devmapNs: 50,
  refcountNs: 40,
  rungs: [
    { step: 'entry bits', forwardNs: -5, backwardNs: -5, lowNs: -6, highNs: -4 },
    { step: 'no look-up', forwardNs: -20, backwardNs: -18, lowNs: -22, highNs: -17 },
    { step: 'references', forwardNs: 10, backwardNs: 6, lowNs: 5, highNs: 11 },
    { step: 'statistics', forwardNs: 5, backwardNs: 7, lowNs: 4, highNs: 8 },
  ],
  wholeNs: -10,
  spreadNs: 4,
};

export function ladderResult(): ResultOf<'ladder'> {
  const pin = { ...LADDER_PHASE, phase: 'pin', title: 'pin 512 pages, a call' } as const;
  const estimate = { value: 0.8, low: 0.79, high: 0.82 };
  return {
    ...envelope('ladder'),
    ladders: [
      {
        device: DEVICE,
        phases: [LADDER_PHASE, { ...pin, devmapNs: 1000, refcountNs: 990 }],
        turns: 20,
        placements: 5,
        seed: 1,
        interrupted: false,
        choices: ['full detail', 'natural overlap'],
        verdicts: [
          { phase: 'fault', title: LADDER_PHASE.title, ratios: [estimate, estimate], flips: [] },
        ],
      },
    ],
  };
}

function latencyRow(kernel: 'devmap' | 'refcount', scale: number): LatencyRowResult {
  const counts = [0, 400, 8000, 1300, 250, 40, 8, 0, 2];
  const buckets = counts.map((count, i) => ({ belowNs: scale * 2 ** (i + 4), count }));
  return {
    phase: 'fault',
    title: 'write fault, a 2M leaf',
    kernel,
    operations: 10_000,
    p50Ns: scale * 64,
    p90Ns: scale * 128,
    p99Ns: scale * 256,
    p999Ns: scale * 512,
    p9999Ns: scale * 4096,
    maxNs: scale * 4000,
    buckets,
  };
}

export function latencyResult(): ResultOf<'latency'> {
  const rows = [latencyRow('devmap', 1), latencyRow('refcount', 1.5)];
  const latency = { device: DEVICE, clock: 'hrtime', resolutionNs: 30, overheadNs: 25, rows };
  return { ...envelope('latency'), latencies: [latency] };
}

function scaleCurve(kernel: 'devmap' | 'refcount', title: string, rise: number) {
  const points = [1, 2, 3].map((threads) => {
    const value = 1 + (threads - 1) * rise;
    return {
      threads,
      nsPerOperation: 40 / value,
      scaling:
        threads === 1 ? { value, low: 1, high: 1 } : { value, low: value - 0.1, high: value + 0.1 },
      operations: 20_000 * threads,
      casRetries: kernel === 'devmap' ? 0 : 30 * (threads - 1),
      lockWaits: 7 * (threads - 1),
    };
  });
  return { phase: 'fault' as const, title, kernel, points };
}

/** Curves of two phases: one that scales, one that does not. */
export function scaleResult(): ResultOf<'scale'> {
  const curves = (['write fault, a unit', 'unmap, a unit'] as const).flatMap((title, i) => [
    scaleCurve('devmap', title, i ? 0 : 0.9),
    scaleCurve('refcount', title, 0.4),
  ]);
  const storm = { mm: 'own', pattern: 'hot', threads: 3, pinPages: 64, detail: 'pages' } as const;
  const run = { workload: '0123456789ab', turns: 20, placements: 5, seed: 1, interrupted: false };
  return { ...envelope('scale'), scales: [{ device: DEVICE, ...storm, ...run, curves }] };
}

/** The errors of the cost model without its cross-validation, which is what takes the time. */
function validateResult(): ResultOf<'validate'> {
  const rest = { parameters: [], models: [], crossValidation: [] };
  return { ...envelope('validate'), ...validate(ownRecordings()), ...rest };
}

export interface Saved {
  readonly folder: string;
  /** Each result as a file of its own. */
  readonly files: readonly string[];
  readonly results: readonly Result[];
}

/** Commands whose results are what a report has sections for, but for those made below. */
export const EVERY_KIND: readonly (readonly string[])[] = [
  ['report', '--time', '0.1'],
  ['replay', '--align', '2M', '--time', '0.1'],
  ['storm', '--align', '2M', '--size', '64MiB', '--time', '0.1'],
];

/** Saves results of commands and those made here in a new folder; the caller removes it. */
export async function saveResults(commands = EVERY_KIND): Promise<Saved> {
  const folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  const files: string[] = [];
  for (const args of commands) {
    const file = join(folder, `${args[0]}.json`);
    const { status, stderr } = await daxstorm([...args, '--json', file]);
    if (status !== 0) throw new Error(`daxstorm ${args.join(' ')}: ${stderr}`);
    files.push(file);
  }
  for (const result of [validateResult(), ladderResult(), latencyResult(), scaleResult()]) {
    const file = join(folder, `${result.kind}.json`);
    writeFileSync(file, JSON.stringify(result));
    files.push(file);
  }
  return { folder, files, results: files.map(readResult) };
}
