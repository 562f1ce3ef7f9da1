// What is compiled into the builds: read from the .wat along the call graph of the exports.
import { describe, expect, test } from 'vitest';
import { BUILDS, KERNELS } from '../../build/builds.mjs';
import { KERNEL_IDS } from '../../host/kernel.ts';
import { EVENTS, LEDGER, PG_REFCOUNT } from '../../host/wasm/abi.ts';
import { reachable, readWat } from './callgraph.ts';

const MAP_EXPORTS = ['handleFault', 'touch'];
const RMW = /atomic\.rmw\S*/g;

/** The arena's locks are the emulator's own, taken where several threads share it, once a table. */
const ARENA = 'arena';

function rmws(build: string, exported: string): ReadonlySet<string> {
  return new Set(reachable(readWat(build), exported, ARENA).match(RMW));
}

describe('no map-time page atomic in the devmap build', () => {
  test.each(MAP_EXPORTS)(
    '%s: no read-modify-write at all where locks are not emulated',
    (exported) => {
      expect([...rmws('devmap-timed-line', exported)]).toEqual([]);
      expect([...rmws('devmap-timed-packed', exported)]).toEqual([]);
    },
  );

  test.each(MAP_EXPORTS)('%s: with full detail locks alone, at no page counter', (exported) => {
    const text = reachable(readWat('devmap-counted'), exported);
    const offsets = [...text.matchAll(/atomic\.rmw\S*( offset=(\d+))?/g)].map(([, , at]) => at);
    expect(offsets.length).toBeGreaterThan(0);
    expect(offsets.filter((at) => at !== undefined)).toEqual([]);
    const counters = reachable(readWat('refcount-counted'), exported);
    expect(counters).toMatch(new RegExp(`atomic\\.rmw\\S* offset=${PG_REFCOUNT}\\b`));
  });

  test.each(MAP_EXPORTS)('%s: the builds of refcounted kernels have them', (exported) => {
    expect(rmws('refcount-timed-line', exported)).toContain('atomic.rmw.add');
    expect(rmws('refcount-6.15-timed-line', exported)).toContain('atomic.rmw.add');
    expect(rmws('refcount-timed-packed', exported)).toContain('atomic.rmw.add');
  });

  test.each(['dontneed', 'munmap'])('%s: only the exchange that clears an entry', (exported) => {
    expect([...rmws('devmap-timed-line', exported)]).toEqual(['atomic.rmw.xchg']);
  });

  test.each(MAP_EXPORTS)('%s: the arena locks nothing but in functions of its own', (exported) => {
    const all = reachable(readWat('devmap-timed-line'), exported);
    expect(all.match(RMW)?.length).toBeGreaterThan(0);
  });

  test('GUP of the devmap build does have page atomics: the search can find them', () => {
    expect(rmws('devmap-timed-line', 'gupFast').size).toBeGreaterThan(0);
  });
});

describe('no counter in any timed build', () => {
  // A counter is a load and a store at the ledger block's address; the block's global, or its
  // constant address once folded, is how code gets there.
  const counterUse = new RegExp(
    [String.raw`\$assembly/ledger/`, `i32\\.const ${LEDGER}\\b`]
      .concat(Object.values(EVENTS).map((slot) => `i32\\.const ${LEDGER + 8 * slot}\\b`))
      .join('|'),
  );
  const timed = BUILDS.filter((build) => !build.count).map((build) => build.name);
  const counted = BUILDS.filter((build) => build.count).map((build) => build.name);

  test.each(timed)('%s: none reachable from any export', (name) => {
    const wat = readWat(name);
    expect(wat.exports.size).toBeGreaterThan(15);
    for (const exported of wat.exports.keys()) {
      expect(counterUse.test(reachable(wat, exported)), exported).toBe(false);
    }
  });

  test.each(counted)('%s: reachable from the storm loop', (name) => {
    expect(counterUse.test(reachable(readWat(name), 'runChained'))).toBe(true);
  });

  test('the KERNEL switch counts the kernels as the host does', () => {
    expect(KERNELS).toEqual(KERNEL_IDS);
  });

  test('nine builds are shipped', () => {
    expect(BUILDS.length).toBe(9);
  });
});

describe('packed records take the read-modify-writes of line records', () => {
  /** How many of each in all that an export can reach; a byte's are not told apart. */
  function tally(build: string, exported: string): Readonly<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const [text] of reachable(readWat(build), exported).matchAll(RMW)) {
      const kind = text.replace('rmw8.', 'rmw.').replace('_u', '');
      found[kind] = (found[kind] ?? 0) + 1;
    }
    return found;
  }

  test.each(KERNEL_IDS)('%s', (kernel) => {
    for (const exported of ['handleFault', 'touch', 'dontneed', 'munmap', 'poison']) {
      const line = tally(`${kernel}-timed-line`, exported);
      expect(tally(`${kernel}-timed-packed`, exported), exported).toEqual(line);
    }
  });
});
