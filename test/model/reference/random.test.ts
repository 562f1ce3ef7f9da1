// Sum rules that hold after any sequence of operations, and the way back to idle.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { D, P, physOf, RW as RW_BIT, SAVED_DIRTY } from './entry.ts';
import type { Access } from './fault.ts';
import type { Grabbed } from './gup.ts';
import { counts, PGD_SIZE, PMD_SIZE, PUD_SIZE } from './kernel.ts';
import type { Advice } from './madvise.ts';
import { BASE, Bench, COMBINATIONS, NONE, PHYS, R, RW } from './setup.ts';
import { overlaps, vmasIn } from './vma.ts';
import type { Process } from './world.ts';

const UNITS = 6;
const SLOTS = 12;
const ADVICE: readonly Advice[] = [
  'DONTNEED',
  'POPULATE_READ',
  'POPULATE_WRITE',
  'COLD',
  'DONTDUMP',
];
const MORE_ADVICE: readonly Advice[] = ['NORMAL', 'RANDOM', 'NOHUGEPAGE', 'HUGEPAGE', 'DONTFORK'];

/** A place: unit slot, and whether it is off by a page. */
const place = fc.record({ slot: fc.nat(SLOTS - 1), off: fc.boolean().map((b) => b && 1) });
/** Whole units, or a page less. */
const length = fc.record({ units: fc.integer({ min: 1, max: 4 }), cut: fc.boolean() });

const step = fc.oneof(
  fc.record({ op: fc.constant('mmap' as const), to: place, length, offset: fc.nat(UNITS) }),
  fc.record({ op: fc.constant('munmap' as const), at: place, length }),
  fc.record({
    op: fc.constant('mprotect' as const),
    at: place,
    length,
    rights: fc.constantFrom(R, RW, NONE),
  }),
  fc.record({
    op: fc.constant('madvise' as const),
    at: place,
    length,
    advice: fc.constantFrom(...ADVICE, ...MORE_ADVICE),
  }),
  fc.record({ op: fc.constant('mremap' as const), at: place, to: place, length, grow: fc.nat(2) }),
  fc.record({
    op: fc.constant('access' as const),
    at: place,
    kind: fc.constantFrom<Access>('read', 'write', 'exec'),
  }),
  fc.record({
    op: fc.constant('gup' as const),
    at: place,
    pages: fc.integer({ min: 1, max: 3 }),
    pin: fc.boolean(),
    write: fc.boolean(),
    mode: fc.constantFrom('fast' as const, 'slow' as const),
  }),
  fc.record({ op: fc.constant('release' as const), which: fc.nat() }),
  fc.record({ op: fc.constant('clearRefs' as const), what: fc.constantFrom(1, 2, 3, 4) }),
  fc.record({ op: fc.constantFrom('fork', 'exit', 'smaps', 'switch'), which: fc.nat() }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly bench: Bench;
  current: Process;
  held: { readonly grabbed: Grabbed; readonly pin: boolean }[] = [];

  constructor(bench: Bench) {
    this.bench = bench;
    this.current = bench.main;
  }

  bytes(of: { units: number; cut: boolean }): bigint {
    return this.bench.unit * BigInt(of.units) - (of.cut ? 4096n : 0n);
  }

  at(where: { slot: number; off: number | false }): bigint {
    return BASE + BigInt(where.slot) * this.bench.unit + BigInt(where.off || 0) * 4096n;
  }

  apply(each: Step): string | null {
    const { model, unit } = this.bench;
    switch (each.op) {
      case 'mmap':
        this.bench.model.mmap(this.current, {
          file: this.bench.file,
          address: this.at(each.to),
          fixed: true,
          rights: RW,
          length: this.bytes(each.length),
          offset: unit * BigInt(each.offset),
        });
        return null;
      case 'munmap':
        return model.munmap(this.current, this.at(each.at), this.bytes(each.length));
      case 'mprotect':
        model.mprotect(this.current, this.at(each.at), this.bytes(each.length), each.rights);
        return null;
      case 'madvise':
        model.madvise(this.current, this.at(each.at), this.bytes(each.length), each.advice);
        return null;
      case 'mremap':
        this.remap(each);
        return null;
      case 'access':
        model.access(this.current, this.at(each.at), each.kind);
        return null;
      case 'clearRefs':
        model.clearRefs(this.current, each.what as 1 | 2 | 3 | 4);
        return null;
      default:
        return this.others(each);
    }
  }

  private remap(each: Extract<Step, { op: 'mremap' }>): void {
    const { model, unit } = this.bench;
    const oldLength = this.bytes(each.length);
    model.mremap(this.current, {
      address: this.at(each.at),
      oldLength,
      newLength: oldLength + unit * BigInt(each.grow),
      mayMove: true,
      fixed: each.grow === 0,
      newAddress: this.at(each.to),
    });
  }

  private others(each: Step): null {
    const { model } = this.bench;
    if (each.op === 'gup') {
      const flags = { pin: each.pin, write: each.write, mode: each.mode };
      const grabbed = model.gup(this.current, this.at(each.at), each.pages, flags);
      this.held.push({ grabbed, pin: each.pin });
    } else if (each.op === 'release' && this.held.length > 0) {
      const [one] = this.held.splice(each.which % this.held.length, 1);
      model.release(one!.grabbed, one!.pin);
    } else if (each.op === 'fork' && model.world.processes.length < 4) {
      model.fork(this.current);
    } else if (each.op === 'smaps') {
      model.smaps(this.current);
    } else if (each.op === 'exit' || each.op === 'switch') {
      const alive = model.world.processes.filter((process) => process.alive);
      const chosen = alive[each.which % alive.length]!;
      if (each.op === 'switch') this.current = chosen;
      else if (chosen !== this.current) model.exit(chosen);
    }
    return null;
  }
}

function checkProcess(bench: Bench, process: Process, leaks: boolean): void {
  const { world } = bench.model;
  const held = counts(world.kernel) ? process.leaves.size * world.pagesPerUnit : 0;
  if (leaks) expect(process.filePages).toBeGreaterThanOrEqual(held);
  else expect(process.filePages).toBe(held);
  process.vmas.forEach((vma, i) => {
    expect(vma.start < vma.end).toBe(true);
    if (i > 0) expect(process.vmas[i - 1]!.end <= vma.start).toBe(true);
  });
  for (const [key, entry] of process.leaves) {
    const va = key * bench.unit;
    const vma = vmasIn(process.vmas, va, va + bench.unit)[0]!;
    expect(physOf(world.size, entry)).toBe(PHYS + vma.offset + va - vma.start);
    expect(process.pudTables.has(va / PGD_SIZE)).toBe(true);
    if (world.size !== '1G') expect(process.pmdTables.has(va / PUD_SIZE)).toBe(true);
    if (world.size === '4K') expect(process.pteTables.has(va / PMD_SIZE)).toBe(true);
    if (!(entry & RW_BIT)) expect(entry & D).toBe(0n);
    if (entry & RW_BIT) expect(entry & (SAVED_DIRTY | P)).toBe(P);
  }
  const spans = [
    [process.pteTables, PMD_SIZE],
    [process.pmdTables, PUD_SIZE],
    [process.pudTables, PGD_SIZE],
  ] as const;
  for (const [tables, span] of spans) {
    for (const key of tables) {
      expect(overlaps(process.vmas, key * span, (key + 1n) * span)).toBe(true);
    }
  }
}

/** 9.1: 1 + map count + gets + pins (1024 each at order 0); map count is the leaves, or leaked. */
function checkSums(bench: Bench): void {
  const { world } = bench.model;
  const leaks = world.bugs.includes('bad pud') && counts(world.kernel);
  for (const process of world.processes) checkProcess(bench, process, leaks);
  const leaves = world.processes.reduce((sum, process) => sum + process.leaves.size, 0);
  let mappings = 0;
  for (const folio of world.folios.values()) {
    const pin = world.order === 0 ? 1024 : 1;
    expect(folio.refcount).toBe(1 + folio.mappings() + folio.gets + folio.pins * pin);
    expect(folio.pincount).toBe(world.order === 0 ? 0 : folio.pins);
    expect(folio.nrPagesMapped).toBe(folio.entireMapcount > 0 ? 0x800000 : 0);
    expect(folio.entireMapcount).toBe(folio.largeMapcount);
    mappings += folio.mappings();
  }
  const expected = counts(world.kernel) ? leaves : 0;
  if (leaks) expect(mappings).toBeGreaterThanOrEqual(expected);
  else expect(mappings).toBe(expected);
}

function checkIdle(bench: Bench, run: Run): void {
  const { model } = bench;
  for (const { grabbed, pin } of run.held) model.release(grabbed, pin);
  const leaks = model.bugs.includes('bad pud') && counts(model.world.kernel);
  for (const process of model.world.processes) {
    if (!process.alive) continue;
    expect(model.munmap(process, 0n, (1n << 47n) - 4096n)).toBeNull();
    expect(process.leaves.size + process.pageTableBytes()).toBe(0);
    if (!leaks) expect(process.filePages).toBe(0);
  }
  for (const folio of model.world.folios.values()) {
    if (!leaks) expect([folio.refcount, folio.mappings()]).toEqual([1, 0]);
  }
  const odd = model.bugs.filter((bug) => bug !== 'bad pud' && bug !== 'bad rss-counter');
  expect(odd.filter((bug) => bug !== 'misaligned offset')).toEqual([]);
}

/* SPEC_SEED=N npx vitest run test/model/reference/random.test.ts replays the run that a title names. */
const SEED = Number(process.env['SPEC_SEED'] ?? Date.now() % 2 ** 31);
const RUNS = Number(process.env['SPEC_RUNS'] ?? 40);

describe.each(COMBINATIONS)(`SPEC_SEED=${SEED} $kernel $size`, ({ kernel, size }) => {
  test('keeps the sum rules, refuses without a change, and returns to idle', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const bench = new Bench(kernel, size, UNITS);
        const run = new Run(bench);
        for (const each of steps) {
          const before = each.op === 'munmap' ? bench.model.snapshot() : null;
          const errno = run.apply(each);
          if (errno && before) expect(bench.model.snapshot()).toEqual(before);
          checkSums(bench);
        }
        checkIdle(bench, run);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
