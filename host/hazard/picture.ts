import { DAMAGES, type Damage, type DamagedRange } from './guard.ts';

/** The pages of a leaf as cells of equally many pages, each as bad as the worst page in it. */
export interface PageGrid {
  readonly pagesPerCell: number;
  readonly cells: readonly Damage[];
}

const CELLS = 512;

function worse(a: Damage, b: Damage): Damage {
  return DAMAGES.indexOf(a) < DAMAGES.indexOf(b) ? a : b;
}

/** What became of a leaf's pages, small enough to draw. */
export function pageGrid(ranges: readonly DamagedRange[], unitPages: number): PageGrid {
  const pagesPerCell = Math.ceil(unitPages / CELLS);
  const cells = Array.from({ length: Math.ceil(unitPages / pagesPerCell) }, (): Damage => 'none');
  for (const { first, last, damage } of ranges) {
    const end = Math.min(Math.floor(last / pagesPerCell), cells.length - 1);
    for (let cell = Math.floor(first / pagesPerCell); cell <= end; cell++) {
      cells[cell] = worse(damage, cells[cell] as Damage);
    }
  }
  return { pagesPerCell, cells };
}
