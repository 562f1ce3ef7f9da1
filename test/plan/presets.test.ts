// Every preset: valid by its schema, with sources, named as its file, and possible to plan.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hostBytes } from '../../host/plan/devices.ts';
import { geometryOf, unitOf } from '../../host/plan/geometry.ts';
import { presetSchema } from '../../host/plan/host.ts';
import { presetIds, readPreset } from '../../host/plan/hostFile.ts';
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
