// Tables of exact event counts: one test a cell, named by table, row and column.
import { describe, expect, test } from 'vitest';
import type { KernelId } from '../../host/kernel.ts';
import type { AlignName } from '../../host/units.ts';
import { type EventName, type Events, pageRmws } from '../../host/wasm/machine.ts';
import { Bench } from './bench.ts';

export type Cells = Readonly<Partial<Record<EventName | 'pageRmws', number>>>;
export type Row = readonly [row: string, kernel: KernelId, align: AlignName, cells: Cells];

/** One test a cell: `run` does the operation once and answers its events. */
export function table(
  name: string,
  rows: readonly Row[],
  run: (bench: Bench, row: Row) => Events,
): void {
  describe(name, () => {
    for (const row of rows) {
      const [title, kernel, align, cells] = row;
      const bench = new Bench({ kernel, align });
      const events = run(bench, row);
      for (const [cell, expected] of Object.entries(cells)) {
        test(`${title}: ${cell} = ${expected}`, () => {
          const seen = cell === 'pageRmws' ? pageRmws(events) : events[cell as EventName];
          expect(seen).toBe(expected);
        });
      }
    }
  });
}

export const NO_RMW: Cells = { pageRmws: 0 };
export const NO_PGMAP: Cells = { pgmapGet: 0, pgmapPut: 0 };
