/** Contended runs: threads on overlapping ranges, and whether the counters are what their logs say. */
import type { KernelId } from '../../host/kernel.ts';
import { Crew, type CrewReply, sentCore } from '../../host/storm/crew.ts';
import type { MmKind } from '../../host/storm/crewStorm.ts';
import { Stage } from '../../host/storm/stage.ts';
import { bankShape, type Device, dynamicDevice, withRecords } from '../../host/syscall/device.ts';
import { System } from '../../host/syscall/system.ts';
import { ALIGNS, type AlignName } from '../../host/units.ts';
import type { RecordFormat } from '../../host/wasm/bank.ts';
import { Banks } from '../../host/wasm/banks.ts';
import { buildName } from '../../host/wasm/core.ts';
import type { EventName } from '../../host/wasm/machine.ts';
import { countedBuild } from '../../host/wasm/made.ts';
import type { OpStream } from '../../host/wasm/ops.ts';
import { ContendingThread } from './thread.ts';

export interface ContendOptions {
  readonly kernel: KernelId;
  readonly align: AlignName;
  readonly mm: MmKind;
  readonly threads: number;
  /** Of all threads together. */
  readonly ops: number;
  readonly seed: number;
  /** Default line. */
  readonly records?: RecordFormat;
  /** A core in place of the kernel's counted build. */
  readonly wasm?: string;
}

export interface Contended {
  /** What is not as the logs say; empty where all is. */
  readonly wrong: readonly string[];
  readonly ops: number;
  readonly casRetries: number;
  readonly lockWaits: number;
  /** Faults that found the leaf there: by a thread that was there first, mostly. */
  readonly second: number;
}

const UNITS: Readonly<Record<AlignName, number>> = { '4K': 2048, '2M': 8, '1G': 4 };
/** Operations of one thread between two looks of the host. */
const CHUNK = 2 ** 19;
/** An order-0 pin is so many references (semantics 6.1). */
const PIN_BIAS = 1024;

/** One setting under way. */
class Contention {
  readonly options: ContendOptions;
  readonly device: Device;
  readonly system: System;
  readonly crew: Crew;
  readonly threads: readonly ContendingThread[];
  readonly wrong: string[] = [];

  constructor(options: ContendOptions) {
    const { kernel, align, mm, threads, seed, wasm, records = 'line' } = options;
    this.options = options;
    this.device = withRecords(dynamicDevice(align, ALIGNS[align] * UNITS[align], 'mem'), records);
    const processes = mm === 'own' ? threads : 1;
    const banks = new Banks({ ...bankShape(this.device, processes, true), threads });
    const bank = banks.first;
    const core = wasm ? { wasm } : {};
    this.system = new System({ kernel, kind: 'counted', device: this.device, banks, ...core });
    const stage = new Stage(this.system);
    stage.boot();
    for (let process = 1; process < processes; process++) stage.apply([{ do: 'spawn', process }]);
    this.system.machine.setThreads(threads);
    this.crew = new Crew(bank, threads);
    this.threads = Array.from({ length: threads }, (_, thread) => {
      const slot = mm === 'own' ? thread : 0;
      return new ContendingThread(this.device, slot, seed * 64 + thread);
    });
  }

  /** Runs a stream on each thread. */
  async run(streams: readonly OpStream[]): Promise<void> {
    const { kernel, wasm } = this.options;
    streams.forEach((stream, thread) => {
      this.system.machine.load(stream, 0, stream.length, thread);
    });
    const core = sentCore(wasm ?? buildName(kernel, 'counted'));
    const jobs = streams.map(({ length }) => ({
      core,
      overlap: 'natural' as const,
      members: streams.length,
      parts: [{ first: 0, ops: length }],
      rounds: 1,
      pages: 0,
    }));
    const replies: readonly CrewReply[] = await this.crew.run(jobs);
    replies.forEach(({ failed }, thread) => {
      if (failed) this.wrong.push(`thread ${thread}: ${failed} operations failed`);
    });
  }

  #sum(name: EventName): number {
    return this.system.machine.event(name);
  }

  #expect(what: string, found: number, logged: number): void {
    if (found !== logged) this.wrong.push(`${what}: ${found}, by the logs ${logged}`);
  }

  /** Every counter against the logs: folio by folio, then each mm, the ledger, the invariants. */
  check(when: string): void {
    const before = this.wrong.length;
    const { machine } = this.system;
    const leaves = this.#sum('leafSet') - this.#sum('leafClear');
    const mapped = this.#checkFolios();
    if (this.options.kernel !== 'devmap') {
      const unitPages = this.device.unitBytes / 4096;
      const charged = [...this.system.processes].reduce(
        (n, { mm }) => n + machine.filePages(mm),
        0,
      );
      this.#expect('leaves set less cleared, by map counts', mapped, leaves);
      this.#expect('file pages', charged, leaves * unitPages);
    }
    const tables = this.#sum('tableAlloc') - this.#sum('tableFree');
    this.#expect('page tables alive', machine.liveTables(), tables);
    const grabbed = this.threads.reduce((sum, thread) => sum + thread.grabbed, 0);
    this.#expect('pages got and pinned', this.#sum('gupPage'), grabbed);
    for (const thread of this.threads.keys()) this.#checkFaults(thread);
    const violation = machine.violation();
    if (violation) this.wrong.push(violation);
    this.wrong.splice(
      before,
      this.wrong.length,
      ...this.wrong.slice(before).map((each) => `${when}: ${each}`),
    );
  }

  /** Answers how many leaves the map counts tell of. */
  #checkFolios(): number {
    const { machine } = this.system;
    const unitPages = this.device.unitBytes / 4096;
    let mapped = 0;
    for (let unit = 0; unit < UNITS[this.options.align]; unit++) {
      const { refcount, mapcount, folio } = machine.page(unit * unitPages);
      const maps = 1 + (folio ? folio.largeMapcount : mapcount);
      const sum = (log: 'gets' | 'pins') =>
        this.threads.reduce((n, thread) => n + (thread[log][unit] as number), 0);
      const [gets, pins] = [sum('gets'), sum('pins')];
      const references = 1 + maps + gets + pins * (folio ? 1 : PIN_BIAS);
      this.#expect(`_refcount of unit ${unit}`, refcount, references);
      if (folio) this.#expect(`_pincount of unit ${unit}`, folio.pincount, pins);
      mapped += maps;
    }
    return mapped;
  }

  /** Every fault of a thread set a leaf or found one. */
  #checkFaults(thread: number): void {
    const { machine } = this.system;
    const event = (name: EventName): number => machine.threadEvent(name, thread);
    const found = event('leafSet') + event('faultSpurious');
    this.#expect(
      `faults of thread ${thread} that set a leaf or found one`,
      found,
      event('faultMinor'),
    );
  }

  outcome(ops: number): Contended {
    return {
      wrong: this.wrong,
      ops,
      casRetries: this.#sum('casRetry'),
      lockWaits: this.#sum('lockWait'),
      second: this.#sum('faultSpurious'),
    };
  }
}

/**
 * Runs `ops` random operations on overlapping ranges, then holds every counter against the threads'
 * logs; then lets go of everything and does it again. `goOn` is asked after every chunk.
 */
export async function contend(
  options: ContendOptions,
  goOn: (done: number) => boolean = () => true,
): Promise<Contended> {
  const wasm = options.wasm ?? (await countedBuild(options.kernel, options.records ?? 'line'));
  const contention = new Contention(wasm ? { ...options, wasm } : options);
  const { threads, crew, system, device } = contention;
  let done = 0;
  try {
    const next = (): readonly OpStream[] => {
      const each = Math.min(CHUNK, Math.ceil((options.ops - done) / threads.length));
      return threads.map((thread) => thread.chunk(each));
    };
    while (done < options.ops && contention.wrong.length === 0) {
      const streams = next();
      await contention.run(streams);
      done += streams.reduce((sum, { length }) => sum + length, 0);
      if (!goOn(done)) break;
    }
    contention.check('under way');
    const emptied = threads.map((thread) => thread.release());
    const unitPages = device.unitBytes / 4096;
    const units = device.sizeBytes / device.unitBytes;
    emptied.forEach((stream, thread) => {
      const slot = options.mm === 'own' ? thread : 0;
      stream.push('dontneed', slot, 0, units, unitPages);
    });
    await contention.run(emptied);
    contention.check('at the end');
    const held = [...Array(units).keys()].filter(
      (unit) => system.machine.page(unit * unitPages).refcount !== 1,
    );
    if (held.length) contention.wrong.push(`units ${held.join(', ')} are held by nobody`);
    return contention.outcome(done);
  } finally {
    await crew.dismiss();
  }
}

/** What replays a run; how its threads interleave is the machine's. */
export function replayCommand(options: ContendOptions): string {
  const { kernel, align, mm, records = 'line', threads, ops, seed } = options;
  const what = `--kernel ${kernel} --align ${align} --mm ${mm} --records ${records}`;
  const where = `${what} --threads ${threads}`;
  return `npm run race -- ${where} --ops ${ops} --seed ${seed}`;
}
