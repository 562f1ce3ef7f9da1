import { CREW, CREW_ARRIVED, CREW_CLOCK } from './abi.ts';
import { type CoreExports, instantiate } from './core.ts';
import { addCore } from './platform.ts';

/** Looks at the barrier before a thread sleeps: the last to come may need its processor. */
const LOOKS = 20_000;
const NAP_MS = 1;

/** A core as it goes to another thread: compiled already, but for a C twin's file. */
export interface SentCore {
  readonly name: string;
  readonly module: WebAssembly.Module | undefined;
}

/**
 * One thread of several on a bank, in that thread.
 *
 * Why: an instance's globals are its own, so every thread has its own instances of the cores; what
 * they share is the bank's memory, in which they also wait for each other.
 */
export class Member {
  readonly thread: number;
  readonly #cores = new Map<string, CoreExports>();
  readonly #memory: WebAssembly.Memory;
  readonly #words: Int32Array;
  #passed = 0;

  constructor(memory: WebAssembly.Memory, thread: number) {
    this.#memory = memory;
    this.#words = new Int32Array(memory.buffer, CREW);
    this.thread = thread;
  }

  /** The instance of a core that this thread runs, for the bank as it was booted last. */
  core({ name, module }: SentCore): CoreExports {
    let core = this.#cores.get(name);
    if (!core) {
      if (module) addCore(name, module);
      core = instantiate(name, this.#memory);
      this.#cores.set(name, core);
    }
    core.attach(this.thread);
    this.#passed = 0;
    return core;
  }

  /**
   * Waits until all of `members` are here, and are awake: whoever slept for the last to come would
   * begin late, so they meet again.
   */
  start(members: number): void {
    this.meet(members);
    this.meet(members);
  }

  /** Waits until all of `members` are here as often as this one. */
  meet(members: number): void {
    this.#passed += members;
    const at = CREW_ARRIVED / 4;
    let arrived = Atomics.add(this.#words, at, 1) + 1;
    if (arrived === this.#passed) Atomics.notify(this.#words, at);
    for (let looks = 0; arrived < this.#passed; looks++) {
      if (looks > LOOKS) Atomics.wait(this.#words, at, arrived, NAP_MS);
      arrived = Atomics.load(this.#words, at);
    }
  }

  /** The next reading of the clock that all threads share: each is one more than the one before. */
  tick(): number {
    return Atomics.add(this.#words, CREW_CLOCK / 4, 1);
  }
}

/** Before the members meet again. */
export function clearMeetings(memory: WebAssembly.Memory): void {
  Atomics.store(new Int32Array(memory.buffer, CREW), CREW_ARRIVED / 4, 0);
}
