// Ids that stay, and shards that share a sweep out.
import { describe, expect, test } from 'vitest';
import { parseScenario } from '../../host/scenario/file.ts';
import { planSweep, type SweepPlan, scenarioId, scenariosOf } from '../../host/sweep/plan.ts';
import { parseShard } from '../../host/sweep/shard.ts';

const SMALL = 'name: small\ndevice: { size: 4MiB, align: 2M }\nphases:\n  - phase: fault\n';

function idOf(text: string, seed = 1): string {
  const [one] = parseScenario(text, 'x.yaml');
  if (!one) throw new Error('no case');
  return scenarioId(one, seed);
}

describe('ids', () => {
  test('stay from one version to the next', () => {
    expect(idOf(SMALL)).toBe('8777789ee98a');
  });

  test.each([
    ['a comment', `# why\n${SMALL}`],
    ['a description', `${SMALL}description: what for\n`],
    ['another order of keys', SMALL.replace('size: 4MiB, align: 2M', 'align: 2M, size: 4MiB')],
    ['another spelling of a size', SMALL.replace('4MiB', '4194304')],
    [
      'what is the default anyway',
      SMALL.replace('phase: fault', 'phase: fault\n    access: write'),
    ],
    ['kernels in another order', `${SMALL}kernels: [refcount, devmap]\n`],
    ['a matrix around it', `${SMALL}matrix: { unused: [7] }\n`],
  ])('%s makes no difference', (_, text) => {
    expect(idOf(text)).toBe(idOf(SMALL));
  });

  test.each([
    ['name', SMALL.replace('name: small', 'name: other')],
    ['size', SMALL.replace('4MiB', '8MiB')],
    ['align', SMALL.replace('align: 2M', 'align: 4K')],
    ['map', SMALL.replace('align: 2M', 'align: 2M, map: dev')],
    ['kernels', `${SMALL}kernels: [devmap]\n`],
    ['processes', `${SMALL}processes: 2\n`],
    ['a phase', `${SMALL}  - phase: exit\n`],
    ["a phase's key", SMALL.replace('phase: fault', 'phase: fault\n    access: read')],
    ["a phase's title", SMALL.replace('phase: fault', 'phase: fault\n    title: first')],
  ])('another %s, another id', (_, text) => {
    expect(idOf(text)).not.toBe(idOf(SMALL));
  });

  test('another seed, another id', () => {
    expect(idOf(SMALL, 2)).not.toBe(idOf(SMALL));
  });
});

describe('the standard grid', () => {
  const plan = planSweep(['standard'], undefined);
  const idsOf = (of: SweepPlan, index: number, count: number): readonly string[] =>
    scenariosOf(of, { index, count }).map(({ id }) => id);

  test('has at least 200 scenarios, no two alike', () => {
    expect(plan.scenarios.length).toBeGreaterThanOrEqual(200);
    expect(new Set(plan.scenarios.map(({ id }) => id)).size).toBe(plan.scenarios.length);
  });

  test.each(Array.from({ length: 16 }, (_, i) => i + 1))(
    '%i shards: each scenario in one, shares even to within one',
    (count) => {
      const shards = Array.from({ length: count }, (_, i) => idsOf(plan, i + 1, count));
      const sizes = shards.map((ids) => ids.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(shards.flat().sort()).toEqual(plan.scenarios.map(({ id }) => id).sort());
    },
  );

  test('the order of files makes no difference to a shard, nor to the hash', () => {
    const files = ['vm-vfio', 'database-restart', 'rdma-registration'];
    const [one, other] = [planSweep(files, undefined), planSweep(files.toReversed(), undefined)];
    expect(other.hash).toBe(one.hash);
    expect(one.scenarios.map(({ id }) => id)).not.toEqual(other.scenarios.map(({ id }) => id));
    for (const index of [1, 2, 3]) {
      expect([...idsOf(other, index, 3)].sort()).toEqual([...idsOf(one, index, 3)].sort());
    }
  });

  test('neighbours of the matrix are dealt to different shards', () => {
    // Four of eight shards at least have some of each unit size and scale: none has all the slow ones.
    for (const part of ['align=4K, scale=large', 'align=1G, scale=large']) {
      const shards = [1, 2, 3, 4, 5, 6, 7, 8].filter((index) =>
        scenariosOf(plan, { index, count: 8 }).some(({ title }) => title.includes(part)),
      );
      expect(shards.length).toBeGreaterThanOrEqual(4);
    }
  });

  test('another seed is another sweep', () => {
    expect(planSweep(['vm-vfio'], 7).hash).not.toBe(planSweep(['vm-vfio'], undefined).hash);
  });
});

describe('--shard', () => {
  test.each(['1/1', '3/8', '1000/1000'])('%s', (text) => {
    const [index, count] = text.split('/').map(Number);
    expect(parseShard(text)).toEqual({ index, count });
  });

  test.each(['0/8', '9/8', '1/0', '3', '3/8/1', '-1/8', '1.5/8', '1/1001', '/8', '', 'a/b'])(
    "'%s' is refused",
    (text) => {
      expect(() => parseShard(text)).toThrow(/is no part i\/n of a sweep/);
    },
  );
});
