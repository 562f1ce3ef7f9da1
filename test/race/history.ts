/** Short contended histories on one unit each, against what the same calls do one after the other. */
import { join } from 'node:path';
import type { KernelId } from '../../host/kernel.ts';
import { type Random, seededRandom } from '../../host/random.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { Crew, sentCore } from '../../host/storm/crew.ts';
import { Stage } from '../../host/storm/stage.ts';
import { bankShape, dynamicDevice } from '../../host/syscall/device.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGNS, type AlignName, PAGE_BYTES } from '../../host/units.ts';
import { Banks } from '../../host/wasm/banks.ts';
import { buildName } from '../../host/wasm/core.ts';
import type { SentCore } from '../../host/wasm/member.ts';
import { OpStream } from '../../host/wasm/ops.ts';
import { type Call, linearizes, type Model, sayHistory } from './linear.ts';

/** try_get_folio against put; faults on one unit, against each other and MADV_DONTNEED. */
export const HISTORY_KINDS = ['get and put', 'fault and zap'] as const;
export type HistoryKind = (typeof HISTORY_KINDS)[number];
export type HistoryOp = 'get' | 'put' | 'fault' | 'zap';

const OPS: Readonly<Record<HistoryKind, readonly HistoryOp[]>> = {
  'get and put': ['get', 'put'],
  // Faults more often: two of them at once are the point.
  'fault and zap': ['fault', 'fault', 'zap'],
};

interface OneHistory {
  readonly unit: number;
  readonly ops: readonly HistoryOp[];
}

/** One thread's share of many histories. */
export interface HistoryJob {
  readonly core: SentCore;
  readonly members: number;
  readonly vma: number;
  /** Where the device is mapped. */
  readonly start: bigint;
  readonly unitPages: number;
  readonly histories: readonly OneHistory[];
}

export interface HistoryOptions {
  readonly kernel: KernelId;
  readonly align: AlignName;
  readonly kind: HistoryKind;
  readonly threads: number;
  readonly histories: number;
  readonly seed: number;
  readonly wasm?: string;
}

const WORKER = join(PACKAGE_ROOT, 'dist', 'test', 'race', 'historyWorker.js');
const UNITS: Readonly<Record<AlignName, number>> = { '4K': 4096, '2M': 1024, '1G': 256 };

/** A folio's count. A devmap folio at 0 stays there, and nobody gets it any more (6.2, 9.1). */
function countModel(start: number, end: number): Model<number> {
  return {
    start,
    step: (count, { op, result }) => {
      if (op === 'put') return count - 1;
      const got = count > 0 ? 1 : 0;
      return result === got ? count + got : undefined;
    },
    fits: (count) => count === end,
  };
}

/** Whether a unit is mapped: the second faulter finds the leaf and takes nothing (5.6). */
function leafModel(references: number, perLeaf: number): Model<boolean> {
  return {
    start: false,
    step: (mapped, { op, result }) => {
      const changes = op === 'fault' ? !mapped : mapped;
      return result === (changes ? 1 : 0) ? op === 'fault' : undefined;
    },
    fits: (mapped) => references === 1 + (mapped ? perLeaf : 0),
  };
}

/** Two to four calls of each thread, on a unit that no other history of the batch has. */
function drawHistory(kind: HistoryKind, threads: number, random: Random): readonly HistoryOp[][] {
  const ops = OPS[kind];
  return Array.from({ length: threads }, () =>
    Array.from({ length: 2 + random.below(3) }, () => ops[random.below(ops.length)] as HistoryOp),
  );
}

/** A machine whose device is mapped by one process; for gets, with every leaf there. */
function boot({ kernel, align, kind, threads, wasm }: HistoryOptions) {
  const device = dynamicDevice(align, ALIGNS[align] * UNITS[align], 'mem');
  const banks = new Banks({ ...bankShape(device, 1, true), threads });
  const bank = banks.first;
  const system = new System({ kernel, kind: 'counted', device, banks, ...(wasm ? { wasm } : {}) });
  const stage = new Stage(system);
  const unitPages = device.unitBytes / PAGE_BYTES;
  const reset = (): void => {
    stage.boot();
    const stream = new OpStream();
    if (kind === 'get and put') stream.push('faultWrite', 0, 0, UNITS[align], unitPages);
    system.machine.run(stream, 'natural');
    system.machine.setThreads(threads);
  };
  return { bank, system, reset, unitPages };
}

/** The calls of one history, from what each thread recorded; `at` moves on. */
function callsOf(
  programs: readonly (readonly HistoryOp[])[],
  records: readonly Int32Array[],
  at: number[],
): readonly Call[] {
  return programs.flatMap((ops, thread) =>
    ops.map((op): Call => {
      const from = at[thread] as number;
      at[thread] = from + 3;
      const [begin = 0, end = 0, result = 0] = records[thread]?.subarray(from, from + 3) ?? [];
      return { thread, op, begin, end, result };
    }),
  );
}

/** How many histories were looked at, and the first that no order explains. */
export interface Histories {
  readonly checked: number;
  /** Of them: those of which calls of two threads overlapped. */
  readonly overlapping: number;
  readonly wrong: string | undefined;
}

function overlaps(calls: readonly Call[]): boolean {
  return calls.some((a) =>
    calls.some((b) => a.thread < b.thread && a.begin < b.end && b.begin < a.end),
  );
}

/** Runs random histories until one is wrong or there are as many as asked for. */
export async function checkHistories(options: HistoryOptions): Promise<Histories> {
  const { kernel, align, kind, threads, seed, wasm } = options;
  const random = seededRandom(seed);
  const { bank, system, reset, unitPages } = boot(options);
  const crew = new Crew(bank, threads, WORKER);
  const core = sentCore(wasm ?? buildName(kernel, 'counted'));
  let checked = 0;
  let overlapping = 0;
  try {
    while (checked < options.histories) {
      reset();
      const [process] = system.processes;
      const start = process?.vmas[0]?.start ?? 0n;
      const batch = Math.min(UNITS[align], options.histories - checked);
      const programs = Array.from({ length: batch }, () => drawHistory(kind, threads, random));
      const before = programs.map((_, unit) => system.machine.page(unit * unitPages).headRefcount);
      const jobs = Array.from({ length: threads }, (_, thread): HistoryJob => {
        const histories = programs.map((each, unit) => ({ unit, ops: each[thread] ?? [] }));
        const vma = system.machine.vmaAddress(0);
        return { core, members: threads, vma, start, unitPages, histories };
      });
      const records = await crew.ask<Int32Array>(jobs);
      const at = Array<number>(threads).fill(0);
      for (const [unit, each] of programs.entries()) {
        const calls = callsOf(each, records, at);
        const after = system.machine.page(unit * unitPages).headRefcount;
        const explained =
          kind === 'get and put'
            ? linearizes(calls, countModel(before[unit] as number, after))
            : linearizes(calls, leafModel(after, kernel === 'devmap' ? 0 : 1));
        checked += 1;
        if (overlaps(calls)) overlapping += 1;
        if (!explained) {
          const wrong = `${kernel} ${align}, unit ${unit}, seed ${seed}: no order explains\n${sayHistory(calls)}\nand a count of ${after} in the end`;
          return { checked, overlapping, wrong };
        }
      }
    }
    return { checked, overlapping, wrong: undefined };
  } finally {
    await crew.dismiss();
  }
}
