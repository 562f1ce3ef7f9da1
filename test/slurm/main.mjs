// npm run test:slurm: the standard sweep on a real Slurm, one node on loopback, with the script of
// docs/sweeps: eight shards as an array job, one killed in the middle and run again alone, all merged
// and held to the sweep in one piece.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../build/sources.mjs';
import { Cluster, missingPrograms } from './cluster.mjs';

const SCRIPT = join(ROOT, 'docs', 'sweeps', 'slurm.sbatch');
const MAIN = join(ROOT, 'dist', 'host', 'cli', 'main.js');
const SHARDS = 8;
/** The shard that is killed. */
const KILLED = 3;
const OUT = 'sweep-results';

const missing = missingPrograms();
if (missing.length > 0) {
  process.stdout.write(
    `skipped: this machine has no ${missing.join(', ')}; apt-get install slurm-wlm munge, then npm run test:slurm\n`,
  );
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'daxstorm-slurm-'));
const bin = join(folder, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'daxstorm'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
chmodSync(join(bin, 'daxstorm'), 0o755);
const cluster = new Cluster(folder, {});
cluster.environment['PATH'] = [bin, cluster.environment['PATH']].join(delimiter);

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {readonly string[]} args */
function daxstorm(args) {
  const { status, stdout, stderr } = spawnSync('daxstorm', args, {
    cwd: folder,
    env: cluster.environment,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return { status, stdout, stderr };
}

/**
 * Runs a command that must succeed, and shows it.
 *
 * @param {readonly string[]} args
 */
function must(args) {
  const { status, stdout, stderr } = daxstorm(args);
  assert.equal(status, 0, stderr);
  say(`$ daxstorm ${args.join(' ')}\n${stdout.trimEnd()}`);
  return stdout;
}

/**
 * Runs a merge that must be refused with this code and all of these ids, and shows it.
 *
 * @param {readonly string[]} args
 * @param {string} code
 * @param {readonly string[]} ids
 */
function mustRefuse(args, code, ids) {
  const { status, stdout, stderr } = daxstorm(args);
  assert.deepEqual([status, stdout], [2, '']);
  assert.match(stderr, new RegExp(`\\[${code}\\]\\n$`));
  const named = [...stderr.matchAll(/\b[0-9a-f]{12}\b/g)].map(([id]) => id);
  assert.deepEqual(named.toSorted(), [...ids].toSorted());
  say(`$ daxstorm ${args.join(' ')}\n${stderr.trimEnd()}    (status 2)`);
}

/** Ids of the shard that is killed. */
function idsOfShard() {
  const args = ['sweep', 'standard', '--shard', `${KILLED}/${SHARDS}`, '--list'];
  const { stdout } = daxstorm(args);
  return [...stdout.matchAll(/^[0-9a-f]{12}/gm)].map(([id]) => id);
}

/** @param {string} id */
const fileOf = (id) => join(folder, OUT, `${id}.json`);

/** @param {readonly string[]} args */
function submit(args) {
  const job = cluster.run('sbatch', ['--parsable', ...args, SCRIPT]);
  say(`$ sbatch ${[...args, 'docs/sweeps/slurm.sbatch'].join(' ')}\njob ${job}`);
  return job;
}

/** @param {string} job */
async function finished(job) {
  while (cluster.run('squeue', ['-h', '-j', job]) !== '') await sleep(200);
}

/** @param {string} task */
function stateOf(task) {
  return /JobState=(\S+)/.exec(cluster.run('scontrol', ['show', 'job', task]));
}

/** A merged sweep without when, where and by which command it was merged, as text. */
function counts(/** @type {string} */ file) {
  const { made, command, machine, ...rest } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  assert.ok(made && command && machine);
  return JSON.stringify(rest);
}

async function prove() {
  say(`Slurm ${cluster.run('sbatch', ['--version']).replace(/^\D*/, '')}, one node on loopback`);
  must(['sweep', 'standard', '--counts-only', '--out', 'whole']);
  must(['merge', 'whole', '--json', 'whole.json']);

  const ids = idsOfShard();
  const job = submit([]);
  /** @returns {string[]} */
  const done = () => ids.filter((id) => existsSync(fileOf(id)));
  while (done().length < 3) await sleep(20);
  cluster.run('scancel', [`${job}_${KILLED}`]);
  say(`$ scancel ${job}_${KILLED}`);
  await finished(job);
  const kept = done();
  const lost = ids.filter((id) => !kept.includes(id));
  const [, state] = stateOf(`${job}_${KILLED}`) ?? [];
  say(`task ${KILLED}: ${state}; ${kept.length} of ${ids.length} scenarios are there`);
  assert.ok(lost.length > 0, 'the shard was done before it could be killed');
  must(['sweep', 'standard', '--out', OUT, '--status']);
  mustRefuse(['merge', OUT], 'E_SWEEP_MISSING', lost);

  const before = kept.map((id) => statSync(fileOf(id)).ino);
  await finished(submit([`--array=${KILLED}`]));
  const log = readFileSync(join(folder, `daxstorm-sweep-${KILLED}.log`), 'utf8');
  say(log.trimEnd());
  assert.match(log, new RegExp(`${ids.length} done, 0 failed, 0 left; ran ${lost.length} now`));
  assert.deepEqual(
    kept.map((id) => statSync(fileOf(id)).ino),
    before,
  );
  must(['merge', OUT, '--json', 'shards.json']);
  assert.equal(counts('shards.json'), counts('whole.json'));
  const bytes = counts('shards.json').length.toLocaleString('en-US');
  say(`merged shards and the sweep in one piece: equal, ${bytes} bytes`);

  mkdirSync(join(folder, 'again'));
  for (const name of ['sweep', ...ids])
    cpSync(join(folder, OUT, `${name}.json`), join(folder, 'again', `${name}.json`));
  mustRefuse(['merge', OUT, 'again'], 'E_SWEEP_TWICE', ids);
}

process.on('SIGINT', async () => {
  await cluster.stop();
  process.exit(130);
});
try {
  await cluster.start();
  await prove();
  say('ok');
} catch (error) {
  say(`FAILED: ${error instanceof Error ? error.message : error}\nlogs are kept in ${folder}`);
  process.exitCode = 1;
} finally {
  await cluster.stop();
  if (!process.exitCode) rmSync(folder, { recursive: true });
}
