// A full mmu_gather batch lets go of the PTE lock in the middle of a table (7.1, 7.3): what another
// thread maps there meanwhile must not be freed with the table.
import { expect, test } from 'vitest';
import { Crew, sentCore } from '../../host/storm/crew.ts';
import { Stage } from '../../host/storm/stage.ts';
import { bankShape, dynamicDevice } from '../../host/syscall/device.ts';
import { System } from '../../host/syscall/system.ts';
import { MIB } from '../../host/units.ts';
import { Banks } from '../../host/wasm/banks.ts';
import { OpStream } from '../../host/wasm/ops.ts';

/** More clean pages than a batch takes. */
const PAGES = 16_384;
const BATCH = 9678;
const TIMES = 16;
const TOUCHES = 1_000_000;

test('refcount: a table that is filled again while the batch is let go of stays', async () => {
  const device = dynamicDevice('4K', (PAGES / 256) * MIB, 'mem');
  const banks = new Banks({ ...bankShape(device, 1, true), threads: 2 });
  const bank = banks.first;
  const system = new System({ kernel: 'refcount', kind: 'counted', device, banks });
  new Stage(system).boot();
  const { machine } = system;
  machine.setThreads(2);
  const zaps = new OpStream();
  for (let i = 0; i < TIMES; i++) {
    zaps.push('touchRead', 0, 0, PAGES);
    zaps.push('dontneed', 0, 0, PAGES);
  }
  const touches = new OpStream();
  // The pages before the one that fills the batch: most of them in its table.
  for (let i = 0; i < TOUCHES; i++) touches.push('touchRead', 0, BATCH - 1 - ((i * 7) % 400));
  const crew = new Crew(bank, 2);
  try {
    const core = sentCore('refcount-counted');
    const jobs = [zaps, touches].map((stream, thread) => {
      machine.load(stream, 0, stream.length, thread);
      const parts = [{ first: 0, ops: stream.length }];
      return { core, overlap: 'natural' as const, members: 2, parts, rounds: 1, pages: 0 };
    });
    const replies = await crew.run(jobs);
    expect(replies.map(({ failed }) => failed)).toEqual([0, 0]);
  } finally {
    await crew.dismiss();
  }
  expect(machine.violation()).toBeUndefined();
  const leaves = machine.event('leafSet') - machine.event('leafClear');
  expect([...system.processes].map(({ mm }) => machine.filePages(mm))).toEqual([leaves]);
});
