// compare() on packed records: what it counts is what it counts on the kernel's own struct pages, but for
// cache lines, which are each format's own.
import { expect, test } from 'vitest';
import { type Comparison, compare, type KernelCount, MIB, type Storm } from '../../host/index.ts';
import { ALL } from '../all.ts';

const STORM: Storm = { align: '2M', sizeBytes: 64 * MIB, pattern: 'uniform', seed: 7 };

function exact({ rows }: Comparison) {
  const withoutLines = ({ events, ...rest }: KernelCount) => {
    const { lineTouched, lineDirtied, ...others } = events;
    return { ...rest, events: others };
  };
  return rows.map(({ phase, recorded, counted: { devmap, refcount } }) => {
    return { phase, recorded, devmap: withoutLines(devmap), refcount: withoutLines(refcount) };
  });
}

test.runIf(ALL)('counts and recordings are the same in both formats', async () => {
  const line = await compare(STORM, { seconds: 0 });
  const packed = await compare(STORM, { seconds: 0, records: 'packed' });
  expect(packed.device.records).toBe('packed');
  expect(exact(packed)).toEqual(exact(line));
  expect(exact(packed).map(({ refcount }) => refcount.rmws)).toEqual([128, 96, 64, 192]);
});

test('a format there is none of', async () => {
  const records = 'tiny' as 'packed';
  await expect(compare(STORM, { records })).rejects.toMatchObject({ code: 'E_STORM' });
});
