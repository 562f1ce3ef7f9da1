// Every preset: valid by its schema, with sources, named as its file, and possible to plan.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostBytes } from '../../host/plan/devices.ts';
import { geometryOf, unitOf } from '../../host/plan/geometry.ts';
import { type Host, presetSchema } from '../../host/plan/host.ts';
import { findHost, presetIds, readPreset } from '../../host/plan/hostFile.ts';
import { layOut } from '../../host/plan/layout.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { GIB, TIB } from '../../host/units.ts';

const FOLDER = join(PACKAGE_ROOT, 'data', 'presets');
const geometry = geometryOf('4K', 'x86-64');

const SIZES: Readonly<Record<string, number>> = {
  'optane-128': 128 * GIB,
  'optane-256': 256 * GIB,
  'optane-512': 512 * GIB,
  'optane-socket-6x512': 3 * TIB,
  'optane-2s': 6 * TIB,
  'optane-4s': 12 * TIB,
  'optane-8s': 24 * TIB,
  'cxl-e3s-128': 128 * GIB,
  'cxl-e3s-256': 256 * GIB,
  'cxl-e3s-512': 512 * GIB,
  'cxl-box-24t': 24 * TIB,
  'nvdimm-n-2x16': 32 * GIB,
  'qemu-nvdimm-4g': 4 * GIB,
  'legacy-e820-4g': 4 * GIB,
  'devdax-100g-2m': 100 * GIB,
};

describe('presets', () => {
  test('the folder holds those and no other', () => {
    expect([...presetIds()].sort()).toEqual(Object.keys(SIZES).sort());
    const strangers = readdirSync(FOLDER).filter(
      (name) => !/^([a-z0-9-]+\.json|README\.md)$/.test(name),
    );
    expect(strangers).toEqual([]);
  });

  test.each(Object.entries(SIZES))('%s', (id, bytes) => {
    const fields = JSON.parse(readFileSync(join(FOLDER, `${id}.json`), 'utf8')) as unknown;
    const preset = presetSchema.parse(fields);
    expect(preset.id).toBe(id);
    const host = readPreset(id);
    expect(hostBytes(host)).toBe(bytes);
    expect(layOut(host, unitOf(geometry, '2M'), 'mem', geometry).usableBytes).toBeGreaterThan(0);
  });

  test('one without a source is refused', () => {
    const { success } = presetSchema.safeParse({ id: 'x', name: 'x', regions: [{ size: '1TiB' }] });
    expect(success).toBe(false);
  });
});

describe("a file of one's own", () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  function host(name: string, text: string): Host {
    const path = join(folder, name);
    writeFileSync(path, text);
    return { ...findHost(path), name: 'mine' };
  }

  test('YAML and JSON say the same', () => {
    const yaml = host(
      'host.yaml',
      `dram: 512GiB
processes: 16
regions:
  - { name: optane, size: 3TiB, count: 2, interleave: 6 }
  - { name: cxl, kind: dynamic, size: 274877906944, start: 0x40000000 }
`,
    );
    const regions = [
      { name: 'optane', size: '3TiB', count: 2, interleave: 6 },
      { name: 'cxl', kind: 'dynamic', size: '256GiB', start: '1GiB' },
    ];
    const json = host('host.json', JSON.stringify({ dram: '512GiB', processes: 16, regions }));
    expect(yaml).toEqual(json);
    expect(hostBytes(yaml)).toBe(6 * TIB + 256 * GIB);
    expect(yaml.regions[1]?.startBytes).toBe(GIB);
  });
});
