import { readNumaMaps } from '../proc/numaMaps.ts';
import { readPagemap } from '../proc/pagemap.ts';
import { readSmaps } from '../proc/smaps.ts';
import { clearRefs } from '../syscall/clearRefs.ts';
import { madvise } from '../syscall/madvise.ts';
import { mincore } from '../syscall/mincore.ts';
import { mprotect } from '../syscall/mprotect.ts';
import { mremap } from '../syscall/mremap.ts';
import type { Process } from '../syscall/process.ts';

/** Where a mapping is moved to: far from where the kernel puts it, on every unit's boundary. */
const FAR = 0x1000_0000_0000n;

/** Does something to the mapping that holds an address; answers where that address is afterwards. */
export type After = (process: Process, va: bigint) => bigint;

function wholeMapping(process: Process, va: bigint) {
  const { start, end } = process.requireVma(va);
  return { start, length: end - start };
}

/** The address stays. */
function inPlace(act: (process: Process, va: bigint) => unknown): After {
  return (process, va) => {
    act(process, va);
    return va;
  };
}

function protectTo(read: boolean): After {
  return inPlace((process, va) => {
    const { start, length } = wholeMapping(process, va);
    mprotect(process, start, length, { read, write: false, exec: false });
  });
}

function moveTo(fixed: bigint): After {
  return (process, va) => {
    const { start, length } = wholeMapping(process, va);
    const request = { address: start, oldBytes: length, newBytes: length, mayMove: true, fixed };
    const moved = mremap(process, request);
    return moved.ok ? moved.value + (va - start) : va;
  };
}

/** What `daxstorm walk --after` can do before the walk, by name. */
export const AFTER: Readonly<Record<string, After>> = {
  smaps: inPlace(readSmaps),
  pagemap: inPlace((process, va) => readPagemap(process, va, 1)),
  numa_maps: inPlace(readNumaMaps),
  mincore: inPlace((process, va) => mincore(process, va - (va % 4096n), 4096n)),
  clear_refs_1: inPlace((process) => clearRefs(process, 1)),
  clear_refs_4: inPlace((process) => clearRefs(process, 4)),
  madv_cold: inPlace((process, va) => {
    const { start, length } = wholeMapping(process, va);
    madvise(process, start, length, 'cold');
  }),
  mprotect_read: protectTo(true),
  mprotect_none: protectTo(false),
  mremap: moveTo(FAR),
  mremap_unaligned: moveTo(FAR + 4096n),
};
