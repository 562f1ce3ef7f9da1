import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DaxError } from '../error.ts';
import { PACKAGE_ROOT } from '../root.ts';
import type { Bank } from '../wasm/bank.ts';
import type { Overlap } from '../wasm/core.ts';
import { clearMeetings, type SentCore } from '../wasm/member.ts';
import { THREADS_MAX } from '../wasm/ops.ts';
import { compiled } from '../wasm/platform.ts';

/** What a thread is started with. */
export interface CrewStart {
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

/** Operations of a thread's op buffer. */
export interface CrewPart {
  readonly first: number;
  readonly ops: number;
}

/** What one thread is to do; all of a crew do as many parts, each together. */
export interface CrewJob {
  readonly core: SentCore;
  readonly overlap: Overlap;
  /** How many threads take part. */
  readonly members: number;
  readonly parts: readonly CrewPart[];
  readonly rounds: number;
  /** Device pages whose struct pages are put back between rounds; 0: none. */
  readonly pages: number;
}

/** What came of it: when each part began and ended, in ns of one clock, and units that failed. */
export interface CrewReply {
  readonly spans: Float64Array;
  readonly failed: number;
}

const WORKER = join(PACKAGE_ROOT, 'dist', 'host', 'storm', 'crewWorker.js');

/** The core that a thread of the crew is to run: a build's name, or the file of a C twin's copy. */
export function sentCore(name: string): SentCore {
  return { name, module: name.endsWith('.node') ? undefined : compiled(name) };
}

interface Waiting {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Fails: E_VALUE above what a bank has room for, and where a spinlock's plain release would not order
 * what came before it: the locks are those of x86-64.
 */
export function checkThreads(threads: number): void {
  if (threads > THREADS_MAX) {
    throw new DaxError(
      'E_VALUE',
      `${threads} threads; a bank has room for ${THREADS_MAX}`,
      `use --threads ${THREADS_MAX}`,
    );
  }
  if (threads === 1 || process.arch === 'x64') return;
  throw new DaxError(
    'E_VALUE',
    `${threads} threads need an x86-64 host; this one is ${process.arch}`,
    'use --threads 1',
  );
}

/**
 * Worker threads on one bank. While they work the caller does nothing to the bank.
 *
 * Fails: as checkThreads. A thread that dies, of a trap in the core say, ends all of them and fails
 * what they were asked.
 */
export class Crew {
  readonly threads: number;
  readonly #memory: WebAssembly.Memory;
  readonly #workers: readonly Worker[];
  readonly #waiting: (Waiting | undefined)[] = [];
  #dead: Error | undefined;

  /** `script` is the module that each thread runs, where it is not crewWorker.ts. */
  constructor(bank: Bank, threads: number, script = WORKER) {
    checkThreads(threads);
    this.threads = threads;
    this.#memory = bank.memory;
    this.#workers = Array.from({ length: threads }, (_, thread) => {
      const workerData: CrewStart = { memory: bank.memory, thread };
      const worker = new Worker(script, { workerData });
      worker.on('message', (reply) => this.#settle(thread)?.resolve(reply));
      worker.on('error', (error) => this.#fail(thread, error.message));
      worker.on('exit', (status) => this.#fail(thread, `it ended with status ${status}`));
      return worker;
    });
  }

  #settle(thread: number): Waiting | undefined {
    const waiting = this.#waiting[thread];
    this.#waiting[thread] = undefined;
    return waiting;
  }

  #fail(thread: number, why: string): void {
    if (this.#dead) return;
    this.#dead = new Error(`thread ${thread + 1} of ${this.threads} died: ${why}`);
    for (const each of this.#waiting.splice(0)) each?.reject(this.#dead);
    // The others may wait for it, or for a lock it holds.
    void this.dismiss();
  }

  /** Asks the first threads a thing each, and waits for all their answers. */
  async ask<Reply>(questions: readonly unknown[]): Promise<readonly Reply[]> {
    if (this.#dead) throw this.#dead;
    clearMeetings(this.#memory);
    const answers = questions.map(
      (question, thread) =>
        new Promise<unknown>((resolve, reject) => {
          this.#waiting[thread] = { resolve, reject };
          this.#workers[thread]?.postMessage(question);
        }),
    );
    return (await Promise.all(answers)) as readonly Reply[];
  }

  /** Runs a job on each of the first threads. */
  run(jobs: readonly CrewJob[]): Promise<readonly CrewReply[]> {
    return this.ask<CrewReply>(jobs);
  }

  /** Ends every thread, whatever it does. */
  async dismiss(): Promise<void> {
    this.#dead ??= new Error('the crew was dismissed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Nanoseconds from the first thread's beginning of each part to the last one's end, all rounds. */
export function partNs(replies: readonly CrewReply[], parts: number): readonly number[] {
  const totals = Array<number>(parts).fill(0);
  const spans = replies[0]?.spans.length ?? 0;
  for (let at = 0; at < spans; at += 2) {
    const began = Math.min(...replies.map((reply) => reply.spans[at] as number));
    const ended = Math.max(...replies.map((reply) => reply.spans[at + 1] as number));
    const part = (at / 2) % parts;
    totals[part] = (totals[part] as number) + ended - began;
  }
  return totals;
}
