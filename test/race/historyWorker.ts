// One thread of short histories: history.ts starts it.
import { parentPort, workerData } from 'node:worker_threads';
import type { CrewStart } from '../../host/storm/crew.ts';
import { EVENTS, LEDGER, LEDGER_BLOCK_BYTES } from '../../host/wasm/abi.ts';
import type { CoreExports } from '../../host/wasm/core.ts';
import { Member } from '../../host/wasm/member.ts';
import type { HistoryJob, HistoryOp } from './history.ts';

const { memory, thread } = workerData as CrewStart;
const member = new Member(memory, thread);
const ledger = new DataView(memory.buffer, LEDGER + thread * LEDGER_BLOCK_BYTES);

/** What the core did, by this thread's own counts. */
function leaves(event: 'leafSet' | 'leafClear'): number {
  return Number(ledger.getBigUint64(EVENTS[event] * 8, true));
}

/** One operation on a unit; answers pages got, or leaves set or cleared. */
function call(core: CoreExports, op: HistoryOp, job: HistoryJob, unit: number): number {
  const va = job.start + BigInt(unit * job.unitPages) * 4096n;
  const end = va + BigInt(job.unitPages) * 4096n;
  if (op === 'get') return core.gupFast(job.vma, va, 1, 0);
  if (op === 'put') {
    core.putPages(unit * job.unitPages, 1);
    return 1;
  }
  const event = op === 'fault' ? 'leafSet' : 'leafClear';
  const before = leaves(event);
  if (op === 'fault') core.handleFault(job.vma, va, 1);
  else core.dontneed(job.vma, va, end);
  return leaves(event) - before;
}

function work(job: HistoryJob): Int32Array {
  const core = member.core(job.core);
  const found: number[] = [];
  for (const { unit, ops } of job.histories) {
    member.meet(job.members);
    for (const op of ops) {
      const begin = member.tick();
      const result = call(core, op, job, unit);
      found.push(begin, member.tick(), result);
    }
  }
  member.meet(job.members);
  core.detach();
  return Int32Array.from(found);
}

parentPort?.on('message', (job: HistoryJob) => parentPort?.postMessage(work(job)));
