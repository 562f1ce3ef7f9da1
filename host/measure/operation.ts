import type { PhaseName, TouchMix } from '../storm/phase.ts';
import type { AlignName } from '../units.ts';
import { type RecordedCost, recordedCost } from './recorded.ts';

/** What a recording must match to stand beside a phase. */
export interface OperationShape {
  readonly access: 'read' | 'write';
  /** 4 KiB pages a pin call asks for; recordings exist for 1 and 512. */
  readonly pinPages: number;
}

/** The recorded operation a phase is, and how many recorded units one of its operations has. */
function recordedOp(
  phase: PhaseName,
  { access, pinPages }: OperationShape,
): { readonly op: string; readonly times: number } | undefined {
  switch (phase) {
    case 'replay':
    case 'touch':
      // A mix of operations: host/compare prices each touch for what it does.
      return undefined;
    case 'populate':
    case 'get':
    case 'put':
    case 'dontneed':
    case 'mprotect':
    case 'exit':
      // Phases of scenario files alone, which host/compare/scenarioCost.ts prices.
      return undefined;
    case 'fault':
      return { op: access === 'write' ? 'write_fault' : 'read_fault', times: 1 };
    case 'munmap':
      // Pages that were only read were never unmapped in the recordings.
      return access === 'write' ? { op: 'munmap_written', times: 1 } : undefined;
    case 'pin':
    case 'unpin': {
      const half = phase === 'pin' ? 'get' : 'put';
      return access === 'write'
        ? { op: `gup_pin_fast_w_b${pinPages}_${half}`, times: pinPages }
        : undefined;
    }
  }
}

/** The recorded cost of a phase on device-DAX, where there is one. */
export function phaseCost(
  phase: PhaseName,
  align: AlignName,
  shape: OperationShape,
): RecordedCost | undefined {
  const found = recordedOp(phase, shape);
  return found && recordedCost(align, found.op, found.times);
}

/**
 * The recorded cost of a touch where some fault first and the others find the unit mapped: both
 * were recorded for writing.
 */
export function touchCost(
  align: AlignName,
  access: OperationShape['access'],
  { first, mapped }: TouchMix,
): RecordedCost | undefined {
  const fault = recordedCost(align, `${access}_fault`, first / (first + mapped));
  const touch = recordedCost(align, `${access}_touch_mapped`, mapped / (first + mapped));
  if (mapped === 0) return fault;
  if (!fault || !touch) return undefined;
  const devmap = fault.devmap + touch.devmap;
  const refcount = fault.refcount + touch.refcount;
  return { op: `${fault.op} and ${touch.op}`, devmap, refcount, ratio: refcount / devmap };
}

/** The control: the same operation on memfd, in 4 KiB pages. */
export function controlCost(phase: PhaseName, shape: OperationShape): RecordedCost | undefined {
  const found = recordedOp(phase, shape);
  return found && recordedCost('memfd', found.op, found.times);
}

/** An operation's name in a table, singular, with what it is counted per. */
export function phaseTitle(
  phase: PhaseName,
  align: AlignName,
  { access, pinPages }: OperationShape,
): string {
  const pages = pinPages === 1 ? '1 page' : `${pinPages} pages`;
  switch (phase) {
    case 'fault':
      return `${access} fault, a ${align} leaf`;
    case 'replay':
      return 'fault of the trace';
    case 'touch':
      return `${access} touch of a ${align} unit`;
    case 'populate':
      return `populate, a ${align} unit`;
    case 'dontneed':
    case 'exit':
      return `${phase}, a ${align} leaf`;
    case 'mprotect':
      return `mprotect, a ${align} unit`;
    case 'munmap':
      return `munmap, a ${align} leaf`;
    case 'get':
    case 'put':
    case 'pin':
    case 'unpin':
      return `${phase} ${pages}, a call`;
  }
}
