// The one list of fields that may differ from a recording, each with the reason. Never here: rc,
// errno, sig, sicode, minflt, level, raw, upper, the VMA's presence, flags and length, and a struct
// page's counters, but for the rows that the recordings themselves call misleading.
import type { Json, Recording } from './records.ts';

export interface Place {
  readonly scenario: string;
  readonly step: string;
  readonly who: string;
  readonly field: string;
}

interface Exemption {
  readonly reason: string;
  readonly covers: (place: Place, recording: Recording, values: Values) => boolean;
}

interface Values {
  readonly recorded: Json | undefined;
  readonly emulated: Json | undefined;
}

/** Steps whose own call can take no fault of the device, or not so many. */
const STRAY_FAULTS: readonly string[] = [
  'fork_after_pin/child_write',
  'fork_after_pin/child_pin_and_exit',
  'observer/after_clear_refs_4',
];

export const EXEMPTIONS: readonly Exemption[] = [
  {
    reason: "the kernel's log text is not emulated",
    covers: ({ step, field }) => step === 'dmesg' && (field === 'dmesg' || field === 'nlines'),
  },
  {
    reason: "looks at the first page of the program's own library, which is no device memory",
    covers: ({ scenario, step }, { align }) =>
      scenario === 'multi_pages' && step === 'write_page3' && align === '4K',
  },
  {
    reason: 'smaps of anonymous memory, which is only a place here: whether THP may serve it',
    covers: ({ step, field }) => step === 'overlay_anon_unit1' && field === 'smaps.THPeligible',
  },
  {
    reason: 'a stray minor fault of a stack or libc page, named by the recordings as misleading',
    covers: ({ scenario, step, field }) =>
      field === 'minflt' &&
      (STRAY_FAULTS.includes(`${scenario}/${step}`) ||
        (scenario.startsWith('unbind_') && step === 'read_after_unbind')),
  },
];

/** Why this difference is none, if it is on the list. */
export function exemption(recording: Recording, place: Place, values: Values): string | undefined {
  return EXEMPTIONS.find(({ covers }) => covers(place, recording, values))?.reason;
}
