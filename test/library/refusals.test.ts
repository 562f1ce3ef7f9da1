// What the library says to bad arguments: a stable code, the value, the limit; no trap, no corruption.
import { describe, expect, test } from 'vitest';
import {
  type AlignName,
  countStorm,
  DaxError,
  gate,
  type KernelId,
  Machine,
  MIB,
  plan,
  SyscallError,
} from '../../host/index.ts';

const TWO = { kernel: 'refcount', align: '2M', sizeBytes: 8 * MIB } as const;

/** The code and message of what a call throws. */
function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (!DaxError.is(error)) throw error;
    expect(error.hint).not.toBe('');
    return `${error.code}: ${error.message}`;
  }
  return 'not refused';
}

const AS_JAVASCRIPT = {
  kernel: 'linux' as KernelId,
  align: '3M' as AlignName,
};

describe('refused with a code', () => {
  test.each([
    ['E_VALUE: kernel', () => new Machine({ ...TWO, kernel: AS_JAVASCRIPT.kernel })],
    ['E_ALIGN: align', () => new Machine({ ...TWO, align: AS_JAVASCRIPT.align })],
    ['E_DEVICE_SIZE: size 3 MiB', () => new Machine({ ...TWO, sizeBytes: 3 * MIB })],
    ['E_VALUE: sizeBytes NaN', () => new Machine({ ...TWO, sizeBytes: Number.NaN })],
    ['E_VALUE: kernel', () => countStorm({ align: '2M' }, [AS_JAVASCRIPT.kernel])],
    ['E_STORM: storm align', () => countStorm({ align: AS_JAVASCRIPT.align })],
    ['E_STORM: storm pinPages', () => countStorm({ align: '2M', pinPages: -1 })],
    ['E_VALUE: device page 2048', () => new Machine(TWO).page(2048)],
    ['E_PLAN: ', () => plan('optan-2s')],
  ])('%s', (expected, call) => {
    expect(refusal(call)).toContain(expected);
  });

  test('a gate of nothing', async () => {
    await expect(gate({ filter: ['nowhere'] })).rejects.toMatchObject({ code: 'E_VALUE' });
  });
});

describe('a process', () => {
  test('refused by the kernel: the errno, and nothing changed', () => {
    const machine = new Machine(TWO);
    const process = machine.createProcess();
    const address = process.mmap({ lengthBytes: 4 * MIB });
    const before = process.mappings;
    expect(() => process.munmap(address, 4096)).toThrow(SyscallError);
    expect(() => process.munmap(address, 4096)).toThrow('munmap failed: EINVAL');
    expect(() => process.pin(0n, 1)).toThrow('pin_user_pages failed: EFAULT');
    expect(process.mappings).toEqual(before);
  });

  test('that has exited makes no call; its pins outlive it', () => {
    const machine = new Machine(TWO);
    const process = machine.createProcess();
    const pins = process.pin(process.mmap({ lengthBytes: 2 * MIB }), 4);
    process.exit();
    for (const call of [() => process.mmap({ lengthBytes: 2 * MIB }), () => process.exit()])
      expect(refusal(call)).toBe('E_VALUE: process 1 has exited');
    expect(machine.page(0).folio?.pincount).toBe(4);
    pins.release();
    pins.release();
    expect(machine.page(0)).toMatchObject({ headRefcount: 1, folio: { pincount: 0 } });
    expect([machine.violation(), machine.bugs()]).toEqual([undefined, []]);
  });
});
