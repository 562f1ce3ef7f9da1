// The fresh process of confirm.ts: a job on stdin, its timing on stdout.
import { text } from 'node:stream/consumers';
import { readBenchmarks } from './benchmarks.ts';
import { type ConfirmJob, doConfirm } from './confirm.ts';

const job = JSON.parse(await text(process.stdin)) as ConfirmJob;
const benchmarks = await readBenchmarks(job.traceFile, () => {});
process.stdout.write(JSON.stringify(await doConfirm(job, benchmarks)));
