// npm run bench: every subject at full size, one kernel after the other: a look at the core's speed.
// What is claimed of the two kernels comes from daxstorm compare, whose blocks are interleaved.
import { Bench } from 'tinybench';
import { COMPARED } from '../host/kernel.ts';
import { fingerprint } from '../host/measure/fingerprint.ts';
import { formatNumber, formatRatio } from '../host/report/numbers.ts';
import { formatTable } from '../host/report/table.ts';
import { ALIGN_NAMES, formatBytes, KIB } from '../host/units.ts';
import { bytesPerTib } from './capacity.ts';
import { FAULT_SUBJECTS } from './fault.ts';
import { GUP_SUBJECTS } from './gup.ts';
import { type BenchSize, makeSide, SEED, type Subject } from './subject.ts';
import { ZAP_SUBJECTS } from './zap.ts';

export const SUBJECTS: readonly Subject[] = [...FAULT_SUBJECTS, ...GUP_SUBJECTS, ...ZAP_SUBJECTS];

/** Times one subject; the row of its table. */
export async function runSubject(
  subject: Subject,
  size: BenchSize,
  iterations: number,
): Promise<readonly string[]> {
  // Rounds time themselves inside the core; tinybench collects and summarises.
  const bench = new Bench({ iterations, time: 0, warmupIterations: 2, warmupTime: 0 });
  const sides = COMPARED.map((kernel) => makeSide(subject, kernel, size));
  for (const side of sides) {
    bench.add(side.kernel, () => ({ overriddenDuration: side.round() / 1e6 }));
  }
  await bench.run();
  const ns = bench.tasks.map(({ result }) =>
    'latency' in result ? result.latency.p50 * 1e6 : Number.NaN,
  );
  const [devmap = Number.NaN, refcount = Number.NaN] = ns;
  const hashes = sides.map((side) => side.stateHash());
  return [
    subject.name,
    formatNumber(devmap),
    formatNumber(refcount),
    formatRatio(refcount / devmap),
    ...hashes,
  ];
}

export async function main(): Promise<void> {
  const rows: (readonly string[])[] = [];
  for (const subject of SUBJECTS) rows.push(await runSubject(subject, 'full', 30));
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'subject', align: 'left' as const },
    right('devmap ns'),
    right('refcount ns'),
    right('ratio'),
    right('devmap state'),
    right('refcount state'),
  ];
  const { cpu, node } = fingerprint();
  const perTib = ALIGN_NAMES.map((align) => `${align} ${formatBytes(bytesPerTib(align))}`);
  const peak = formatBytes(process.resourceUsage().maxRSS * KIB);
  process.stdout.write(
    `${formatTable(columns, rows)}\n` +
      `memory a TiB, mapped, line records: ${perTib.join(', ')}\n` +
      `${cpu}, Node ${node}; seed ${SEED}; most memory this process had ${peak}\n`,
  );
}
