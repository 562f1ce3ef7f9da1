// Exact event counts against semantics 11.1 and 11.7, in the columns that DETAIL=pages covers.
import { type Cells, NO_PGMAP, NO_RMW, table } from './eventTable.ts';

const SMALL: Cells = { pageRmws: 2, rmwRefcount: 1, rmwMapcount: 1 };
const LARGE: Cells = {
  pageRmws: 4,
  rmwRefcount: 1,
  rmwEntireMapcount: 1,
  rmwNrPagesMapped: 1,
  rmwMmIds: 1,
};

table(
  '11.1 first fault, tables present',
  [
    ['A 4K', 'devmap', '4K', { ptRead: 8, ptWrite: 1, ...NO_RMW, lineTouched: 1, ...NO_PGMAP }],
    ['B 4K', 'refcount', '4K', { ptRead: 8, ptWrite: 1, ...SMALL, lineTouched: 1, ...NO_PGMAP }],
    ['A 2M', 'devmap', '2M', { ptRead: 3, ptWrite: 1, ...NO_RMW, lineTouched: 1, ...NO_PGMAP }],
    ['B 2M', 'refcount', '2M', { ptRead: 3, ptWrite: 1, ...LARGE, lineTouched: 2, ...NO_PGMAP }],
    ['A 1G', 'devmap', '1G', { ptRead: 2, ptWrite: 1, ...NO_RMW, lineTouched: 1, ...NO_PGMAP }],
    ['B 1G', 'refcount', '1G', { ptRead: 2, ptWrite: 1, ...LARGE, lineTouched: 2, ...NO_PGMAP }],
    // 6.15 marks the leaf SPECIAL; what it counts is the same.
    ['6.15 4K', 'refcount-6.15', '4K', { ptRead: 8, ptWrite: 1, ...SMALL, lineTouched: 1 }],
    ['6.15 2M', 'refcount-6.15', '2M', { ptRead: 3, ptWrite: 1, ...LARGE, lineTouched: 2 }],
    ['6.15 1G', 'refcount-6.15', '1G', { ptRead: 2, ptWrite: 1, ...LARGE, lineTouched: 2 }],
  ],
  (bench) => {
    // A neighbour in the same table brings the tables in.
    bench.fault(bench.unitPages, true);
    return bench.during(() => bench.fault(0, true));
  },
);

table(
  '11.1 first fault, 4K, where tables are missing',
  [
    // One PTE table in the end, two allocated (5.6); SRCU sections as huge_fault calls.
    ['A new PTE table', 'devmap', '4K', { ptWrite: 2, tableAlloc: 2, tableFree: 1, hugeFault: 3 }],
    [
      'B new PTE table',
      'refcount',
      '4K',
      { ptWrite: 2, tableAlloc: 2, tableFree: 1, hugeFault: 3 },
    ],
  ],
  (bench) => {
    bench.fault(0, true);
    return bench.during(() => bench.fault(1024, true));
  },
);

table(
  '11.1 huge_fault calls (one SRCU section each)',
  [
    ['A 4K, PUD entry none', 'devmap', '4K', { hugeFault: 4, hugeFaultFallback: 3, faultRetry: 1 }],
    [
      'B 4K, PUD entry none',
      'refcount',
      '4K',
      { hugeFault: 4, hugeFaultFallback: 3, faultRetry: 1 },
    ],
    ['A 2M, PUD entry none', 'devmap', '2M', { hugeFault: 2, hugeFaultFallback: 1, faultRetry: 0 }],
    [
      'B 2M, PUD entry none',
      'refcount',
      '2M',
      { hugeFault: 2, hugeFaultFallback: 1, faultRetry: 0 },
    ],
    ['A 1G, PUD entry none', 'devmap', '1G', { hugeFault: 1, hugeFaultFallback: 0, faultRetry: 0 }],
    [
      'B 1G, PUD entry none',
      'refcount',
      '1G',
      { hugeFault: 1, hugeFaultFallback: 0, faultRetry: 0 },
    ],
  ],
  (bench) => bench.during(() => bench.fault(0, true)),
);

table(
  '11.1 huge_fault calls, PTE table present',
  [
    ['A 4K', 'devmap', '4K', { hugeFault: 1 }],
    ['B 4K', 'refcount', '4K', { hugeFault: 1 }],
  ],
  (bench) => {
    bench.fault(1, true);
    return bench.during(() => bench.fault(0, true));
  },
);

table(
  '11.1 second mapper in another mm',
  [
    ['A 4K', 'devmap', '4K', NO_RMW],
    ['A 2M', 'devmap', '2M', NO_RMW],
    ['A 1G', 'devmap', '1G', NO_RMW],
    ['B 4K', 'refcount', '4K', SMALL],
    ['B 2M', 'refcount', '2M', { ...LARGE, pageRmws: 3, rmwNrPagesMapped: 0 }],
    ['B 1G', 'refcount', '1G', { ...LARGE, pageRmws: 3, rmwNrPagesMapped: 0 }],
  ],
  (bench) => {
    bench.fault(0, true);
    const vma = bench.map(bench.system.createProcess());
    return bench.during(() => bench.fault(0, true, vma));
  },
);

table(
  '11.7 repeated fault on a present leaf',
  [
    ['A 4K', 'devmap', '4K', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['B 4K', 'refcount', '4K', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['A 2M', 'devmap', '2M', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['B 2M', 'refcount', '2M', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['A 1G', 'devmap', '1G', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
    ['B 1G', 'refcount', '1G', { ...NO_RMW, faultSpurious: 1, leafSet: 0 }],
  ],
  (bench) => {
    bench.fault(0, true);
    return bench.during(() => bench.fault(0, true));
  },
);
