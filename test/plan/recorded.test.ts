// Namespaces that real kernels made, against the planner's formulas: no byte, no frame off.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import { geometryOf } from '../../host/plan/geometry.ts';
import { parseHost } from '../../host/plan/host.ts';
import { layOut } from '../../host/plan/layout.ts';
import { memmapOf } from '../../host/plan/memmap.ts';
import { parseRelease } from '../../host/plan/operations.ts';
import { compareSides, type Side } from '../../host/plan/whatIf.ts';
import { layRequest, type MapName } from '../../host/syscall/namespace.ts';
import { ALIGNS, type AlignName, KIB, PAGE_BYTES } from '../../host/units.ts';

interface Seen {
  readonly align: AlignName;
  readonly map: MapName;
  readonly step: 'vmemmap' | 'create_failed';
  readonly ns_start: number;
  readonly ns_size: number;
  readonly dax_size: number;
  readonly data_offset: number;
  readonly vmemmap_pages: number;
  readonly frames_dram: number;
  readonly frames_dev: number;
  readonly altmap_free: number;
  readonly pgmap_refs: number;
  readonly nr_memmap_delta: number;
}

const FIXTURES = join(import.meta.dirname, 'fixtures');

function records(release: string): readonly Seen[] {
  const text = readFileSync(join(FIXTURES, `acct-${release}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Seen);
}

const geometry = geometryOf('4K', 'x86-64');

function unitOf({ align }: Seen) {
  return { name: align, bytes: ALIGNS[align] };
}

function layOf(seen: Seen) {
  const { ns_start: startBytes, ns_size: sizeBytes, map } = seen;
  return layRequest({ startBytes, sizeBytes, unit: unitOf(seen), map });
}

/** The recorded namespace as a host of one region without labels. */
function hostOf({ ns_start, ns_size }: Seen) {
  return parseHost({ regions: [{ size: ns_size, start: ns_start, labels: false }] }, 'recorded');
}

describe.each(['6.12', '7.3'])('namespaces recorded on %s', (release) => {
  const all = records(release);
  const made = all.filter(({ step }) => step === 'vmemmap');
  const failed = all.filter(({ step }) => step === 'create_failed');

  test('the fixture is whole', () => {
    expect([made.length, failed.length]).toEqual([22, 2]);
  });

  test.each(made)('$ns_size bytes, $align, map=$map: size, offset, pgmap, frames', (seen) => {
    const laid = layOf(seen);
    expect(laid.usableBytes).toBe(seen.dax_size);
    expect(laid.dataOffsetBytes).toBe(seen.data_offset);
    expect(laid.pgmapReferences).toBe(seen.pgmap_refs);
    const free = seen.map === 'dev' ? (laid.dataOffsetBytes - 8 * KIB) / PAGE_BYTES : 0;
    expect(free).toBe(seen.altmap_free);

    const { startBytes, spanBytes, map } = laid;
    const metadataBytes = map === 'dev' ? laid.dataOffsetBytes : 0;
    const unit = unitOf(seen);
    const memmap = memmapOf({ startBytes, spanBytes, unit, map, geometry, metadataBytes });
    expect(memmap.dramBytes / PAGE_BYTES).toBe(seen.frames_dram);
    expect(memmap.deviceBytes / PAGE_BYTES).toBe(seen.frames_dev);
    expect(memmap.fullBytes / PAGE_BYTES).toBe(seen.vmemmap_pages);
  });

  test.each(made)('$ns_size bytes, $align, map=$map: the plan of a host says the same', (seen) => {
    const layout = layOut(hostOf(seen), unitOf(seen), seen.map, geometry);
    expect(layout.usableBytes).toBe(seen.dax_size);
    expect(layout.lostBytes).toBe(seen.ns_size - seen.dax_size);
    expect(layout.structPages.dramBytes).toBe(seen.frames_dram * PAGE_BYTES);
    expect(layout.structPages.deviceBytes).toBe(seen.frames_dev * PAGE_BYTES);
  });

  test.each(made)('$ns_size bytes, $align, map=$map: nr_memmap_pages', (seen) => {
    const { align, map } = seen;
    const side: Side = {
      host: hostOf(seen),
      release: parseRelease(release),
      align,
      map,
      rate: 3e9,
    };
    const { changes } = compareSides(side, side);
    const stated = changes.find(({ id }) => id === 'stated');
    expect(stated?.before?.value).toBe(seen.nr_memmap_delta);
  });

  test.each(failed)('$ns_size bytes, $align, map=$map: refused, as the kernel did', (seen) => {
    expect(() => layOf({ ...seen, ns_start: 4 * 1024 ** 3 })).toThrow(DaxError);
  });
});
