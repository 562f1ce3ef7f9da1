// What daxstorm plan prints for hosts of several kinds.
import { expect, test } from 'vitest';
import { printedPlan } from './inProcess.ts';

function printed(args: string): Promise<string> {
  return printedPlan(args.split(' '));
}

/** The longest line of a text, in columns. */
function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => [...line].length));
}

test('no labels: a region is one namespace, reconfigured in place; a GiB has no 1G units', async () => {
  const text = await printed('--size 1GiB --start 4GiB --no-labels');
  expect(text).toContain(
    'ndctl create-namespace --force --reconfig=namespace0.0 --mode=devdax --align=2M --map=mem',
  );
  expect(text).toContain('1G mem: a namespace of 1 GiB leaves no whole 1G unit');
  // The namespace of that size and place that a kernel was seen to make: 1,071,644,672 bytes.
  expect(text).toMatch(/2M +mem +1022 MiB +2 MiB +4 MiB +0 /);
});

test('tenants: a device each by one line of the shell', async () => {
  const text = await printed('--size 1TiB --tenants 8 --processes 16 --align 1G --kernel 7.3');
  expect(text).toMatch(/a device per tenant +1016 GiB +8 GiB +127 GiB/);
  expect(text).toContain('for i in $(seq 8); do ndctl create-namespace --region=region0 ');
});

test('64 KiB pages: memory alone', async () => {
  const text = await printed('--size 1TiB --base-page 64k');
  expect(text).toMatch(/1G +mem +1023 GiB +1 GiB +128 MiB +0 +—/);
  expect(text).toContain('nothing was recorded of powerpc');
});

test('three kernels are a table a unit; what nobody recorded is a dash', async () => {
  const text = await printed('--size 1TiB --kernel 6.12,6.16,refcount');
  expect(text.match(/one process, all it maps/g)).toHaveLength(3);
  expect(text).toMatch(/pin all for a VM, VFIO +\S+ s +— +\S+ s/);
  expect(widest(text)).toBeLessThanOrEqual(120);
});

test('another host, and several changes at once', async () => {
  expect(await printed('optane-2s --align 2M --what-if optane-4s')).toMatch(
    /usable +6 TiB +12 TiB +\+6 TiB/,
  );
  const text = await printed('optane-2s --align 2M --what-if align=1G,processes=64');
  expect(text).toContain('after:  Linux 7.3, 1G units');
  expect(text).toMatch(/page tables, all +24\.047 MiB +3 MiB +−21\.047 MiB/);
});

test('no change', async () => {
  expect(await printed('optane-2s --align 2M --what-if processes=1')).toContain('nothing changes');
});
