// npm run gate:proof [-- --runs 20] [--time 20] [--seed 1]: the gate's promises, with a real clock. On a
// machine that is doing something else this says so rather than pass.
//   1. one refcount atomic more a fault: exact counts see it, in one run;
//   2. a fault that spins and takes 10 % longer: paired timing sees it, twice;
//   3. the same core against itself, again and again: at most 1 of 20 runs not green, none red;
//   4. beside a process that keeps every processor busy in bursts: not red.
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, WASM_DIR } from '../../build/sources.mjs';
import { countOption, seedOption, timeOption } from '../../dist/host/cli/options.js';
import { makeTool, runTool } from '../../dist/host/cli/tool.js';
import { buildMutant, EXTRA_REFCOUNT, slowFault } from './mutants.mjs';

const folder = mkdtempSync(join(tmpdir(), 'daxstorm-proof-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

/** @typedef {{ path: string, verdict: string, ratio: { value: number, low: number, high: number } }} Row */
/** @typedef {{ runs: number, time: number, seed: number }} Flags */
/** @typedef {{ status: number, verdict: string, rows: readonly Row[], text: string }} Outcome */

/**
 * One gate in a process of its own.
 * @param {readonly string[]} args
 * @returns {Promise<Outcome>}
 */
function gate(args) {
  const main = join(ROOT, 'dist', 'host', 'cli', 'main.js');
  const all = [main, 'gate', '--baseline', join(ROOT, 'data', 'baselines', 'standard.json')];
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...all, '--json', '-', ...args],
      { maxBuffer: 2 ** 28 },
      (error, stdout, stderr) => {
        const status = error ? Number(error.code) : 0;
        const result = stdout === '' ? {} : JSON.parse(stdout);
        const rows = result.timing?.rows ?? [];
        resolve({ status, verdict: result.verdict ?? 'none', rows, text: stderr.trim() });
      },
    );
  });
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {number} ratio */
function percent(ratio) {
  return `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
}

/** @param {Row} row */
function sayRow({ path, verdict, ratio: { value, low, high } }) {
  return `${path} ${percent(value)} [${percent(low)}, ${percent(high)}] ${verdict}`;
}

let failed = 0;
/**
 * @param {string} promise
 * @param {boolean} kept
 * @param {string} seen
 */
function settle(promise, kept, seen) {
  if (!kept) failed += 1;
  say(`${kept ? 'kept  ' : 'BROKEN'}  ${promise}: ${seen}`);
}

/** @param {string} name */
function makeFolder(name) {
  const made = join(folder, name);
  mkdirSync(made);
  return made;
}

async function proveCounts() {
  const counted = (/** @type {{ count: number }} */ { count }) => count === 1;
  const wasm = await buildMutant(EXTRA_REFCOUNT, makeFolder('extra'), counted);
  const { status, text } = await gate(['--head', wasm, '--counts-only']);
  settle('one refcount atomic more a fault: caught by counts in one run', status === 3, text);
}

const SPINS_MAX = 64;
/** The operation that is made slower, the steadiest there is. */
const SLOWED = '2M sequential/refcount/fault';

/** A fault that spins just long enough for 10 %, as this machine has it. */
async function findSlowFault() {
  for (let spins = 1; spins <= SPINS_MAX; spins = Math.ceil(spins * 1.15)) {
    const timed = (/** @type {{ name: string }} */ { name }) => name === 'refcount-timed-line';
    const wasm = await buildMutant(slowFault(spins), makeFolder(`slow-${spins}`), timed);
    const args = ['--filter', SLOWED, '--time', '3', '--max-time', '4.6'];
    const { rows } = await gate(['--base', WASM_DIR, '--head', wasm, ...args]);
    const ratio = rows[0]?.ratio.value ?? 0;
    say(`        a fault that spins ${spins} rounds: ${percent(ratio)} on ${SLOWED}`);
    if (ratio >= 1.1) return wasm;
  }
  return undefined;
}

/** @param {Flags} flags */
function timesOf({ time }) {
  return ['--time', String(time), '--max-time', String(time * 3)];
}

/** @param {Flags} flags */
async function proveTiming(flags) {
  const promise = 'a fault 10 % slower: caught by paired timing, and confirmed';
  const wasm = await findSlowFault();
  if (wasm === undefined) {
    settle(promise, false, `${SPINS_MAX} rounds of spinning are not 10 % on this machine`);
    return;
  }
  const cores = ['--base', WASM_DIR, '--head', wasm, '--seed', String(flags.seed)];
  const { status, rows, text } = await gate([...cores, ...timesOf(flags), '--filter', 'fault']);
  for (const row of rows) say(`        ${sayRow(row)}`);
  settle(promise, status === 3, text);
}

/** The same core from another file, so compiled apart: as a revision's is. */
const COPY = join(folder, 'copy');
cpSync(WASM_DIR, COPY, { recursive: true });

/** @param {Flags} flags */
async function proveSelf(flags) {
  const { runs } = flags;
  let notGreen = 0;
  let red = 0;
  for (let run = 0; run < runs; run++) {
    const seed = String(flags.seed + 1000 * (run + 1));
    const { verdict, rows } = await gate(['--base', COPY, '--seed', seed, ...timesOf(flags)]);
    const odd = rows.filter((row) => row.verdict !== 'ok' && row.verdict !== 'improved');
    if (verdict === 'regression') red += 1;
    if (verdict !== 'ok') notGreen += 1;
    say(
      `        run ${run + 1}, seed ${seed}: ${verdict}${odd.map((row) => `\n          ${sayRow(row)}`).join('')}`,
    );
  }
  settle(
    `the same core ${runs} times: at most ${Math.ceil(runs / 20)} not green, none red`,
    red === 0 && notGreen <= Math.ceil(runs / 20),
    `${notGreen} not green, ${red} red`,
  );
}

/** Bursts of work on every processor, from a tenth of a second to a whole one. */
const BUSY = `
for (;;) {
  const until = performance.now() + 100 + 900 * Math.random();
  while (performance.now() < until);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 900 * Math.random());
}`;

/** @param {Flags} flags */
async function proveNoise(flags) {
  const busy = Array.from({ length: 2 * availableParallelism() }, () =>
    spawn(process.execPath, ['--eval', BUSY], { stdio: 'ignore' }),
  );
  const end = () => {
    for (const child of busy) child.kill('SIGKILL');
  };
  process.on('exit', end);
  const { status, verdict, text } = await gate(['--base', COPY, ...timesOf(flags)]);
  end();
  settle('a busy machine: not red', status === 0 && verdict !== 'regression', text || verdict);
}

/** @param {Flags} flags */
async function prove(flags) {
  await proveCounts();
  await proveTiming(flags);
  await proveSelf(flags);
  await proveNoise(flags);
  process.exitCode = failed === 0 ? 0 : 1;
}

await runTool(
  makeTool('gate:proof')
    .addOption(countOption('runs', 'runs of the same core', 1000).default(20))
    .addOption(timeOption(20))
    .addOption(seedOption())
    .action(prove),
);
