// One fuzzed operation as the same call on both sides, its answers compared.
import { type AccessResult, access } from '../../host/syscall/access.ts';
import type { SyscallResult } from '../../host/syscall/errno.ts';
import { exit, fork } from '../../host/syscall/fork.ts';
import { gup, release } from '../../host/syscall/gup.ts';
import { madvise } from '../../host/syscall/madvise.ts';
import { memoryFailure } from '../../host/syscall/memoryFailure.ts';
import { mlock, munlock } from '../../host/syscall/mlock.ts';
import { type MmapRequest, mmap } from '../../host/syscall/mmap.ts';
import { mprotect } from '../../host/syscall/mprotect.ts';
import { type MremapRequest, mremap } from '../../host/syscall/mremap.ts';
import { msync } from '../../host/syscall/msync.ts';
import { munmap } from '../../host/syscall/munmap.ts';
import { setThpDisable } from '../../host/syscall/prctl.ts';
import { rebind, unbind } from '../../host/syscall/unbind.ts';
import { compareLook } from './looks.ts';
import {
  ADVICE,
  type Kind,
  kindOf,
  lengthOf,
  type Op,
  pick,
  placeIn,
  RIGHTS,
} from './operation.ts';
import type { Access, Touch } from './reference/fault.ts';
import type { GupFlags } from './reference/gup.ts';
import type { MmapArgs, Placed } from './reference/mmap.ts';
import type { MremapArgs } from './reference/mremap.ts';
import { type Held, type Pair, PROCESSES_MAX, type Sides, show, UNITS } from './sides.ts';

const MAPPINGS_MAX = 8;
const HELD_MAX = 12;

/** A call on both sides. */
export type Call = (sides: Sides, op: Op, pair: Pair) => void;

export function errnoOf(result: SyscallResult<unknown>): string {
  return result.ok ? '' : result.errno;
}

function addressOf(placed: Placed): bigint | string {
  return 'errno' in placed ? placed.errno : placed.address;
}

/** An address in or around one of the process's mappings. */
export function placeOf({ unit }: Sides, [, , a, b]: Op, { model }: Pair): bigint {
  return placeIn(pick([...model.vmas, ...model.vmas, undefined], a + b), unit, a, b);
}

function mmapArgs({ size, unit }: Sides, [, , a, b, c, d]: Op, { model }: Pair) {
  const beside = pick([undefined, undefined, ...model.vmas], b);
  const how = pick(['no', 'no', 'hint', 'replace', 'replace', 'noreplace'] as const, c + d);
  const place = how === 'no' ? 0n : placeIn(beside, unit, a, d);
  return {
    address: how === 'hint' && d % 8 === 7 ? place + 123n : place,
    length: lengthOf(unit, c),
    offset: BigInt(a % (UNITS[size] + 1)) * unit + (d % 32 === 9 ? 4096n : 0n),
    rights: pick(RIGHTS, b + c),
    type: pick(['shared', 'shared', 'shared', 'validate', 'shared', 'private'] as const, d),
    fixed: how === 'replace',
    noreplace: how === 'noreplace',
    sync: c % 8 === 3,
    hugetlb: c === 60,
    populate: d % 8 === 5 && d % 32 !== 9,
    mode: pick(['rw', 'rw', 'rw', 'rw', 'rw', 'rw', 'r', 'w'] as const, a + d),
  };
}

const callMmap: Call = (sides, op, pair) => {
  if (pair.model.vmas.length >= MAPPINGS_MAX) return;
  const args = mmapArgs(sides, op, pair);
  const { address, length, offset, rights, type, fixed, noreplace, mode } = args;
  const request: MmapRequest = {
    address,
    lengthBytes: length,
    offsetBytes: offset,
    protection: rights,
    mode,
    flags: {
      type: type === 'validate' ? 'sharedValidate' : type,
      ...(fixed || noreplace ? { fixed: fixed ? 'replace' : 'noreplace' } : {}),
      sync: args.sync,
      hugetlb: args.hugetlb,
      populate: args.populate,
    },
  };
  const own: MmapArgs = { ...args, file: sides.fileOf(mode) };
  const model = sides.model.mmap(pair.model, own);
  const emulated = mmap(pair.emulated, request);
  // The mapping may have been merged into one that begins before it.
  sides.same('mmap', errnoOf(emulated), 'errno' in model ? model.errno : '');
  if (emulated.ok) sides.same('address', emulated.value.start, addressOf(model));
};

/**
 * EXCLUDED: misaligned offsets. Where a call left a mapping that is on the unit while its file offset is
 * off it, the mapping goes before anybody touches it.
 */
export function unmapMisaligned(sides: Sides, { emulated, model }: Pair): void {
  const { unit } = sides;
  for (const { start, end, offset } of [...model.vmas]) {
    if (start % unit !== 0n || end % unit !== 0n || offset % unit === 0n) continue;
    const refused = sides.model.munmap(model, start, end - start);
    sides.same('munmap', errnoOf(munmap(emulated, start, end - start)), refused ?? '');
  }
}

const callMunmap: Call = (sides, op, pair) => {
  const start = placeOf(sides, op, pair);
  const length = lengthOf(sides.unit, op[4]);
  const model = sides.model.munmap(pair.model, start, length);
  sides.same('munmap', errnoOf(munmap(pair.emulated, start, length)), model ?? '');
};

const callMprotect: Call = (sides, op, pair) => {
  const start = placeOf(sides, op, pair);
  const length = lengthOf(sides.unit, op[4]);
  const rights = pick(RIGHTS, op[5]);
  const model = sides.model.mprotect(pair.model, start, length, rights);
  sides.same('mprotect', errnoOf(mprotect(pair.emulated, start, length, rights)), model ?? '');
};

const callMadvise: Call = (sides, op, pair) => {
  const start = placeOf(sides, op, pair);
  const length = lengthOf(sides.unit, op[4]);
  const [name, advice] = pick(ADVICE, op[5]);
  const model = sides.model.madvise(pair.model, start, length, advice);
  sides.same(`madvise ${name}`, errnoOf(madvise(pair.emulated, start, length, name)), model ?? '');
};

const callMlock: Call = (sides, op, pair) => {
  const start = placeOf(sides, op, pair) + (op[5] === 0 ? 9n : 0n);
  const length = lengthOf(sides.unit, op[4]);
  const lock = kindOf(op) === 'mlock';
  const emulated = (lock ? mlock : munlock)(pair.emulated, start, length);
  const model = lock
    ? sides.model.mlock(pair.model, start, length)
    : sides.model.munlock(pair.model, start, length);
  sides.same(kindOf(op), errnoOf(emulated), model ?? '');
};

const callMsync: Call = (sides, op, pair) => {
  const start = placeOf(sides, op, pair);
  const length = lengthOf(sides.unit, op[4]);
  const d = op[5];
  const flags = { sync: d % 2 === 1, async: d % 8 === 0, invalidate: d % 4 > 1 };
  const model = sides.model.msync(pair.model, start, length, flags);
  sides.same('msync', errnoOf(msync(pair.emulated, start, length, flags)), model ?? '');
};

const callMremap: Call = (sides, op, pair) => {
  if (pair.model.vmas.length >= MAPPINGS_MAX) return;
  const [, , a, b, c, d] = op;
  const { unit } = sides;
  const { vmas } = pair.model;
  const vma = pick(vmas, a);
  const whole = vma && d % 2 === 0;
  const address = whole ? vma.start : placeOf(sides, op, pair);
  const oldLength = whole && d % 4 === 0 ? vma.end - vma.start : lengthOf(unit, c);
  const how = pick(['plain', 'fixed', 'plain', 'fixed', 'dontUnmap', 'both'] as const, b);
  const same = how === 'dontUnmap' || how === 'both' || d % 8 < 3;
  const newLength = same ? oldLength : lengthOf(unit, a);
  const to = placeIn(pick([undefined, undefined, ...vmas], c), unit, c, a);
  const fixed = how === 'fixed' || how === 'both';
  const dontUnmap = how === 'dontUnmap' || how === 'both';
  const mayMove = d % 16 !== 7;
  const none = d === 60;
  const request: MremapRequest = {
    address,
    oldBytes: none ? 0n : oldLength,
    newBytes: newLength,
    mayMove,
    dontUnmap,
    ...(fixed ? { fixed: to } : {}),
  };
  const args: MremapArgs = {
    address,
    oldLength: none ? 0n : oldLength,
    newLength,
    mayMove,
    fixed,
    dontUnmap,
    newAddress: fixed ? to : 0n,
  };
  const model = addressOf(sides.model.mremap(pair.model, args));
  const emulated = mremap(pair.emulated, request);
  const said = { how, address, oldLength: args.oldLength, newLength, to };
  sides.doing += ` ${show(said)}`;
  sides.same('mremap', emulated.ok ? emulated.value : emulated.errno, model);
};

/** What a touch came to, as the model has it. */
function touchOf({ signal, code }: AccessResult): Pick<Touch, 'signal' | 'code'> {
  if (!signal) return { signal: null, code: null };
  const prefix = signal === 'SIGBUS' ? 'BUS' : 'SEGV';
  return { signal, code: `${prefix}_${code}` as Touch['code'] };
}

const callAccess: Call = (sides, op, pair) => {
  const va = placeOf(sides, op, pair) + BigInt(op[5]);
  const kind = pick<Access>(['read', 'write', 'write', 'exec'], op[4]);
  // EXCLUDED: stale translations.
  sides.system.tlb.flush();
  const { signal, code } = sides.model.access(pair.model, va, kind);
  sides.same(kind, touchOf(access(pair.emulated, va, kind)), { signal, code });
  sides.compareLeaf(pair, va);
};

const callGup: Call = (sides, op, pair) => {
  if (sides.held.length >= HELD_MAX) return;
  const [, , , , c, d] = op;
  const flags = {
    pin: d % 2 === 1,
    write: d % 4 > 1,
    longterm: d % 2 === 1 && d % 8 > 3,
    mode: pick(['fast', 'slow', 'fast', 'fastOnly'] as const, c),
  } satisfies GupFlags;
  const count = pick([1, 1, 2, 3, 7, 40, 513], c);
  const va = placeOf(sides, op, pair);
  const { errno, pages, generation } = sides.model.gup(pair.model, va, count, flags);
  const emulated = gup(pair.emulated, va, count, flags);
  sides.same('gup errno', emulated.errno ?? '', errno ?? '');
  sides.same('gup pages', emulated.pages, pages);
  if (pages.length > 0) {
    sides.held = [...sides.held, { pages, generation, pin: flags.pin, by: pair }];
  }
  sides.compareLeaf(pair, va);
};

/** EXCLUDED: a late release while pages of the same numbers are held anew. */
function cannotBeTold(sides: Sides, late: Held): boolean {
  const live = (each: Held): boolean => sides.isLive(each) && each.pin === late.pin;
  if (sides.isLive(late)) return false;
  return sides.held.some((each) => live(each) && each.pages.some((p) => late.pages.includes(p)));
}

const callRelease: Call = (sides, op) => {
  const held = pick(sides.held, op[2]);
  if (!held || cannotBeTold(sides, held)) return;
  sides.held = sides.held.filter((each) => each !== held);
  const named = (): number =>
    sides.system.bugs.filter(({ code }) => code === 'useAfterFree').length;
  const before = named();
  release(held.by.emulated, held.pages, held.pin);
  const model = sides.model.release(held, held.pin);
  sides.same('release', named() > before ? 'use after free' : 'released', model);
  sides.compareFolio(Math.floor((held.pages[0] ?? 0) / sides.unitPages));
};

const callFork: Call = (sides, _op, pair) => {
  if (sides.pairs.length >= PROCESSES_MAX) return;
  const child = { emulated: fork(pair.emulated), model: sides.model.fork(pair.model) };
  sides.pairs = [...sides.pairs, child];
  sides.compareProcess(child);
};

const callExit: Call = (sides, _op, pair) => {
  if (sides.pairs.length === 1) return;
  exit(pair.emulated);
  sides.model.exit(pair.model);
  sides.pairs = sides.pairs.filter((each) => each !== pair);
};

const callPrctl: Call = (sides, op, pair) => {
  const ways = [
    ['off', 'no'],
    ['off', 'no'],
    ['completely', 'completely'],
    ['exceptAdvised', 'unlessAdvised'],
  ] as const;
  const [what, how] = pick(ways, op[2]);
  const known = how !== 'unlessAdvised' || sides.kernel === 'refcount';
  sides.same('prctl', errnoOf(setThpDisable(pair.emulated, what)), known ? '' : 'EINVAL');
  if (known) sides.model.setThpDisabled(pair.model, how);
};

const callMemoryFailure: Call = (sides, op, pair) => {
  const page = ((op[2] * 64 + op[3]) * 37) % (UNITS[sides.size] * sides.unitPages);
  const current = op[4] % 2 === 0 ? pair : undefined;
  const emulated = memoryFailure(sides.system, page, current?.emulated);
  const model = sides.model.memoryFailure(page, current?.model ?? null);
  sides.same('memory_failure', errnoOf(emulated), model.errno ?? '');
  if (!emulated.ok) return;
  sides.same(
    'signals',
    emulated.value.signals.map(({ process, code, address, addressLsb }) => ({
      process: sides.pairs.findIndex((each) => each.emulated === process),
      code: `BUS_${code}`,
      address,
      lsb: addressLsb,
    })),
    model.signals.map(({ process, code, address, lsb }) => ({
      process: sides.pairs.findIndex((each) => each.model === process),
      code,
      address,
      lsb,
    })),
  );
  sides.compareAll();
};

const callUnbind: Call = (sides) => {
  // A lost leaf's reference looks like a get.
  const leaked = sides.leakedReferences();
  const emulated = unbind(sides.system);
  const { errno, gets, pins } = sides.model.unbind();
  sides.same('unbind', errnoOf(emulated), errno ?? '');
  if (!emulated.ok) return;
  sides.same(
    'held',
    { gets: emulated.value.gets, pins: emulated.value.pins },
    {
      gets: gets + leaked,
      pins,
    },
  );
  sides.compareAll();
};

const callRebind: Call = (sides) => {
  sides.same('rebind', errnoOf(rebind(sides.system)), sides.model.rebind() ?? '');
};

export const CALLS: Readonly<Record<Kind, Call>> = {
  access: callAccess,
  mmap: callMmap,
  gup: callGup,
  madvise: callMadvise,
  release: callRelease,
  mremap: callMremap,
  munmap: callMunmap,
  mprotect: callMprotect,
  clearRefs: compareLook,
  rebind: callRebind,
  smaps: compareLook,
  pagemap: compareLook,
  fork: callFork,
  numaMaps: compareLook,
  mincore: compareLook,
  msync: callMsync,
  mlock: callMlock,
  munlock: callMlock,
  prctl: callPrctl,
  memoryFailure: callMemoryFailure,
  exit: callExit,
  unbind: callUnbind,
};
