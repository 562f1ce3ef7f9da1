export type Access = 'read' | 'write';

/** A get_user_pages operation: `batch` pages a call, and which half of it was timed. */
export interface GupOperation {
  readonly kind: 'gup';
  readonly pin: boolean;
  readonly path: 'fast' | 'slow';
  readonly write: boolean;
  readonly longterm: boolean;
  readonly batch: number;
  readonly half: 'get' | 'put';
}

/** What a recorded operation's name says was done, a unit of the mapping at a time. */
export type Operation =
  | { readonly kind: 'fault'; readonly access: Access; readonly again: boolean }
  /** An access to a unit that was already mapped by an access of kind `after`. */
  | { readonly kind: 'touch'; readonly access: Access; readonly after: Access }
  | { readonly kind: 'dontneed' }
  | { readonly kind: 'populate'; readonly access: Access }
  | { readonly kind: 'mprotect'; readonly writable: boolean }
  /** `touched`: by which accesses, in order. */
  | { readonly kind: 'munmap'; readonly touched: readonly Access[] }
  | GupOperation;

const NAMED: Readonly<Record<string, Operation>> = {
  write_fault: { kind: 'fault', access: 'write', again: false },
  read_fault: { kind: 'fault', access: 'read', again: false },
  write_fault_again: { kind: 'fault', access: 'write', again: true },
  read_fault_again: { kind: 'fault', access: 'read', again: true },
  write_touch_mapped: { kind: 'touch', access: 'write', after: 'write' },
  read_touch_mapped: { kind: 'touch', access: 'read', after: 'read' },
  write_after_read: { kind: 'touch', access: 'write', after: 'read' },
  read_after_write: { kind: 'touch', access: 'read', after: 'write' },
  dontneed: { kind: 'dontneed' },
  populate_write: { kind: 'populate', access: 'write' },
  populate_read: { kind: 'populate', access: 'read' },
  mprotect_r: { kind: 'mprotect', writable: false },
  mprotect_rw: { kind: 'mprotect', writable: true },
  munmap_written: { kind: 'munmap', touched: ['write'] },
  munmap_read: { kind: 'munmap', touched: ['read'] },
  munmap_rw: { kind: 'munmap', touched: ['read', 'write'] },
};

/** Most pages a recorded GUP loop asks for, so the largest batch that can be. */
export const GUP_PAGES = 4096;

/** Names that are recorded but have no emulated events behind them, and why. */
const UNPRICED: readonly (readonly [RegExp, string])[] = [
  [/^calib_/, "the clock's own calibration"],
  [/^syscall_/, 'an empty system call: no event of a mapping'],
  [/^(mmap|munmap_untouched)$/, 'one call on an empty mapping: its work is VMA trees, not counted'],
  [
    /^fork_exit_delta$/,
    'a difference of two whole forks; no leaf is copied, what is left is noise',
  ],
  [/^fork_/, 'fork and exit of a whole process: its work is not emulated'],
  [/^mremap/, 'mremap: no recording of it to fit a price to'],
  [/^(anon|memfd)_/, 'ordinary memory: the control, not a prediction'],
];

const GUP_NAME = /^gup_(get|pin)_(fast|slow)_(r|w)(L?)_b(\d+)_(get|put)$/;

/** Why no operation stands behind a name, where that is known. */
export function whyUnpriced(op: string): string {
  const known = UNPRICED.find(([pattern]) => pattern.test(op));
  return known ? known[1] : 'the name follows no scheme of the recordings';
}

/** The operation a recorded name stands for; undefined where none can be priced (`whyUnpriced`). */
export function parseOperation(op: string): Operation | undefined {
  if (Object.hasOwn(NAMED, op)) return NAMED[op];
  const found = GUP_NAME.exec(op);
  const batch = Number(found?.[5]);
  if (!found || batch < 1 || batch > GUP_PAGES) return undefined;
  return {
    kind: 'gup',
    pin: found[1] === 'pin',
    path: found[2] === 'slow' ? 'slow' : 'fast',
    write: found[3] === 'w',
    longterm: found[4] === 'L',
    batch,
    half: found[6] === 'put' ? 'put' : 'get',
  };
}

/** Operations that share their kernel code: what cross-validation leaves out together. */
export const FAMILIES = [
  'touch',
  'fault',
  'populate',
  'dontneed',
  'munmap',
  'mprotect',
  'GUP fast get',
  'GUP fast pin',
  'GUP longterm',
  'GUP slow',
  'put',
  'unpin',
] as const;
export type Family = (typeof FAMILIES)[number];

export function familyOf(operation: Operation): Family {
  if (operation.kind !== 'gup') return operation.kind;
  const { half, pin, longterm, path } = operation;
  if (half === 'put') return pin ? 'unpin' : 'put';
  if (longterm) return 'GUP longterm';
  if (path === 'slow') return 'GUP slow';
  return pin ? 'GUP fast pin' : 'GUP fast get';
}
