import * as abi from './abi.ts';
import type { CoreExports } from './core.ts';
import type { OneBank } from './machine.ts';
import type { SeveralBanks } from './severalBanks.ts';

type RangeCall = (core: CoreExports, from: bigint, to: bigint) => void;
type PagesCall = (core: CoreExports, firstPage: number, pages: number) => number;

function bankOf(machine: SeveralBanks, vma: number, va: bigint): CoreExports {
  return machine.enter(machine.bankAt(machine.mmOf(vma), va) ?? 0).core;
}

/** Calls on addresses of a mapping: the bank of the address, or every bank with a part of the range. */
function addressCalls(machine: SeveralBanks) {
  const at = (vma: number, va: bigint): CoreExports => bankOf(machine, vma, va);
  const over = (vma: number, va: bigint, end: bigint, act: RangeCall): void =>
    machine.eachPart(vma, va, end, ({ core }, from, to) => act(core, from, to));
  return {
    handleFault: (vma, va, write) => at(vma, va).handleFault(vma, va, write),
    touch: (vma, va, kind) => at(vma, va).touch(vma, va, kind),
    dontneed: (vma, va, end) =>
      over(vma, va, end, (core, from, to) => core.dontneed(vma, from, to)),
    munmap: (vma, va, end) => over(vma, va, end, (core, from, to) => core.munmap(vma, from, to)),
    dropGiants: (vma, va, end) =>
      over(vma, va, end, (core, from, to) => core.dropGiants(vma, from, to)),
    clearReferencedRange: (vma, va, end) =>
      over(vma, va, end, (core, from, to) => core.clearReferencedRange(vma, from, to)),
    clearSoftDirtyRange: (vma, va, end) =>
      over(vma, va, end, (core, from, to) => core.clearSoftDirtyRange(vma, from, to)),
    protect: (vma, va, end, prot) =>
      over(vma, va, end, (core, from, to) => core.protect(vma, from, to, prot)),
    populateRange: (vma, va, end, flags) => {
      let status: number = abi.OK;
      machine.asOneCall(machine.partsOf(machine.mmOf(vma), va, end), ({ core }, { from, to }) => {
        status = core.populateRange(vma, from, to, flags);
        return status === abi.OK;
      });
      return status;
    },
    beginPages: (flags) => machine.gup.begin(flags),
    pagesGot: () => machine.gup.pages.length,
    gupFast: (vma, va, pages, flags) => machine.gup.fast(vma, va, pages, flags),
    gupSlow: (vma, va, pages, flags) => machine.gup.slow(vma, va, pages, flags),
    needTables: (mm, va) => machine.enter(machine.bankForTables(mm, va)).core.needTables(mm, va),
    moveTables: (mm, from, to, length) =>
      machine.moveIn(machine.bankAt(mm, from) ?? 0).core.moveTables(mm, from, to, length),
    movedBytes: () => machine.mover.core.movedBytes(),
    lostLeaves: () => machine.mover.core.lostLeaves(),
    chargedPages: (mm) => BigInt(machine.filePages(mm)),
  } satisfies Partial<CoreExports>;
}

/** Calls on device pages: each bank's run of them. */
function pageCalls(machine: SeveralBanks) {
  /** The status of the last part that failed. */
  const put = (page: number, pages: number, act: PagesCall): number => {
    let status: number = abi.OK;
    for (const run of machine.slices.runs(page, pages)) {
      const { local } = machine.locate(run.first);
      const each = machine.putIn(run.bank, ({ core }) => act(core, local, run.pages));
      if (each !== abi.OK) status = each;
    }
    return status;
  };
  return {
    unpin: (page, pages) => put(page, pages, (core, own, count) => core.unpin(own, count)),
    putPages: (page, pages) => put(page, pages, (core, own, count) => core.putPages(own, count)),
    dirtyPages: (page, pages) => {
      put(page, pages, (core, own, count) => {
        core.dirtyPages(own, count);
        return abi.OK;
      });
    },
    resetPages: (page, pages) => {
      put(page, pages, (core, own, count) => {
        core.resetPages(own, count);
        return abi.OK;
      });
    },
    poison: (page) => {
      const { bank, local } = machine.locate(page);
      return machine.enter(bank).core.poison(local);
    },
  } satisfies Partial<CoreExports>;
}

/** Calls on the whole machine, in every bank; what is counted once, in the first. */
function machineCalls({ parts }: SeveralBanks) {
  const first = (parts[0] as OneBank).core;
  const every = (act: (core: CoreExports) => void): void => {
    for (const { core } of parts) act(core);
  };
  return {
    abiVersion: first.abiVersion,
    layoutHash: first.layoutHash,
    switches: first.switches,
    attach: (thread) => every((core) => core.attach(thread)),
    detach: () => every((core) => core.detach()),
    bindDevice: () => every((core) => core.bindDevice()),
    clearStamps: () => every((core) => core.clearStamps()),
    killDax: () => every((core) => core.killDax()),
    runDax: () => every((core) => core.runDax()),
    unmapPgmap: () => every((core) => core.unmapPgmap()),
    flushMm: () => first.flushMm(),
    timeLaps: (laps) => first.timeLaps(laps),
  } satisfies Partial<CoreExports>;
}

function elsewhere(): never {
  throw new Error('SeveralBanks does this bank by bank');
}

/** Streams, looks and checks: SeveralBanks and look.ts ask each bank by itself. */
const BY_BANK = {
  folioOf: elsewhere,
  allocTable: elsewhere,
  freeTable: elsewhere,
  smapsRange: elsewhere,
  pagemapRange: elsewhere,
  mincoreRange: elsewhere,
  unmapMapping: elsewhere,
  scanHeld: elsewhere,
  runChained: elsewhere,
  runNatural: elsewhere,
  runBatched: elsewhere,
  checkMachine: elsewhere,
  hashRange: elsewhere,
} satisfies Partial<CoreExports>;

/**
 * The exports of a core that has several banks: each call goes to the bank of its address or page, and
 * one over a range to every bank that has a part of it, as one call. So what makes system calls need
 * not know how many banks there are.
 */
export function spreadCore(machine: SeveralBanks): CoreExports {
  return {
    ...addressCalls(machine),
    ...pageCalls(machine),
    ...machineCalls(machine),
    ...BY_BANK,
  };
}
