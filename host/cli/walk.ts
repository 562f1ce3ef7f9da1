import { DaxError } from '../error.ts';
import { COMPARED, type KernelId } from '../kernel.ts';
import { deviceJson, envelope } from '../report/json.ts';
import { formatWalk, hex, type WalkReport } from '../report/walk.ts';
import { STANDARD_SIZE_BYTES } from '../storm/scenario.ts';
import { dynamicDevice, pageAtPhys } from '../syscall/device.ts';
import { mmap } from '../syscall/mmap.ts';
import type { MapName } from '../syscall/namespace.ts';
import type { Process } from '../syscall/process.ts';
import { System } from '../syscall/system.ts';
import type { Vma } from '../syscall/vma.ts';
import { type AlignName, PAGE_BYTES, parseSize } from '../units.ts';
import { OpStream } from '../wasm/ops.ts';
import type { StructPage } from '../wasm/page.ts';
import { entryFlags, leafPhys } from '../wasm/walk.ts';
import { Command } from './command.ts';
import type { Context } from './context.ts';
import * as option from './options.ts';
import { checkTarget, emitJson, print } from './output.ts';
import { AFTER, type After } from './walkAfter.ts';

export interface WalkFlags {
  readonly align?: AlignName;
  readonly size?: number;
  readonly map: MapName;
  readonly ranges: number;
  readonly kernel?: KernelId;
  readonly touch: 'none' | 'read' | 'write';
  readonly pinPages: number;
  readonly after?: readonly string[];
  readonly levels: '4' | '5';
  readonly json?: string | true;
}

/** `0x7fff…` or a decimal address, or `+OFFSET` into the mapping. Fails: E_ADDRESS. */
function parseAddress(text: string, vma: Vma): bigint {
  if (text.startsWith('+')) return vma.start + BigInt(parseSize(text.slice(1), 'offset'));
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return BigInt(text);
  throw new DaxError(
    'E_ADDRESS',
    `address '${text}' is neither a number nor an offset`,
    'write it like 0x7fffc0000000, or +2MiB for an offset into the mapping',
  );
}

function prepare(process: Process, vma: Vma, va: bigint, flags: WalkFlags): void {
  const { machine } = process.system;
  const page = Number((va - vma.start) / BigInt(PAGE_BYTES));
  const stream = new OpStream();
  if (flags.touch !== 'none') {
    stream.push(flags.touch === 'write' ? 'touchWrite' : 'touchRead', vma.slot, page);
    if (flags.pinPages > 0) stream.push('pinRead', vma.slot, page, flags.pinPages);
  }
  const { failed } = machine.run(stream, 'natural');
  if (failed) {
    throw new DaxError(
      'E_ADDRESS',
      `${flags.pinPages} pages from ${hex(va)} on could not be pinned: the mapping ends before`,
      'use a smaller --pin-pages or a larger --size',
    );
  }
}

/** Maps a device, touches an address, and shows what is there. Fails: E_ADDRESS. */
export function report(text: string, kernel: KernelId, flags: WalkFlags): WalkReport {
  const align = flags.align ?? '4K';
  const sizeBytes = flags.size ?? STANDARD_SIZE_BYTES[align];
  const device = dynamicDevice(align, sizeBytes, flags.map, flags.ranges);
  const levels = flags.levels === '5' ? 5 : 4;
  const system = new System({ kernel, kind: 'counted', device, levels });
  const process = system.createProcess();
  const protection = { read: true, write: true, exec: false };
  const mapped = mmap(process, { lengthBytes: BigInt(device.sizeBytes), protection });
  if (!mapped.ok) throw new Error(`mmap failed: ${mapped.errno}`);
  const address = parseAddress(text, mapped.value);
  process.requireVma(address);
  prepare(process, mapped.value, address, flags);
  const va = (flags.after ?? []).reduce((at, name) => (AFTER[name] as After)(process, at), address);
  const found = system.machine.walk(process.mm, va);
  const { bugs } = system;
  if (!found.leaf) return { kernel, device, va, walk: found, bugs };
  const first = pageAtPhys(device, leafPhys(found.leaf)) ?? 0;
  const inLeaf = Number(va % BigInt(device.unitBytes)) / PAGE_BYTES;
  const page = system.machine.page(first + Math.floor(inLeaf));
  // The second page holds the folio's counters; the third is a tail like all others.
  const tail = page.order > 0 && !page.tail ? { tail: system.machine.page(page.page + 2) } : {};
  return { kernel, device, va, walk: found, page, ...tail, bugs };
}

function pageJson(page: StructPage | undefined) {
  return page && { ...page, flags: hex(page.flags), index: Number(page.index) };
}

/** A walk with its numbers as JSON can hold them. */
export function walkJson({ kernel, device, va, walk: { steps }, page, tail, bugs }: WalkReport) {
  const plain = steps.map((step) => ({
    ...step,
    entry: hex(step.entry, 16),
    flags: entryFlags(step.entry),
  }));
  const shown = { page: pageJson(page), tail: pageJson(tail) };
  const happened = bugs.map(({ address, ...bug }) => ({
    ...bug,
    ...(address === undefined ? {} : { address: hex(address) }),
  }));
  return {
    kernel,
    device: deviceJson(device),
    address: hex(va),
    steps: plain,
    ...shown,
    bugs: happened,
  };
}

export function walkCommand(_context: Context): Command {
  return new Command('walk')
    .description(
      'Maps a whole device, touches ADDRESS, pins if asked, and shows each level of the page-table walk with ' +
        'its entry and decoded flags, and the struct page behind it. ADDRESS is virtual (0x…) or +OFFSET into ' +
        'the mapping. With --after the mapping is looked at, protected or moved before the walk; what bugs of ' +
        'the emulated kernel that ran into is printed with it.',
    )
    .argument('<ADDRESS>', 'virtual address, or +OFFSET into the mapping')
    .addOption(option.alignOption().default('4K'))
    .addOption(option.sizeOption().default(undefined, '1GiB, 4GiB, 256GiB by unit'))
    .addOption(option.mapOption().default('mem'))
    .addOption(option.rangesOption().default(1))
    .addOption(option.kernelOption().default(undefined, 'devmap and refcount'))
    .addOption(
      option
        .choiceOption('--touch <kind>', 'access the address first', ['none', 'read', 'write'])
        .default('write'),
    )
    .addOption(option.pinPagesOption().default(0))
    .addOption(
      option.choicesOption(
        '--after <call...>',
        'then look at, protect or move the mapping',
        Object.keys(AFTER),
      ),
    )
    .addOption(
      option.choiceOption('--levels <number>', 'page-table levels', ['4', '5']).default('4'),
    )
    .addOption(option.jsonOption())
    .examples(
      `
  daxstorm walk +0                                    the first page of a 4K device
  daxstorm walk +3MiB --align 2M --touch read         a 2M leaf that was only read
  daxstorm walk +1GiB --align 1G --pin-pages 512      a pinned 1G leaf
  daxstorm walk +0 --align 1G --after smaps           a look through /proc removes a 1G leaf
  daxstorm walk +0 --align 1G --after mremap          moving one loses it: a kernel bug, reported
  daxstorm walk +0 --kernel devmap --levels 5         five-level tables`,
    )
    .action((address: string, flags: WalkFlags) => {
      checkTarget(flags.json);
      const kernels = flags.kernel ? [flags.kernel] : COMPARED;
      const reports = kernels.map((kernel) => report(address, kernel, flags));
      if (flags.json === undefined) print(reports.map(formatWalk).join('\n\n'));
      else emitJson(flags.json, { ...envelope('walk'), walks: reports.map(walkJson) });
    });
}
