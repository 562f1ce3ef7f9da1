// The manifests of docs/sweeps: the commands in them are run as Slurm, Kubernetes and GitHub would run
// them, with a daxstorm that only lists, on a small sweep.
import { execFileSync, type StdioOptions } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { sweepPath } from '../../host/scenario/ready.ts';
import { planSweep, type SweepPlan, scenariosOf } from '../../host/sweep/plan.ts';
import { makeFolder } from './small.ts';

const MAIN = join(PACKAGE_ROOT, 'dist', 'host', 'cli', 'main.js');
const read = (name: string): string =>
  readFileSync(join(PACKAGE_ROOT, 'docs', 'sweeps', name), 'utf8');

let bin = '';
let plan: SweepPlan;
/** The sweep, in place of the standard one. */
const SWEEP = 'small.yaml';
beforeAll(() => {
  bin = makeFolder();
  plan = planSweep([join(bin, SWEEP)], undefined);
  const shim = (name: string, text: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  // sweep lists what it would run; merge says what it would merge.
  shim(
    'daxstorm',
    `if [ "$1" = sweep ]; then set -- "$@" --list; else set -- "$1" --help; fi\nexec '${process.execPath}' '${MAIN}' "$@"`,
  );
  shim('npx', 'exec "$@"');
});
afterAll(() => rmSync(bin, { recursive: true }));

function shell(command: readonly string[], env: Readonly<Record<string, string>>): string {
  const [program = '', ...args] = command;
  const path = [bin, process.env['PATH']].join(delimiter);
  const stdio: StdioOptions = ['ignore', 'pipe', 'inherit'];
  const options = { encoding: 'utf8', cwd: bin, env: { ...env, PATH: path }, stdio } as const;
  return execFileSync(program, args, options);
}

function idsIn(listed: string): readonly string[] {
  return [...listed.matchAll(/^[0-9a-f]{12}/gm)].map(([id]) => id);
}

/** The first and the last task list the first and the last shard; there are as many as shards. */
function expectShards(
  indices: readonly number[],
  base: number,
  list: (index: number) => string,
): void {
  expect(indices).toEqual(Array.from({ length: indices.length }, (_, i) => i + base));
  const count = indices.length;
  for (const place of [0, count - 1]) {
    const mine = scenariosOf(plan, { index: place + 1, count }).map(({ id }) => id);
    expect(idsIn(list(indices[place] as number))).toEqual(mine);
  }
}

describe('docs/sweeps/slurm.sbatch', () => {
  const script = join(PACKAGE_ROOT, 'docs', 'sweeps', 'slurm.sbatch');

  test('an array task a shard, from 1', () => {
    const [, first, last] = /^#SBATCH --array=(\d+)-(\d+)$/m.exec(read('slurm.sbatch')) ?? [];
    const indices = Array.from({ length: Number(last) }, (_, i) => i + Number(first));
    expectShards(indices, 1, (index) =>
      // One task submitted again: how many there are of it says nothing of the shards.
      shell(['bash', script], {
        SWEEP,
        SLURM_ARRAY_TASK_ID: String(index),
        SLURM_ARRAY_TASK_COUNT: '1',
      }),
    );
  });

  test('the sweep is one that comes with daxstorm, where the environment names no other', () => {
    const name = /^SWEEP=\$\{SWEEP:-(\S+)\}$/m.exec(read('slurm.sbatch'))?.[1] ?? '';
    expect(sweepPath(name)).toMatch(/\.yaml$/);
  });

  test('the shell replaces itself, so that signals reach the sweep', () => {
    expect(read('slurm.sbatch').trimEnd().split('\n').at(-1)).toMatch(/^exec daxstorm sweep /);
  });
});

const container = z.object({
  command: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
  volumeMounts: z.array(z.object({ name: z.string() })),
});
const podSpec = z.object({
  restartPolicy: z.literal('Never'),
  containers: z.tuple([container]),
  volumes: z.array(
    z.object({ name: z.string(), persistentVolumeClaim: z.object({ claimName: z.string() }) }),
  ),
});
const template = z.object({ spec: podSpec });
const indexedJob = z.object({
  kind: z.literal('Job'),
  spec: z.object({
    completionMode: z.literal('Indexed'),
    completions: z.int(),
    parallelism: z.int(),
    backoffLimitPerIndex: z.int(),
    template,
  }),
});
const mergeJob = z.object({
  kind: z.literal('CronJob'),
  spec: z.object({
    suspend: z.literal(true),
    jobTemplate: z.object({ spec: z.object({ template }) }),
  }),
});
const claim = z.object({
  kind: z.literal('PersistentVolumeClaim'),
  metadata: z.object({ name: z.string() }),
});

describe('docs/sweeps/kubernetes.yaml', () => {
  const documents = parseAllDocuments(read('kubernetes.yaml')).map((each) => each.toJS());
  const volume = claim.parse(documents[0]);
  const job = indexedJob.parse(documents[1]);
  const merge = mergeJob.parse(documents[2]);

  test('an index a shard, from 0', () => {
    const { spec } = job;
    const [{ command, env }] = spec.template.spec.containers;
    const set = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    expect([spec.parallelism, Number(set['SHARDS'])]).toEqual([spec.completions, spec.completions]);
    const indices = Array.from({ length: spec.completions }, (_, i) => i);
    expectShards(indices, 0, (index) =>
      shell(command, { ...set, SWEEP, JOB_COMPLETION_INDEX: String(index) }),
    );
  });

  test('the merge reads what the shards write', () => {
    const [sweeps] = job.spec.template.spec.containers;
    const pod = merge.spec.jobTemplate.spec.template.spec;
    const [{ command }] = pod.containers;
    expect(shell(command, {})).toMatch(/^Usage: daxstorm merge/m);
    const out = /--out "(\S+)"/.exec(sweeps.command.join(' '))?.[1];
    const name = sweeps.env.find((each) => each.name === 'SWEEP')?.value ?? '';
    expect(sweepPath(name)).toMatch(/\.yaml$/);
    expect(command).toEqual(['daxstorm', 'merge', out?.replace('$SWEEP', name)]);
    for (const { volumes } of [pod, job.spec.template.spec]) {
      expect(volumes[0]?.persistentVolumeClaim.claimName).toBe(volume.metadata.name);
    }
  });
});

const step = z.object({
  name: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const workflow = z.object({
  env: z.object({ SHARDS: z.int(), SWEEP: z.string() }),
  jobs: z.object({
    shard: z.object({
      strategy: z.object({
        'fail-fast': z.literal(false),
        matrix: z.object({ shard: z.array(z.int()) }),
      }),
      env: z.object({ SHARD: z.literal(`\${{ matrix.shard }}`) }),
      steps: z.array(step),
    }),
    merge: z.object({ needs: z.literal('shard'), steps: z.array(step) }),
  }),
});

describe('docs/sweeps/github.yml', () => {
  const { env, jobs } = workflow.parse(parse(read('github.yml')));
  const runOf = (steps: readonly z.infer<typeof step>[], name: string): string =>
    steps.find((each) => each.name === name)?.run ?? '';

  test('a job a shard, from 1', () => {
    const indices = jobs.shard.strategy.matrix.shard;
    expect(env.SHARDS).toBe(indices.length);
    const run = runOf(jobs.shard.steps, 'sweep');
    expectShards(indices, 1, (index) =>
      shell(['bash', '-c', run], {
        SHARDS: String(env.SHARDS),
        SHARD: String(index),
        SWEEP,
      }),
    );
  });

  test('the merge is given the folders that the shards upload', () => {
    expect(shell(['bash', '-c', runOf(jobs.merge.steps, 'merge')], {})).toMatch(
      /^Usage: daxstorm merge/m,
    );
    const out = /--out "(\S+)"/.exec(runOf(jobs.shard.steps, 'sweep'))?.[1];
    const [upload] = jobs.shard.steps.filter((each) => each.with['path'] !== undefined);
    const folder = out?.replace('$SHARD', `\${{ matrix.shard }}`);
    expect(upload?.with).toMatchObject({ name: folder, path: folder });
    const [download] = jobs.merge.steps.filter((each) => each.with['pattern'] !== undefined);
    expect(download?.with['pattern']).toBe('shard-*');
    expect(runOf(jobs.merge.steps, 'merge')).toContain('merge shard-* ');
  });
});
