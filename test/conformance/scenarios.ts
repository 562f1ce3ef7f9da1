// The scenarios of the recording program in its order: each step does what the program's step did
// (calls, arguments, order) and looks where it looked.

import type { Guest } from './guest.ts';
import { FAULT_SCENARIOS } from './scenarios/fault.ts';
import { FORK_SCENARIOS } from './scenarios/fork.ts';
import { GUP_SCENARIOS } from './scenarios/gup.ts';
import { MADVISE_SCENARIOS } from './scenarios/madvise.ts';
import { MAPPING_SCENARIOS } from './scenarios/mapping.ts';
import { MPROTECT_SCENARIOS } from './scenarios/mprotect.ts';
import { MREMAP_SCENARIOS } from './scenarios/mremap.ts';
import { OBSERVER_SCENARIOS } from './scenarios/observer.ts';
import { SYSCALLS_SCENARIOS } from './scenarios/syscalls.ts';

export type Scenario = (guest: Guest) => void;

const BY_NAME: Readonly<Record<string, Scenario>> = {
  ...FAULT_SCENARIOS,
  ...FORK_SCENARIOS,
  ...MAPPING_SCENARIOS,
  ...GUP_SCENARIOS,
  ...MPROTECT_SCENARIOS,
  ...MADVISE_SCENARIOS,
  ...MREMAP_SCENARIOS,
  ...OBSERVER_SCENARIOS,
  ...SYSCALLS_SCENARIOS,
};

/** The program's own order: page flags carry over from one scenario to the next. */
const ORDER = [
  'initial',
  'read_fault',
  'write_fault',
  'read_then_write',
  'ro_map',
  'repeat',
  'multi_map',
  'multi_pages',
  'fork',
  'fork_ro',
  'munmap',
  'partial_munmap',
  'observer',
  'mprotect',
  'madvise',
  'locked',
  'mmap_args',
  'syscalls',
  'gup',
  'gup_multi',
  'fork_after_pin',
  'mremap',
  'mremap_unaligned',
];

export const SCENARIOS: readonly (readonly [string, Scenario])[] = ORDER.map((name) => {
  const scenario = BY_NAME[name];
  if (!scenario) throw new Error(`no scenario ${name}`);
  return [name, scenario];
});
