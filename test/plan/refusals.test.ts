// What a plan refuses: the code, what is wrong, and what to type instead. The command prints each as one line.
import { describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import { geometryOf, unitOf } from '../../host/plan/geometry.ts';
import { type Host, parseHost } from '../../host/plan/host.ts';
import { findHost } from '../../host/plan/hostFile.ts';
import { layOut } from '../../host/plan/layout.ts';
import { parseRelease } from '../../host/plan/operations.ts';
import { makePlan, parseRate } from '../../host/plan/plan.ts';
import { changesKernel, parseWhatIf, type Side } from '../../host/plan/whatIf.ts';
import { suggest } from '../../host/suggest.ts';
import type { MapName } from '../../host/syscall/namespace.ts';

const x86 = geometryOf('4K', 'x86-64');

function refused(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof DaxError) return `${error.code}: ${error.message}; ${error.hint}`;
    throw error;
  }
  throw new Error('it was not refused');
}

function hostOf(fields: object): Host {
  return parseHost(fields, 'h.yaml');
}

describe('a host that is described wrongly', () => {
  const CASES: readonly (readonly [fields: unknown, says: string])[] = [
    [null, 'E_PLAN: h.yaml is empty'],
    ['words', 'E_PLAN: h.yaml: the whole: expected object'],
    [{ regions: [] }, 'E_PLAN: h.yaml: regions: Too small'],
    [{ regions: [{ size: '1TiB' }], proceses: 3 }, 'did you mean processes?'],
    [{ regions: [{ size: '1TiB', way: 3 }] }, "unknown key 'way' in regions[0]; use name, kind"],
    [{ regions: [{ kind: 'cxl', size: '1TiB' }] }, 'regions[0].kind: Invalid option'],
    [{ regions: [{ size: '1TiB', count: 1.5 }] }, 'regions[0].count: expected int'],
    [{ regions: [{ size: '1TiB' }], processes: 0 }, 'processes: Too small'],
    [{ regions: [{ size: 'lots' }] }, "E_SIZE_SYNTAX: h.yaml: regions[0].size 'lots'"],
    [{ regions: [{ size: '0' }] }, 'E_PLAN: h.yaml: regions[0].size is 0'],
    [{ regions: [{ size: '3MiB' }] }, 'E_DEVICE_SIZE: h.yaml: regions[0].size is 3145728 bytes'],
    [{ regions: [{ size: '1TiB', start: 4096 }] }, 'regions[0].start is 4096 bytes'],
  ];
  test.each(CASES)('%j', (fields, says) => {
    expect(refused(() => parseHost(fields, 'h.yaml'))).toContain(says);
  });
});

describe('a host that cannot be laid out so', () => {
  type Case = readonly [fields: object, unit: string, map: MapName, says: string];
  const CASES: readonly Case[] = [
    [{ regions: [{ size: '1GiB' }] }, '1G', 'mem', 'leaves no whole 1G unit'],
    [{ regions: [{ size: '4GiB', start: '5000MiB' }] }, '1G', 'mem', 'no multiple of 1G'],
    [{ regions: [{ size: '3TiB', interleave: 6 }], tenants: 4096 }, '1G', 'mem', 'step of 6 GiB'],
    [{ regions: [{ size: '4GiB', labels: false }], tenants: 2 }, '2M', 'mem', 'for 2 tenants'],
    [{ regions: [{ kind: 'dynamic', size: '1TiB' }] }, '2M', 'dev', 'daxctl has no --map'],
    [{ regions: [{ size: '4096TiB' }], processes: 1_000_000 }, '4K', 'mem', 'to the byte'],
    [{ regions: [{ size: '1TiB', count: 1024 }], tenants: 65 }, '2M', 'mem', 'more than 65536'],
  ];
  test.each(CASES)('%j, %s, map=%s', (fields, unit, map, says) => {
    expect(refused(() => layOut(hostOf(fields), unitOf(x86, unit), map, x86))).toContain(says);
  });

  test('the same, where it is all that a plan was asked for', () => {
    const host = hostOf({ regions: [{ size: '1GiB' }] });
    const request = { host, releases: [], align: '1G', map: undefined, rate: 3e9 };
    expect(refused(() => makePlan(request))).toContain('E_DEVICE_SIZE: a namespace of 1 GiB');
  });

  test('map=dev of a misaligned start has no such hazard: heads begin at the data', () => {
    const host = hostOf({ regions: [{ size: '8GiB', start: '5000MiB', labels: false }] });
    const layout = layOut(host, unitOf(x86, '1G'), 'dev', x86);
    expect(layout.usableBytes % 2 ** 30).toBe(0);
  });
});

describe('words that mean nothing', () => {
  const before: Side = {
    host: hostOf({ regions: [{ size: '1TiB' }] }),
    release: '6.12',
    align: '2M',
    map: 'mem',
    rate: 3e9,
  };
  const CASES: readonly (readonly [says: string, act: () => unknown])[] = [
    ["no preset 'optan-2s'; did you mean optane-2s?", () => findHost('optan-2s')],
    ["no preset 'zzz'; use cxl-box-24t, ", () => findHost('zzz')],
    ['E_FILE: ', () => findHost('missing.yaml')],
    ["nothing was recorded of kernel '5.10'", () => parseRelease('5.10')],
    ['did you mean refcount?', () => parseRelease('refcont')],
    ["rate 'fast'", () => parseRate('fast')],
    ["rate '1e20'", () => parseRate('1e20')],
    ['no base page of 8K on any architecture', () => geometryOf('8K', undefined)],
    ['no base page of 16K on powerpc', () => geometryOf('16K', 'powerpc')],
    ['use --align 4K or 2M or 1G', () => unitOf(x86, '3M')],
    ['did you mean align?', () => parseWhatIf('alin=2M', before)],
    ['processes=0', () => parseWhatIf('processes=0', before)],
    ["kernel '8.0'", () => parseWhatIf('8.0', before)],
    ['E_DEVICE_SIZE: size is 3145728 bytes', () => parseWhatIf('size=3MiB', before)],
    ['E_PLAN: size is 0', () => parseWhatIf('size=0', before)],
    ["kind 'cxl'", () => parseWhatIf('kind=cxl', before)],
    ["map 'ram'", () => parseWhatIf('map=ram', before)],
  ];
  test.each(CASES)('%s', (says, act) => {
    expect(refused(act)).toContain(says);
  });

  test('a change names a kernel or not', () => {
    expect(['7.3', 'refcount', 'kernel=7.3', 'align=1G,7.3'].map(changesKernel)).not.toContain(
      false,
    );
    expect(['optane-4s', 'align=1G', 'host=7.3'].map(changesKernel)).not.toContain(true);
  });

  test('the nearest word, or all of them', () => {
    expect(suggest('interleav', ['interleave', 'name'])).toBe('did you mean interleave?');
    expect(suggest('quux', ['interleave', 'name'])).toBe('use interleave, name');
  });
});
