// One thread of a crew: crew.ts starts it and tells it what to run.
import { parentPort, workerData } from 'node:worker_threads';
import { runnerOf } from '../wasm/core.ts';
import { Member } from '../wasm/member.ts';
import { nowNs } from '../wasm/platform.ts';
import type { CrewJob, CrewReply, CrewStart } from './crew.ts';

const { memory, thread } = workerData as CrewStart;
const member = new Member(memory, thread);

function work({ core: sent, overlap, members, parts, rounds, pages }: CrewJob): CrewReply {
  const core = member.core(sent);
  const run = runnerOf(core, overlap);
  const spans = new Float64Array(2 * rounds * parts.length);
  let failed = 0;
  let at = 0;
  for (let round = 0; round < rounds; round++) {
    for (const { first, ops } of parts) {
      member.start(members);
      spans[at++] = Number(nowNs());
      failed += run(first, ops);
      spans[at++] = Number(nowNs());
    }
    member.meet(members);
    // The others wait for it at the next meeting.
    if (thread === 0 && pages > 0) core.resetPages(0, pages);
  }
  core.detach();
  return { spans, failed };
}

parentPort?.on('message', (job: CrewJob) => parentPort?.postMessage(work(job)));
