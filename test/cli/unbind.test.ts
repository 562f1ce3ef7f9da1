// daxstorm unbind, spawned, and several ranges in the commands that take them.
import { describe, expect, test } from 'vitest';
import { daxstorm } from './spawn.ts';

interface UnbindJson {
  readonly kind: string;
  readonly ranges: number;
  readonly stories: readonly {
    readonly kernel: string;
    readonly before: { readonly refcount: number; readonly leaves: number };
    readonly unbind: {
      readonly pins: number;
      readonly gets: number;
      readonly leaves: number;
      readonly holders: readonly { readonly process: number; readonly pages: number }[];
    };
    readonly after: { readonly touch: string; readonly mmap: string };
    readonly rebound: { readonly refcount: number };
    readonly bugs: readonly { readonly code: string; readonly address: string }[];
  }[];
}

async function run(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await daxstorm(args);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('unbind', () => {
  test('both kernels: what goes, who held what, what giving it back late does', async () => {
    const stdout = await run('unbind');
    for (const line of [
      /leaves mapped +16 +16\n/,
      /first unit: _refcount +513 +515\n/,
      /RssFile of process 1 +0 B +16 MiB\n/,
      /4K pages still pinned +512 +512\n/,
      /a touch +SIGBUS +SIGBUS\n/,
      /mmap, old descriptor +ENXIO +ENXIO\n/,
      /first unit: _refcount +1 +1\n/,
      /process 1: 512 pages pinned, device pages 0 to 511, unit 0\n/,
      /process 2: 1 page referenced, device page 4095, unit 7\n/,
      /use-after-free: unpin of 512 pages after unbind .*0xffffea0004000008/,
    ]) {
      expect(stdout).toMatch(line);
    }
  });

  test('nothing pinned, nothing held', async () => {
    const stdout = await run('unbind', '--align', '4K', '--pin-pages', '0');
    expect(stdout).toContain('nothing was held');
    expect(stdout).not.toContain('use-after-free');
  });

  test('JSON: 1G units in two ranges, one kernel', async () => {
    const args = ['--align', '1G', '--ranges', '2', '--kernel', 'refcount', '--json'];
    const json = JSON.parse(await run('unbind', ...args, '--pin-pages', '4096')) as UnbindJson;
    expect([json.kind, json.ranges, json.stories.length]).toEqual(['unbind', 2, 1]);
    const [story] = json.stories;
    expect(story?.before).toMatchObject({ refcount: 1 + 2 + 4096, leaves: 16 });
    expect(story?.unbind).toMatchObject({ pins: 4096, gets: 1, leaves: 16 });
    expect(story?.after).toMatchObject({ touch: 'SIGBUS', mmap: 'ENXIO' });
    expect(story?.rebound.refcount).toBe(1);
    expect(story?.bugs.map(({ code }) => code)).toEqual(['useAfterFree', 'useAfterFree']);
    // The last page lies beyond the gap between the ranges.
    expect(story?.bugs[1]?.address).toMatch(/^0xffffea0/);
  });
});

describe('several ranges', () => {
  test('storm: the devmap kernel takes the pgmap once a page in the second range', async () => {
    const size = ['--align', '2M', '--size', '8MiB', '--time', '0.05'];
    const pgmap = async (...more: string[]): Promise<string | undefined> => {
      const stdout = await run('storm', ...size, '--kernel', 'devmap', ...more);
      return /pgmap references +\d+ +([\d,]+)/.exec(stdout)?.[1];
    };
    // Four pins of a 2M unit each: one reference a unit; for two of them, one a page.
    expect(await pgmap()).toBe('4');
    expect(await pgmap('--ranges', '2')).toBe('1,026');
  });

  test('walk: the physical address lies in the second range', async () => {
    const args = ['walk', '+6MiB', '--align', '2M', '--size', '8MiB', '--kernel', 'refcount'];
    const phys = (stdout: string) => /physical address (0x\w+)/.exec(stdout)?.[1];
    expect(phys(await run(...args))).toBe('0x100600000');
    expect(phys(await run(...args, '--ranges', '2'))).toBe('0x500600000');
    expect(await run(...args, '--ranges', '2')).toContain('device page 1536 (head');
  });
});
