import { type Errors, unseenErrors } from '../cost/crossValidation.ts';
import { modelOf, predict, RECORDED_RELEASES, type Release } from '../cost/model.ts';
import { type Family, familyOf, type Operation } from '../cost/operation.ts';
import { countsOf } from '../cost/parameters.ts';
import { KERNELS, type KernelId } from '../kernel.ts';
import { recordings } from '../measure/recorded.ts';
import type { Declared } from '../scenario/program.ts';
import type { Asked } from '../storm/asked.ts';
import type { Device } from '../syscall/device.ts';
import type { Events } from '../wasm/machine.ts';
import type { KernelCount } from './counts.ts';

/** Guest instructions an operation on each kernel, and each further kernel's over the first's. */
export interface Instructions {
  readonly kernels: Readonly<Partial<Record<KernelId, number>>>;
  readonly ratios: Readonly<Partial<Record<KernelId, number>>>;
}

/** Instructions that the cost model makes of the counts. */
export interface Prediction extends Instructions {
  readonly family: Family;
  /**
   * How far off the model is on this family's operations where it has not seen them, the worse of
   * the releases; undefined where the family was never recorded on device-DAX.
   */
  readonly error: Errors | undefined;
}

export type Counts = ReadonlyMap<KernelId, KernelCount>;

/** From so many leaves a call on, a call's own cost is as small a part as in the recordings. */
const LEAVES_PER_CALL = 512;

/** Recorded operations, and how many of each. */
type Parts = readonly (readonly [op: string, times: number])[];

function gupParts({ spec, asked }: Declared): Parts | undefined {
  if (spec.phase !== 'get' && spec.phase !== 'pin') return undefined;
  const longterm = spec.phase === 'pin' && spec.longterm ? 'L' : '';
  const access = spec.access === 'write' ? 'w' : 'r';
  const name = `gup_${spec.phase}_${spec.path}_${access}${longterm}_b${spec.pages}_get`;
  return [[name, asked.gupPages]];
}

/** The recorded operations that a phase is made of, by what was counted; undefined where it is none. */
function recordedParts(declared: Declared, { events, operations }: KernelCount): Parts | undefined {
  const { spec, asked, shared } = declared;
  // One process mapped the device in the recordings.
  if (shared) return undefined;
  const dense = declared.written && events.leafClear === declared.operations;
  const large = events.leafClear / asked.systemCalls >= LEAVES_PER_CALL;
  switch (spec.phase) {
    case 'fault': {
      if (events.faultSpurious > 0) return undefined;
      const mapped = operations - events.faultMinor;
      const fault = [`${spec.access}_fault`, events.faultMinor] as const;
      return mapped > 0 ? [fault, [`${spec.access}_touch_mapped`, mapped]] : [fault];
    }
    case 'populate':
      return events.leafSet === operations ? [[`populate_${spec.access}`, operations]] : undefined;
    case 'get':
    case 'pin':
      return events.faultMinor === 0 ? gupParts(declared) : undefined;
    case 'put':
    case 'unpin': {
      const pages = asked.putPages / operations;
      const kind = spec.phase === 'unpin' ? 'pin' : 'get';
      return [[`gup_${kind}_fast_w_b${pages}_put`, asked.putPages]];
    }
    case 'munmap':
    case 'exit':
      return dense && large ? [['munmap_written', events.leafClear]] : undefined;
    case 'dontneed':
      return dense && large ? [['dontneed', events.leafClear]] : undefined;
    case 'mprotect':
      return undefined;
  }
}

/** Instructions on the kernels that have some; undefined where none has. */
function onEach(
  counts: Counts,
  instructions: (kernel: KernelId, count: KernelCount) => number | undefined,
): Instructions | undefined {
  const found = [...counts].flatMap(([kernel, count]) => {
    const value = instructions(kernel, count);
    return value !== undefined && Number.isFinite(value) ? [[kernel, value] as const] : [];
  });
  if (found.length === 0) return undefined;
  const [base] = counts.keys();
  const first = found.find(([kernel]) => kernel === base)?.[1];
  const others = found.filter(([kernel]) => kernel !== base);
  const ratios = first === undefined ? [] : others.map(([id, value]) => [id, value / first]);
  return { kernels: Object.fromEntries(found), ratios: Object.fromEntries(ratios) };
}

/** What real kernels were recorded to execute, an operation, where just this was recorded. */
export function recordedInstructions(
  declared: Declared,
  { align }: Device,
  counts: Counts,
): Instructions | undefined {
  const found = onEach(counts, (kernel, count) => {
    const rows = recordings(KERNELS[kernel].release);
    const costs = recordedParts(declared, count)?.map(([op, times]) => {
      const row = rows.find((each) => each.align === align && each.op === op);
      return row && row.median * times;
    });
    if (!costs || costs.some((cost) => cost === undefined)) return undefined;
    return costs.reduce<number>((sum, cost) => sum + (cost ?? 0), 0) / count.operations;
  });
  // A row is of one kind: recorded on every kernel, or predicted.
  return found && Object.keys(found.kernels).length === counts.size ? found : undefined;
}

/** The operation of the cost model that a phase is. */
function operationOf({ spec, asked, operations }: Declared): Operation {
  switch (spec.phase) {
    case 'fault':
      return { kind: 'fault', access: spec.access, again: false };
    case 'populate':
      return { kind: 'populate', access: spec.access };
    case 'dontneed':
      return { kind: 'dontneed' };
    case 'munmap':
    case 'exit':
      return { kind: 'munmap', touched: ['write'] };
    case 'mprotect':
      return { kind: 'mprotect', writable: spec.protection === 'readWrite' };
    case 'get':
    case 'pin': {
      const longterm = spec.phase === 'pin' && spec.longterm;
      const { path, pages: batch } = spec;
      const [pin, write] = [spec.phase === 'pin', spec.access === 'write'];
      return { kind: 'gup', pin, path, write, longterm, batch, half: 'get' };
    }
    case 'put':
    case 'unpin': {
      const batch = Math.max(1, Math.round(asked.putPages / operations));
      const pin = spec.phase === 'unpin';
      return { kind: 'gup', pin, path: 'fast', write: true, longterm: false, batch, half: 'put' };
    }
  }
}

function share<Name extends string>(
  counts: Readonly<Record<Name, number>>,
  by: number,
): Readonly<Record<Name, number>> {
  const shares = Object.entries<number>(counts).map(([name, count]) => [name, count / by]);
  return Object.fromEntries(shares) as Record<Name, number>;
}

function releaseOf(kernel: KernelId): Release | undefined {
  return RECORDED_RELEASES.find((release) => release === KERNELS[kernel].release);
}

const validated = new Map<string, Errors | undefined>();

function familyError(release: Release, family: Family): Errors | undefined {
  const key = `${release} ${family}`;
  if (!validated.has(key)) validated.set(key, unseenErrors(release, family));
  return validated.get(key);
}

/**
 * What the cost model predicts, an operation: the phase's own event counts at the prices that were
 * fitted to recordings of the kernel's release. Undefined at 1G, of which nothing was recorded, and
 * where an event has no price.
 */
export function predictedInstructions(
  declared: Declared,
  { align }: Device,
  counts: Counts,
): Prediction | undefined {
  if (align === '1G') return undefined;
  const operation = operationOf(declared);
  const family = familyOf(operation);
  const found = onEach(counts, (kernel, { events, operations }) => {
    const release = releaseOf(kernel);
    if (!release || operations === 0) return undefined;
    const done = {
      operation,
      huge: align !== '4K',
      events: share(events, operations) as Events,
      asked: share<keyof Asked>({ ...declared.asked }, operations) as Asked,
    };
    return predict(modelOf(release), countsOf(done));
  });
  if (!found) return undefined;
  const errors = [...counts.keys()].flatMap((kernel) => {
    const release = releaseOf(kernel);
    return release ? (familyError(release, family) ?? []) : [];
  });
  const worst = errors.toSorted((a, b) => b.median - a.median)[0];
  return { ...found, family, error: worst };
}
