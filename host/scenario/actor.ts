import { type Asked, NOTHING_ASKED } from '../storm/asked.ts';
import {
  EXPONENT_DEFAULT,
  HOT_SHARE_DEFAULT,
  isRevisit,
  REVISITS,
  type Skew,
  unitOrder,
  unitTouches,
} from '../storm/pattern.ts';
import { unitPages } from '../storm/scenario.ts';
import type { Control } from '../storm/stage.ts';
import type { Device } from '../syscall/device.ts';
import { formatBytes, PAGE_BYTES } from '../units.ts';
import type { OpName, OpStream } from '../wasm/ops.ts';
import { type SimpleSpec, STRIDE_DEFAULT } from './schema.ts';
import type { Path } from './source.ts';

/** A phase that is a stream of its own: fork is several. */
export type StreamSpec = Exclude<SimpleSpec, { phase: 'fork' }>;
type Spec<Name extends StreamSpec['phase']> = Extract<StreamSpec, { phase: Name }>;

/** Refuses something in the phase's own keys. */
export type RefuseKey = (where: Path, message: string, hint: string) => Error;

/** What a phase draws at random. */
export interface Draw {
  /** Of this process in this repetition of the phase. */
  readonly seed: number;
  /** Units by popularity: the same for every process and phase of a scenario. */
  readonly popularity: (units: number) => Uint32Array;
}

/** What one process does in one phase. */
export interface Act {
  /** Touches, units, or calls; of a zap the units it covers, for its leaves are counted. */
  readonly operations: number;
  readonly asked: Asked;
  /** Whether every leaf it meets was mapped by a store. */
  readonly written: boolean;
  readonly control: readonly Control[];
}

interface Call {
  readonly page: number;
  readonly pages: number;
}

interface Units {
  readonly first: number;
  readonly count: number;
}

const PROTECTIONS = {
  none: { read: false, write: false, exec: false },
  read: { read: true, write: false, exec: false },
  readWrite: { read: true, write: true, exec: false },
} as const;

function act(operations: number, asked: Partial<Asked>, rest: Partial<Act> = {}): Act {
  const whole = { ...NOTHING_ASKED, ...asked };
  return { operations, asked: whole, written: true, control: [], ...rest };
}

/** Keys of a fault phase that only some patterns have. */
const OF_PATTERN = {
  stride: ['strided'],
  exponent: ['zipf'],
  hotShare: ['hotPage'],
  touches: REVISITS,
} as const;

/** Fails: E_SCENARIO for a key that the phase's pattern does not have. */
function checkPattern(spec: Spec<'fault'>, refuse: RefuseKey): void {
  for (const [key, patterns] of Object.entries(OF_PATTERN)) {
    const set = spec[key as keyof typeof OF_PATTERN] !== undefined;
    if (!set || patterns.some((pattern) => pattern === spec.pattern)) continue;
    const fits = patterns.join(' or ');
    throw refuse([key], `pattern ${spec.pattern} has no ${key}`, `use it with pattern ${fits}`);
  }
}

function skewOf({ exponent, hotShare }: Spec<'fault'>): Skew {
  return { exponent: exponent ?? EXPONENT_DEFAULT, hotShare: hotShare ?? HOT_SHARE_DEFAULT };
}

/** The units that a phase's offset and length name. */
function unitsOf(
  { offset, length }: { readonly offset: number; readonly length?: number | undefined },
  { sizeBytes, unitBytes, align }: Device,
  refuse: RefuseKey,
): Units {
  const whole = (key: string, bytes: number): number => {
    if (bytes % unitBytes === 0) return bytes / unitBytes;
    const hint = `use a multiple of ${align}`;
    throw refuse([key], `${key} ${formatBytes(bytes)} is no whole number of ${align} units`, hint);
  };
  const size = formatBytes(sizeBytes);
  if (offset >= sizeBytes) {
    throw refuse(
      ['offset'],
      `offset ${formatBytes(offset)} is beyond the device's ${size}`,
      'use less',
    );
  }
  const bytes = length ?? sizeBytes - offset;
  if (bytes === 0 || offset + bytes > sizeBytes) {
    const left = formatBytes(sizeBytes - offset);
    throw refuse(
      ['length'],
      `length ${formatBytes(bytes)} does not fit: ${left} follow`,
      'use less',
    );
  }
  return { first: whole('offset', offset), count: whole('length', bytes) };
}

/** Folios that the pages of a call belong to. */
function foliosOf({ page, pages }: Call, device: Device): number {
  const folio = 2 ** device.order;
  return Math.floor((page + pages - 1) / folio) - Math.floor(page / folio) + 1;
}

function gupName(spec: Spec<'get'> | Spec<'pin'>): OpName {
  const slow = spec.path === 'slow' ? 'Slow' : '';
  const access = spec.access === 'write' ? 'Write' : 'Read';
  if (spec.phase === 'get') return `get${slow}${access}`;
  return `pin${spec.longterm ? 'Longterm' : ''}${slow}${access}`;
}

/** One process of a scenario: what it holds while its op streams are made. */
export class Actor {
  /** The VMA slot that names it in op streams. */
  readonly number: number;
  readonly isChild: boolean;
  #pins: Call[] = [];
  #gets: Call[] = [];
  /** Some leaf may have been mapped by a load. */
  #reads = false;

  constructor(number: number, isChild = false) {
    this.number = number;
    this.isChild = isChild;
  }

  /** Adds what this process does in a phase to a stream. */
  act(spec: StreamSpec, device: Device, stream: OpStream, draw: Draw, refuse: RefuseKey): Act {
    switch (spec.phase) {
      case 'fault':
        checkPattern(spec, refuse);
        return this.#fault(spec, unitsOf(spec, device, refuse), device, stream, draw);
      case 'populate':
        return this.#populate(spec, unitsOf(spec, device, refuse), device, stream);
      case 'get':
      case 'pin':
        return this.#take(spec, this.#calls(spec, device, draw.seed, refuse), device, stream);
      case 'put':
      case 'unpin':
        return this.#giveBack(spec, device, stream, refuse);
      case 'munmap':
      case 'dontneed':
        return this.#zap(spec, unitsOf(spec, device, refuse), device, stream, refuse);
      case 'mprotect':
        return this.#protect(spec, device, stream);
      case 'exit':
        return this.#unmap(
          'munmap',
          { first: 0, count: unitsIn(device) },
          unitsIn(device),
          device,
          stream,
        );
    }
  }

  #fault(
    spec: Spec<'fault'>,
    { first, count }: Units,
    device: Device,
    stream: OpStream,
    { seed, popularity }: Draw,
  ): Act {
    const { pattern, access } = spec;
    const pages = unitPages(device);
    const name = access === 'write' ? 'touchWrite' : 'touchRead';
    if (access === 'read') this.#reads = true;
    // The loop touches page after page: of small units that is unit after unit.
    if (pattern === 'sequential' && pages === 1) stream.push(name, this.number, first, count);
    else {
      const order = isRevisit(pattern)
        ? unitTouches(pattern, popularity(count), spec.touches ?? count, skewOf(spec), seed)
        : unitOrder(pattern, count, spec.stride ?? STRIDE_DEFAULT, seed);
      for (const unit of order) stream.push(name, this.number, (first + unit) * pages);
    }
    const touches = isRevisit(pattern) ? (spec.touches ?? count) : count;
    return act(touches, { accesses: touches });
  }

  #populate(
    { access }: Spec<'populate'>,
    { first, count }: Units,
    device: Device,
    stream: OpStream,
  ): Act {
    const pages = unitPages(device);
    const name = access === 'write' ? 'populateWrite' : 'populateRead';
    if (access === 'read') this.#reads = true;
    stream.push(name, this.number, first * pages, count, pages);
    return act(count, { systemCalls: 1 });
  }

  /** Where the calls of a get or pin phase begin. */
  #calls(
    spec: Spec<'get'> | Spec<'pin'>,
    device: Device,
    seed: number,
    refuse: RefuseKey,
  ): readonly Call[] {
    const { pages, step = pages * PAGE_BYTES } = spec;
    const { first, count } = unitsOf(spec, device, refuse);
    const start = first * unitPages(device);
    const rangePages = count * unitPages(device);
    if (pages > rangePages) {
      throw refuse(['pages'], `the range has fewer than ${pages} pages`, 'use fewer pages a call');
    }
    if (step % PAGE_BYTES !== 0 || step < pages * PAGE_BYTES) {
      const what = `step ${formatBytes(step)} is no whole number of pages that holds a call's`;
      throw refuse(['step'], what, `use ${formatBytes(pages * PAGE_BYTES)} or more`);
    }
    const stepPages = step / PAGE_BYTES;
    const places = Math.floor((rangePages - pages) / stepPages) + 1;
    const calls = spec.calls ?? places;
    if (calls > places) {
      const room = `the range has room for ${places} calls of ${pages} pages`;
      throw refuse(['calls'], `calls is ${calls}; ${room}`, `use ${places} or less`);
    }
    const order = unitOrder(spec.order, places, 1, seed).subarray(0, calls);
    return Array.from(order, (place) => ({ page: start + place * stepPages, pages }));
  }

  #take(
    spec: Spec<'get'> | Spec<'pin'>,
    calls: readonly Call[],
    device: Device,
    stream: OpStream,
  ): Act {
    const name = gupName(spec);
    for (const { page, pages } of calls) stream.push(name, this.number, page, pages);
    const held = spec.phase === 'pin' ? this.#pins : this.#gets;
    for (const call of calls) held.push(call);
    // What it has to fault in, it faults for its own access.
    if (spec.access === 'read') this.#reads = true;
    return act(calls.length, {
      gupCalls: calls.length,
      slowCalls: spec.path === 'slow' ? calls.length : 0,
      gupPages: calls.length * spec.pages,
      folios: calls.reduce((sum, call) => sum + foliosOf(call, device), 0),
    });
  }

  #giveBack(
    { phase }: Spec<'put'> | Spec<'unpin'>,
    device: Device,
    stream: OpStream,
    refuse: RefuseKey,
  ): Act {
    const pinned = phase === 'unpin';
    const calls = pinned ? this.#pins : this.#gets;
    if (calls.length === 0) {
      const [what, first] = pinned ? ['pinned', 'pin'] : ['held', 'get'];
      throw refuse([], `${phase} where nothing is ${what}`, `put a '${first}' phase before it`);
    }
    for (const { page, pages } of calls) stream.push(phase, this.number, page, pages);
    if (pinned) this.#pins = [];
    else this.#gets = [];
    return act(calls.length, {
      putPages: calls.reduce((sum, { pages }) => sum + pages, 0),
      folioChanges: pinned ? calls.reduce((sum, call) => sum + foliosOf(call, device) - 1, 0) : 0,
    });
  }

  #zap(
    spec: Spec<'munmap'> | Spec<'dontneed'>,
    units: Units,
    device: Device,
    stream: OpStream,
    refuse: RefuseKey,
  ): Act {
    const { extent } = spec;
    if (extent !== undefined && (extent === 0 || extent % device.unitBytes !== 0)) {
      const what = `extent ${formatBytes(extent)} is no whole number of ${device.align} units`;
      throw refuse(['extent'], what, `use a multiple of ${device.align}`);
    }
    const each = extent === undefined ? units.count : extent / device.unitBytes;
    return this.#unmap(spec.phase, units, each, device, stream);
  }

  /** Unmaps units, `each` of them a call. */
  #unmap(
    name: 'munmap' | 'dontneed',
    { first, count }: Units,
    each: number,
    device: Device,
    stream: OpStream,
  ): Act {
    const pages = unitPages(device);
    for (let at = 0; at < count; at += each) {
      const now = Math.min(each, count - at);
      stream.push(name, this.number, (first + at) * pages, now, pages);
    }
    const written = !this.#reads;
    if (count === unitsIn(device)) this.#reads = false;
    return act(count, { systemCalls: Math.ceil(count / each) }, { written });
  }

  #protect({ protection }: Spec<'mprotect'>, device: Device, stream: OpStream): Act {
    const count = unitsIn(device);
    stream.push('protect', this.number, 0, count, unitPages(device));
    const process = this.number;
    const control = [{ do: 'protect', process, protection: PROTECTIONS[protection] }] as const;
    return act(count, { systemCalls: 1 }, { control });
  }
}

function unitsIn({ sizeBytes, unitBytes }: Device): number {
  return sizeBytes / unitBytes;
}

/** Pages as a size, where that is shorter to say. */
function sayPages(pages: number): string {
  return pages === 1 ? '1 page' : `${pages} pages (${formatBytes(pages * PAGE_BYTES)})`;
}

/** What a phase does in a few words, where the file gives it no title. */
export function titleOf(spec: SimpleSpec): string {
  switch (spec.phase) {
    case 'fault': {
      const { exponent, hotShare } = skewOf(spec);
      const skew = { zipf: ` ${exponent}`, hotPage: ` ${hotShare}` };
      const how = isRevisit(spec.pattern) ? spec.pattern + skew[spec.pattern] : spec.pattern;
      return `${spec.access} touches, ${how}`;
    }
    case 'populate':
      return `populate to ${spec.access}`;
    case 'get':
    case 'pin': {
      const longterm = spec.phase === 'pin' && spec.longterm ? ', longterm' : '';
      const slow = spec.path === 'slow' ? ', slow path' : '';
      return `${spec.phase} ${sayPages(spec.pages)} to ${spec.access}${longterm}${slow}`;
    }
    case 'munmap':
    case 'dontneed':
      return spec.extent === undefined
        ? spec.phase
        : `${spec.phase}, ${formatBytes(spec.extent)} a call`;
    case 'mprotect':
      return `mprotect to ${spec.protection}`;
    default:
      return spec.phase;
  }
}
