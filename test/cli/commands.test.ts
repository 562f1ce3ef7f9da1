// The commands, spawned: what they print, their JSON, their exit status.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL } from '../all.ts';
import { daxstorm } from './spawn.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface CompareJson {
  readonly comparisons: readonly {
    readonly device: { readonly align: string };
    readonly workload: string;
    readonly rows: readonly {
      readonly phase: string;
      readonly recorded?: { readonly devmap: number; readonly refcount: number };
      readonly counted: Record<
        'devmap' | 'refcount',
        { readonly rmws: number; readonly operations: number }
      >;
      readonly emulated: {
        readonly ratio: { value: number; low: number; high: number };
        readonly self: object;
      };
    }[];
  }[];
}

async function compareJson(...args: string[]): Promise<CompareJson> {
  const { stdout, status, stderr } = await daxstorm([
    'compare',
    '--time',
    '0.1',
    '--json',
    ...args,
  ]);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as CompareJson;
}

describe('compare', () => {
  test('2M: recorded, counted and emulated columns, words, break-even', async () => {
    const args = ['compare', '--align', '2M', '--size', '1GiB', '--time', '0.1'];
    const { status, stdout, stderr } = await daxstorm(args);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/write fault, a 2M leaf +1,938 +1,842 +0\.95× +1\.03× +0 +4 /);
    expect(stdout).toMatch(/pin 512 pages, a call +87,301 +4,659 +0\.053× +0\.95× +1,536 +3 /);
    expect(stdout).toMatch(/munmap, a 2M leaf +214 +750 +3\.51× +1\.25× +0 +6 /);
    expect(stdout).toContain('refcounting wins from 2 pins per mapping');
    expect(stdout).toContain('refcounting wins from 0.0054 pins per mapping');
    expect(stdout).toContain('seed 1, workload');
  });

  test('1G: nothing is said of cost, for nothing was recorded', async () => {
    const args = ['compare', '--align', '1G', '--size', '8GiB', '--time', '0.1'];
    const { stdout } = await daxstorm(args);
    expect(stdout).toMatch(/write fault, a 1G leaf +— +— +— +— +0 +4 /);
    expect(stdout).toContain('1G units: no instructions were recorded');
    expect(stdout).not.toMatch(/times fewer|% fewer|cheaper/);
  });

  test('JSON: same counts and workload for the same seed, another workload for another', async () => {
    const args = ['--align', '4K', '--size', '4MiB', '--pattern', 'uniform'];
    const [one, two, other] = [
      await compareJson(...args),
      await compareJson(...args),
      await compareJson(...args, '--seed', '2'),
    ];
    const [first, again, another] = [one, two, other].map((each) => each.comparisons[0]);
    expect(one).toMatchObject({ schema: 'daxstorm/result.v1', kind: 'compare' });
    expect(again?.workload).toBe(first?.workload);
    expect(another?.workload).not.toBe(first?.workload);
    expect(again?.rows.map((row) => row.counted)).toEqual(first?.rows.map((row) => row.counted));
    const fault = first?.rows[0];
    expect(fault?.counted.refcount.rmws).toBe(2 * (fault?.counted.refcount.operations ?? 0));
    expect(fault?.counted.devmap.rmws).toBe(0);
    expect(fault?.emulated.ratio.low).toBeLessThanOrEqual(fault?.emulated.ratio.high ?? 0);
    expect(fault?.emulated.self).toBeDefined();
  });

  test('pins of one page use the recordings of one page', async () => {
    const { comparisons } = await compareJson(
      '--align',
      '2M',
      '--size',
      '64MiB',
      '--pin-pages',
      '1',
    );
    const pin = comparisons[0]?.rows.find((row) => row.phase === 'pin');
    expect(pin?.recorded).toMatchObject({ devmap: 780.98, refcount: 562.62 });
  });

  test('a JSON file appears whole, and alone', async () => {
    const file = join(folder, 'result.json');
    const args = ['compare', '--align', '1G', '--size', '2GiB', '--time', '0.1', '--json', file];
    const { status, stdout } = await daxstorm(args);
    expect([status, stdout]).toEqual([0, '']);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('comparisons');
    expect(readdirSync(folder)).toEqual(['result.json']);
  });
});

describe('storm', () => {
  test.runIf(ALL)(
    'counts the same on packed records as on line records, but for lines',
    async () => {
      const args = ['storm', '--size', '64MiB', '--align', '4K', '--time', '0.1', '--json'];
      const counted = async (records: string) => {
        const { status, stdout, stderr } = await daxstorm([...args, '--records', records]);
        expect(status, stderr).toBe(0);
        const { scenario, device, counts } = JSON.parse(stdout);
        const text = JSON.stringify(counts, (name, value) =>
          name.startsWith('line') ? undefined : value,
        );
        return { records: scenario.records, device, counts: JSON.parse(text) };
      };
      const [line, packed] = [await counted('line'), await counted('packed')];
      expect(line.records).toBe('line');
      expect(packed.records).toBe('packed');
      expect(packed.device).toEqual({ ...line.device, records: 'packed' });
      expect(packed.counts).toEqual(line.counts);
      expect(packed.counts.fault.refcount.events.rmwMapcount).toBe(16_384);
    },
    180_000,
  );

  test.runIf(ALL)(
    'says what times on packed records are worth',
    async () => {
      const args = ['storm', '--size', '8MiB', '--align', '2M', '--time', '0.1'];
      const { stdout } = await daxstorm([...args, '--records', 'packed']);
      expect(stdout).toContain('map=mem, packed records, sequential');
      expect(stdout).toContain('times are not for comparison with line records');
    },
    180_000,
  );

  test('every event of both kernels', async () => {
    const args = [
      'storm',
      '--align',
      '2M',
      '--size',
      '128MiB',
      '--time',
      '0.1',
      '--access',
      'read',
    ];
    const { status, stdout } = await daxstorm(args);
    expect(status).toBe(0);
    const [devmap = '', refcount = ''] = stdout.split('Linux 7.3, refcounted');
    expect(devmap).toMatch(/minor faults +64 +0 +0 +0\n/);
    expect(devmap).toMatch(/_refcount RMWs +0 +32,768 +64 +0\n/);
    expect(refcount).toMatch(/_refcount RMWs +64 +64 +64 +64\n/);
    expect(refcount).toMatch(/pages pinned +0 +32,768 +0 +0\n/);
  });

  test('the third kernel: GUP-fast refuses every huge leaf, the slow path pins it', async () => {
    const args = ['storm', '--kernel', 'refcount-6.15', '--align', '2M', '--size', '128MiB'];
    const { status, stdout } = await daxstorm([...args, '--time', '0.1']);
    expect(status).toBe(0);
    expect(stdout).toContain('Linux 6.15, refcounted, huge leaves special');
    expect(stdout).toMatch(/not OK +0 +0 +0 +0\n/);
    expect(stdout).toMatch(/pages pinned +0 +32,768 +0 +0\n/);
    expect(stdout).toMatch(/mmap_lock, to read +0 +64 +0 +0\n/);
    expect(stdout).toMatch(/_refcount RMWs +64 +128 +64 +64\n/);
  });

  test('one kernel, a namespace of which 15 GiB is left', async () => {
    const args = [
      'storm',
      '--kernel',
      'devmap',
      '--namespace',
      '--align',
      '1G',
      '--size',
      '16GiB',
      '--time',
      '0.1',
    ];
    const { stdout } = await daxstorm(args);
    expect(stdout).toContain('1G units, 15 GiB device');
    expect(stdout).not.toContain('refcounted');
  });
});

describe('replay', () => {
  test('the sample on three unit sizes', async () => {
    const { status, stdout, stderr } = await daxstorm(['replay', '--time', '0.2']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('36,808 faults on 36,067 pages');
    expect(stdout).toMatch(/faults taken +36,067 +36,067 +71 +71 +1 +1\n/);
    expect(stdout).toMatch(/page references taken +0 +36,067 +0 +71 +0 +1\n/);
    expect(stdout).toMatch(/share of the trace placed +100\.0 % +100\.0 % +100\.0 %\n/);
    expect(stdout).toContain('A fault trace records faults alone');
  });

  test('a device too small for all of it: the share that fits', async () => {
    const { stdout } = await daxstorm([
      'replay',
      '--align',
      '2M',
      '--size',
      '64MiB',
      '--time',
      '0.1',
    ]);
    expect(stdout).toMatch(/share of the trace placed +4\d\.\d %/);
    expect(stdout).toMatch(/faults taken +32 +32\n/);
  });
});

describe('walk', () => {
  test('a 2M leaf that was read and pinned, both kernels', async () => {
    const args = ['walk', '+3MiB', '--align', '2M', '--touch', 'read', '--pin-pages', '4'];
    const { status, stdout } = await daxstorm(args);
    expect(status).toBe(0);
    expect(stdout).toContain('0x82000001002000a7  leaf: P RW US A PSE DEVMAP NX');
    expect(stdout).toContain('0x80000001002000a7  leaf: P RW US A PSE NX');
    expect(stdout).toContain('struct page of device page 768 (tail, folio head 512, order 9)');
    expect(stdout).toContain('_refcount 0 (head 5)');
    expect(stdout).toContain('_refcount 0 (head 6)');
  });

  test('a 2M leaf of the third kernel is SPECIAL', async () => {
    const args = ['walk', '+0', '--align', '2M', '--kernel', 'refcount-6.15'];
    const { stdout } = await daxstorm(args);
    expect(stdout).toContain('leaf: P RW US A D PSE SPECIAL SOFT_DIRTY NX');
  });

  test('an untouched address, five levels', async () => {
    const args = ['walk', '+0', '--touch', 'none', '--levels', '5', '--kernel', 'refcount'];
    const { stdout } = await daxstorm(args);
    expect(stdout).toMatch(
      /PGD {2}table \S+ {2}entry {3}0 {2}0x0{16} {2}none\n {2}nothing is mapped there/,
    );
  });

  test('JSON holds the same walk', async () => {
    const { stdout } = await daxstorm(['walk', '+0', '--kernel', 'devmap', '--json']);
    const { walks } = JSON.parse(stdout) as {
      walks: { steps: { level: string; entry: string }[] }[];
    };
    expect(walks[0]?.steps.map((step) => step.level)).toEqual(['pgd', 'pud', 'pmd', 'pte']);
    expect(walks[0]?.steps[3]?.entry).toBe('0x8200000100000267');
  });

  test('after a look a 1G leaf is gone; after a move it is lost, and the kernel bug named', async () => {
    const args = ['walk', '+0', '--align', '1G', '--kernel', 'refcount', '--after'];
    const looked = await daxstorm([...args, 'smaps']);
    expect(looked.stdout).toContain('nothing is mapped there');
    expect(looked.stdout).not.toContain('kernel bug');
    const moved = await daxstorm([...args, 'mremap', '--json']);
    const { walks } = JSON.parse(moved.stdout) as {
      walks: { address: string; bugs: { code: string; devicePage: number }[] }[];
    };
    expect(walks[0]?.address).toBe('0x100000000000');
    expect(walks[0]?.bugs.map(({ code }) => code)).toEqual(['badPud', 'leakedReference']);
  });

  test('after mprotect and back through several calls, in their order', async () => {
    const args = ['walk', '+0', '--align', '2M', '--size', '8MiB', '--kernel', 'devmap'];
    const { stdout } = await daxstorm([...args, '--after', 'clear_refs_1', 'mprotect_read']);
    // A cleared by the one; RW, and in 6.12.95 also D, taken by the other.
    expect(stdout).toContain('0x8200000100000885  leaf: P US PSE SOFT_DIRTY DEVMAP NX');
    expect(stdout).toContain('kernel bug lostDirty (Linux 6.12, devmap bit; 1 leaf; process 1');
  });
});

describe('help', () => {
  test.each([[], ['compare'], ['storm'], ['replay'], ['walk']])(
    '%s --help has examples',
    async (...command) => {
      const { status, stdout } = await daxstorm([...command.flat(), '--help']);
      expect(status).toBe(0);
      expect(stdout).toContain('Examples:\n');
      expect(stdout).not.toContain('undefined');
    },
  );
});

test('nothing is left half-written where the target cannot be', async () => {
  const file = join(folder, 'none', 'x.json');
  const { status } = await daxstorm(['compare', '--align', '1G', '--time', '30', '--json', file]);
  expect(status).toBe(2);
  expect(existsSync(join(folder, 'none'))).toBe(false);
});
