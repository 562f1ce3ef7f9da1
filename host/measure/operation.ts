import type { PhaseName } from '../storm/phase.ts';
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
      // A trace mixes reads and writes; host/compare/replay.ts prices each fault it takes.
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
    case 'munmap':
      return `munmap, a ${align} leaf`;
    case 'pin':
      return `pin ${pages}, a call`;
    case 'unpin':
      return `unpin ${pages}, a call`;
  }
}
