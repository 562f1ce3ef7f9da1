// The crew itself: the arena's magazines, what a trap in a thread does, what is refused.
import { expect, test } from 'vitest';
import { Crew, sentCore } from '../../host/storm/crew.ts';
import { bankShape, dynamicDevice } from '../../host/syscall/device.ts';
import { MIB } from '../../host/units.ts';
import { Bank } from '../../host/wasm/bank.ts';
import { type Machine, OneBank } from '../../host/wasm/machine.ts';

function twoThreads() {
  const device = dynamicDevice('4K', 8 * MIB, 'mem');
  const bank = new Bank({ ...bankShape(device, 1, false), threads: 2 });
  const [first, second] = [0, 1].map(() => new OneBank('refcount', 'timed', bank));
  if (!first || !second) throw new Error('two machines');
  first.boot();
  second.core.attach(1);
  first.setThreads(2);
  return { bank, first, second };
}

/** Every table that can be had. */
function drain({ core }: Machine): readonly number[] {
  const tables: number[] = [];
  for (let table = core.allocTable(); table; table = core.allocTable()) tables.push(table);
  return tables;
}

test('out of tables only after the pool and the other threads have none', () => {
  const { first, second } = twoThreads();
  const tables = drain(first);
  expect(second.core.allocTable()).toBe(0);
  // Few enough to stay in the first thread's magazine.
  for (const table of tables.slice(0, 10)) first.core.freeTable(table);
  expect(drain(second)).toHaveLength(10);
  // So many that most go to the pool.
  for (const table of tables) first.core.freeTable(table);
  expect(new Set(drain(second)).size).toBe(tables.length);
});

test('a thread that is done leaves its free tables to everybody', () => {
  const { first, second } = twoThreads();
  const tables = drain(second);
  for (const table of tables.slice(0, 10)) second.core.freeTable(table);
  second.core.detach();
  first.setThreads(1);
  expect(drain(first)).toHaveLength(10);
  expect(first.liveTables()).toBe(tables.length);
});

test('a trap in one thread ends all, with one line that says so', async () => {
  const { bank } = twoThreads();
  const crew = new Crew(bank, 2);
  const core = sentCore('refcount-timed-line');
  // Operations that begin behind the bank's end: the first thread traps, the second waits for it.
  const job = { core, overlap: 'natural', members: 2, rounds: 2, pages: 0 } as const;
  const parts = [{ first: 2 ** 28, ops: 2 ** 27 }];
  await expect(
    crew.run([
      { ...job, parts },
      { ...job, parts: [{ first: 0, ops: 0 }] },
    ]),
  ).rejects.toThrow(/^thread 1 of 2 died: memory access out of bounds$/);
  await expect(crew.run([])).rejects.toThrow('thread 1 of 2 died');
  await crew.dismiss();
});
