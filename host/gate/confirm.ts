import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { SEED_MAX } from '../random.ts';
import { PACKAGE_ROOT } from '../root.ts';
import type { Benchmark } from './benchmarks.ts';
import type { CorePair } from './cores.ts';
import { type Duel, type TimeRow, type Timing, timeCores } from './timing.ts';

/** What a fresh process is to time again: plain data, as it crosses a pipe. */
export interface ConfirmJob {
  readonly traceFile: string | undefined;
  readonly duels: readonly { readonly benchmark: string; readonly pair: CorePair }[];
  /** Margin of each operation to judge, by path. */
  readonly margins: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly seed: number;
}

/** Times regressions once more; how they came out, by path. */
export type Confirm = (job: ConfirmJob, signal?: AbortSignal) => Promise<Timing>;

/** Does a job; for the fresh process. */
export function doConfirm(job: ConfirmJob, benchmarks: readonly Benchmark[]): Promise<Timing> {
  const duels = job.duels.map(({ benchmark: name, pair }): Duel => {
    const benchmark = benchmarks.find((each) => each.name === name);
    if (!benchmark) throw new Error(`no scenario ${name}`);
    return { benchmark, pair };
  });
  return timeCores(duels, {
    seconds: job.seconds,
    maxSeconds: job.seconds,
    seed: job.seed,
    marginOf: (path) => job.margins[path] as number,
    chosen: (path) => path in job.margins,
  });
}

/** Does a job in a fresh process: another heap, other compiled code, other host pages. */
export function confirmApart(job: ConfirmJob, signal?: AbortSignal): Promise<Timing> {
  return new Promise((resolve, reject) => {
    const worker = join(PACKAGE_ROOT, 'dist', 'host', 'gate', 'worker.js');
    const child = spawn(process.execPath, [worker], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    // Ctrl-C reaches the child from the terminal; SIGTERM reaches this process alone.
    signal?.addEventListener('abort', () => child.kill(), { once: true });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(text) as Timing);
      else if (signal?.aborted)
        resolve({ rows: [], doublings: 0, seed: job.seed, interrupted: true });
      else reject(new Error(`the confirming process ended with status ${status}`));
    });
    child.stdin.end(JSON.stringify(job));
  });
}

/** A row of the first run, and how its regression came out the second time. */
export interface GateRow extends TimeRow {
  readonly confirmation: TimeRow | undefined;
}

export interface Confirmed {
  readonly rows: readonly GateRow[];
  readonly seed: number | undefined;
  readonly interrupted: boolean;
}

/**
 * Runs what looks like a regression once more in a fresh process under a new seed. Only what fails
 * twice is a regression; else it is inconclusive, and says that it did not come again.
 */
export async function confirmRows(
  { rows, seed, interrupted }: Timing,
  duels: readonly Duel[],
  options: {
    readonly traceFile: string | undefined;
    readonly seconds: number;
    readonly confirm: Confirm;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Confirmed> {
  const suspects = rows.filter(({ verdict }) => verdict === 'regression');
  const plain = rows.map((row): GateRow => ({ ...row, confirmation: undefined }));
  if (suspects.length === 0 || interrupted) return { rows: plain, seed: undefined, interrupted };
  const again = duels.filter(({ benchmark: { name }, pair: { kernel } }) =>
    suspects.some(({ path }) => path.startsWith(`${name}/${kernel}/`)),
  );
  const job: ConfirmJob = {
    traceFile: options.traceFile,
    duels: again.map(({ benchmark: { name }, pair }) => ({ benchmark: name, pair })),
    margins: Object.fromEntries(suspects.map(({ path, margin }) => [path, margin])),
    seconds: options.seconds,
    // Far from the seeds of the first run's looks.
    seed: ((seed + SEED_MAX / 2) % SEED_MAX) | 0,
  };
  const second = await options.confirm(job, options.signal);
  const settled = plain.map((row): GateRow => {
    if (row.verdict !== 'regression') return row;
    const confirmation = second.rows.find(({ path }) => path === row.path);
    const verdict = confirmation?.verdict === 'regression' ? 'regression' : 'inconclusive';
    return { ...row, verdict, confirmation };
  });
  return { rows: settled, seed: job.seed, interrupted: second.interrupted };
}
