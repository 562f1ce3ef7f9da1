// System calls on a device cut over several banks against the same calls on one bank: every answer,
// count, counter of /proc and bug of the emulated kernel must be equal. And what several banks cannot
// do is refused with nothing changed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import { KERNEL_IDS, type KernelId } from '../../host/kernel.ts';
import { readPagemap } from '../../host/proc/pagemap.ts';
import { readSmaps } from '../../host/proc/smaps.ts';
import { readStatus } from '../../host/proc/status.ts';
import { access } from '../../host/syscall/access.ts';
import { mapAnonymous } from '../../host/syscall/anonymous.ts';
import { clearRefs } from '../../host/syscall/clearRefs.ts';
import { bankShape, dynamicDevice } from '../../host/syscall/device.ts';
import type { SyscallResult } from '../../host/syscall/errno.ts';
import { exit, fork } from '../../host/syscall/fork.ts';
import { gup, release } from '../../host/syscall/gup.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { memoryFailure } from '../../host/syscall/memoryFailure.ts';
import { mincore } from '../../host/syscall/mincore.ts';
import { mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { mremap } from '../../host/syscall/mremap.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import type { Process } from '../../host/syscall/process.ts';
import { System } from '../../host/syscall/system.ts';
import { rebind, unbind } from '../../host/syscall/unbind.ts';
import { ALIGN_NAMES, ALIGNS, type AlignName, GIB, MIB, PAGE_BYTES } from '../../host/units.ts';
import { Banks } from '../../host/wasm/banks.ts';
import { SLOT_BYTES } from '../../host/wasm/slices.ts';

const READ_WRITE = { read: true, write: true, exec: false };
const STEPS = 12;
const HEAD_STEPS = 5;
const PROCESSES = 4;
const RUNS = 20;

/** What a call names: units of the device, or of 4K 2 MiB of them, for sizes are multiples of that. */
function stepOf(align: AlignName): number {
  return Math.max(ALIGNS[align], 2 * MIB);
}

/** A call as data, so that both machines get the same. */
interface Call {
  readonly what: (typeof CALLS)[number];
  readonly process: number;
  readonly step: number;
  readonly steps: number;
  /** 4 KiB pages into the step. */
  readonly page: number;
  readonly flag: boolean;
}

const CALLS = [
  ...(['read', 'write', 'write', 'dontneed', 'cold', 'populateRead', 'populateWrite'] as const),
  ...(['munmap', 'mapAgain', 'protect', 'pin', 'pin', 'pinSlow', 'release', 'mincore'] as const),
  ...(['smaps', 'pagemap', 'clearRefs', 'clearSoftDirty', 'fork', 'exit', 'poison'] as const),
  ...(['unbind', 'rebind'] as const),
] as const;

const call: fc.Arbitrary<Call> = fc
  .record({
    what: fc.constantFrom(...CALLS),
    process: fc.nat(PROCESSES - 1),
    step: fc.nat(STEPS - 1),
    steps: fc.integer({ min: 1, max: STEPS }),
    page: fc.nat(511),
    flag: fc.boolean(),
  })
  .map((each) => ({ ...each, steps: Math.min(each.steps, STEPS - each.step) }));

/** Where runs of present and absent pages begin: what a vector of a gibibyte is compared by. */
function presentIn(answer: SyscallResult<Uint8Array>): unknown {
  if (!answer.ok) return answer;
  const changes: number[] = [];
  answer.value.forEach((each, i) => {
    if (each !== answer.value[i - 1]) changes.push(i, each);
  });
  return changes;
}

/** One machine of the two. */
class Side {
  readonly system: System;
  readonly #processes: Process[] = [];
  readonly #held: { readonly process: Process; readonly pages: readonly number[] }[] = [];
  readonly #step: number;
  readonly #start: bigint;

  constructor(kernel: KernelId, align: AlignName, banks: 'one' | 'several') {
    this.#step = stepOf(align);
    const device = dynamicDevice(align, STEPS * this.#step);
    const cut = { leadBytes: SLOT_BYTES - HEAD_STEPS * this.#step, banks };
    const made = new Banks(bankShape(device, PROCESSES, true), 0, cut);
    this.system = new System({ kernel, kind: 'counted', device, banks: made });
    const first = this.system.createProcess();
    this.#processes.push(first);
    const lengthBytes = BigInt(device.sizeBytes);
    const mapped = mmap(first, { lengthBytes, protection: READ_WRITE });
    if (!mapped.ok) throw new Error('mmap');
    this.#start = mapped.value.start;
  }

  run({ what, process: number, step, steps, page, flag }: Call): unknown {
    const process = this.#processes[number % this.#processes.length];
    if (!process) return 'no process';
    const start = this.#start + BigInt(step * this.#step);
    const length = BigInt(steps * this.#step);
    const va = start + BigInt(page * PAGE_BYTES);
    const pages = Math.min(700, (steps * this.#step) / PAGE_BYTES - page);
    switch (what) {
      case 'read':
      case 'write':
        return access(process, va, what);
      case 'dontneed':
      case 'cold':
      case 'populateRead':
      case 'populateWrite':
        // devmap populates a 1G unit page by page: one is enough.
        return madvise(process, start, what.startsWith('p') ? BigInt(this.#step) : length, what);
      case 'munmap':
        return munmap(process, start, length);
      case 'mapAgain': {
        const offsetBytes = BigInt(step * this.#step);
        const flags = { type: 'shared', fixed: 'replace' } as const;
        const place = { address: start, lengthBytes: length, offsetBytes };
        return mmap(process, { ...place, protection: READ_WRITE, flags }).ok;
      }
      case 'protect':
        return mprotect(process, start, length, { ...READ_WRITE, write: flag });
      case 'pin':
      case 'pinSlow': {
        const mode = what === 'pin' ? 'fast' : 'slow';
        // Near the cut more often than not.
        const from = flag ? this.#start + BigInt(HEAD_STEPS * this.#step - 300 * PAGE_BYTES) : va;
        const got = gup(process, from, pages, { pin: true, write: flag, longterm: false, mode });
        if (got.pages.length > 0) this.#held.push({ process, pages: got.pages });
        return got;
      }
      case 'release': {
        const held = this.#held.pop();
        return held && release(held.process, held.pages, true);
      }
      case 'fork':
        if (this.#processes.length < PROCESSES) this.#processes.push(fork(process));
        return this.#processes.length;
      case 'exit':
        if (this.#processes.length > 1) {
          exit(process);
          this.#processes.splice(this.#processes.indexOf(process), 1);
        }
        return this.#processes.length;
      case 'poison': {
        const failed = memoryFailure(this.system, (step * this.#step) / PAGE_BYTES + page);
        if (!failed.ok) return failed;
        const { head, signals, unmappedBytes } = failed.value;
        const told = signals.map((each) => ({ ...each, process: each.process.id }));
        return { head, told, unmappedBytes };
      }
      case 'unbind':
        return unbind(this.system);
      case 'rebind':
        return rebind(this.system);
      default:
        return this.#proc(what, process, start);
    }
  }

  /** Looks through /proc and at the page tables, which change what they look at. */
  #proc(what: Call['what'], process: Process, start: bigint): unknown {
    switch (what) {
      case 'mincore':
        return presentIn(mincore(process, start, BigInt(this.#step + 4096)));
      case 'smaps':
        return readSmaps(process);
      case 'pagemap':
        return readPagemap(process, this.#start + BigInt(HEAD_STEPS * this.#step - 4096 * 4), 8);
      case 'clearRefs':
        return clearRefs(process, 1);
      case 'clearSoftDirty':
        return clearRefs(process, 4);
      default:
        throw new Error(what);
    }
  }

  /** What can be seen of the machine without disturbing it. */
  look() {
    const { machine, bugs, device, holdings } = this.system;
    const unit = device.unitBytes / PAGE_BYTES;
    const pages = Array.from({ length: STEPS * (this.#step / device.unitBytes) }, (_, i) => i)
      .filter((i) => i % Math.max(1, 128 / unit) === 0)
      .map((i) => machine.page(i * unit));
    return {
      events: machine.events(),
      tables: machine.liveTables(),
      status: this.#processes.map((process) => readStatus(process)),
      pages,
      zeroPuts: [machine.zeroPuts, machine.zeroPuts && machine.zeroPutPage, machine.latePages],
      warnings: machine.warnings(),
      holdings: holdings.current,
      bugs: [...bugs],
      violation: machine.violation()?.replace(/ at .*/, ''),
    };
  }
}

describe.each(KERNEL_IDS)('%s', (kernel) => {
  test.each(ALIGN_NAMES)('%s: any calls, equal answers and counts', (align) => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 25 }), (calls) => {
        const one = new Side(kernel, align, 'one');
        const several = new Side(kernel, align, 'several');
        expect(several.system.banks.all.length).toBe(2);
        for (const each of calls) expect([each, several.run(each)]).toEqual([each, one.run(each)]);
        expect(several.look()).toEqual(one.look());
      }),
      { numRuns: align === '1G' ? RUNS / 4 : RUNS, seed: 11 },
    );
  });
});

/** A machine of 1.5 TiB of 1G units, which fit one bank, in three. */
function threeBanks(): { system: System; process: Process } {
  const device = dynamicDevice('1G', 1536 * GIB);
  const banks = new Banks(bankShape(device, 2, true), 0, { banks: 'several' });
  const system = new System({ kernel: 'refcount', kind: 'counted', device, banks });
  return { system, process: system.createProcess() };
}

function refusalOf(act: () => unknown): { code: string; text: string } {
  try {
    act();
  } catch (error) {
    if (DaxError.is(error)) return { code: error.code, text: `${error.message}; ${error.hint}` };
    throw error;
  }
  throw new Error('not refused');
}

describe('places', () => {
  const FIXED = { type: 'shared', fixed: 'replace' } as const;

  test('a mapping anywhere in the device is placed congruent to the slots', () => {
    const { process } = threeBanks();
    const lengthBytes = BigInt(2 * GIB);
    for (const offset of [0, 511, 512, 700, 1030, 3, 511]) {
      const offsetBytes = BigInt(offset) * BigInt(GIB);
      const mapped = mmap(process, { lengthBytes, offsetBytes, protection: READ_WRITE });
      if (!mapped.ok) throw new Error(mapped.errno);
      expect((mapped.value.start - offsetBytes) % BigInt(SLOT_BYTES)).toBe(0n);
      expect(access(process, mapped.value.start, 'write')).toEqual({});
      expect(access(process, mapped.value.end - 1n, 'write')).toEqual({});
    }
    expect(process.system.machine.violation()).toBeUndefined();
  });

  test('an address that is not congruent is refused with one that is, and nothing changes', () => {
    const { process } = threeBanks();
    const request = { lengthBytes: BigInt(GIB), protection: READ_WRITE, offsetBytes: 0n };
    const slot = BigInt(SLOT_BYTES);
    const address = 5n * slot + BigInt(GIB);
    for (const flags of [FIXED, { type: 'shared' } as const]) {
      const refused = refusalOf(() => mmap(process, { ...request, address, flags }));
      expect(refused.code).toBe('E_BANK_SPAN');
      expect(refused.text).toContain('equal modulo 512 GiB');
      const [, named = ''] = /use address (0x[0-9a-f]+)/.exec(refused.text) ?? [];
      const again = mmap(process, { ...request, address: BigInt(named), flags });
      expect(again.ok).toBe(true);
      if (again.ok) munmap(process, again.value.start, BigInt(GIB));
    }
    expect(process.vmas).toEqual([]);
  });

  test('a slot has the tables of one bank', () => {
    const { process } = threeBanks();
    const slot = BigInt(SLOT_BYTES);
    const at = (address: bigint, offsetBytes: bigint) =>
      mmap(process, {
        address,
        offsetBytes,
        lengthBytes: BigInt(GIB),
        protection: READ_WRITE,
        flags: FIXED,
      });
    expect(at(4n * slot, 0n).ok).toBe(true);
    const second = slot + BigInt(GIB);
    const refused = refusalOf(() => at(4n * slot + BigInt(GIB), second));
    expect(refused.text).toContain('another bank');
    munmap(process, 4n * slot, BigInt(GIB));
    expect(at(4n * slot + BigInt(GIB), second).ok).toBe(true);
  });

  test('other memory keeps its slot, and a device mapping goes around it', () => {
    const { process } = threeBanks();
    const slot = BigInt(SLOT_BYTES);
    mapAnonymous(process, 255n * slot, 255n * slot + 4096n, 'anonymous');
    const lengthBytes = BigInt(GIB);
    const mapped = mmap(process, { lengthBytes, offsetBytes: slot, protection: READ_WRITE });
    expect(mapped.ok && mapped.value.start / slot).toBe(254n);
    expect(process.system.machine.violation()).toBeUndefined();
  });

  test('a touch past the end is SIGBUS, in slots behind the last bank too', () => {
    const { process } = threeBanks();
    const lengthBytes = 4n * BigInt(SLOT_BYTES);
    const mapped = mmap(process, { lengthBytes, protection: READ_WRITE });
    if (!mapped.ok) throw new Error(mapped.errno);
    const end = mapped.value.start + 1536n * BigInt(GIB);
    expect(access(process, end - 1n, 'write')).toEqual({});
    expect(access(process, end, 'write').signal).toBe('SIGBUS');
    expect(munmap(process, mapped.value.start, lengthBytes).ok).toBe(true);
    expect(process.system.machine.violation()).toBeUndefined();
  });

  test('mremap moves within a slot; over several, or to another place in one, it is refused', () => {
    const { process } = threeBanks();
    const slot = BigInt(SLOT_BYTES);
    const gib = BigInt(GIB);
    const mapped = mmap(process, { lengthBytes: 2n * slot, protection: READ_WRITE });
    if (!mapped.ok) throw new Error(mapped.errno);
    const { start } = mapped.value;
    access(process, start, 'write');
    const move = (address: bigint, bytes: bigint, fixed: bigint) =>
      mremap(process, { address, oldBytes: bytes, newBytes: bytes, mayMove: true, fixed });
    const before = process.vmas;
    expect(refusalOf(() => move(start, 2n * slot, 4n * slot)).text).toContain('several banks');
    expect(refusalOf(() => move(start, gib, 4n * slot + gib)).text).toContain('modulo 512 GiB');
    expect(process.vmas).toEqual(before);
    expect(move(start + gib, gib, 4n * slot + gib)).toEqual({ ok: true, value: 4n * slot + gib });
    expect(access(process, 4n * slot + gib, 'write')).toEqual({});
    expect(process.system.machine.violation()).toBeUndefined();
  });

  test('five levels are refused', () => {
    const device = dynamicDevice('1G', 1536 * GIB);
    const banks = new Banks(bankShape(device, 2, true), 0, { banks: 'several' });
    const system = new System({ kernel: 'devmap', kind: 'counted', device, banks, levels: 5 });
    expect(refusalOf(() => system.createProcess()).code).toBe('E_BANK_SPAN');
  });
});
