import { type Errno, fail, type SyscallResult, succeed } from './errno.ts';

/** Calls on the device node's descriptor that do not map it. */
export type FileCall =
  | 'read'
  | 'write'
  | 'pread'
  | 'pwrite'
  | 'lseek'
  | 'ftruncate'
  | 'fallocate'
  | 'fsync'
  | 'ioctl'
  | 'poll'
  | 'fadvise'
  | 'readahead';

/** What each answers: a device-DAX node has mmap, open and little else (semantics 4.5). */
const ANSWERS: Readonly<Record<FileCall, number | Errno>> = {
  read: 'EINVAL',
  write: 'EINVAL',
  pread: 'EINVAL',
  pwrite: 'EINVAL',
  lseek: 0,
  ftruncate: 'EINVAL',
  fallocate: 'ENODEV',
  fsync: 'EINVAL',
  ioctl: 'ENOTTY',
  poll: 1,
  fadvise: 0,
  readahead: 'EINVAL',
};

/** POLLIN and POLLOUT: the node has no poll, so it is always ready for both. */
export const POLL_EVENTS = 0x1 | 0x4;

/** fstat(2) of the node: a character device, root's alone, of no size. */
export const DEVICE_STAT = { mode: 0o20600, sizeBytes: 0, blockBytes: 4096, blocks: 0 } as const;

export function fileCall(call: FileCall): SyscallResult<number> {
  const answer = ANSWERS[call];
  return typeof answer === 'number' ? succeed(answer) : fail(answer);
}

export interface OpenFlags {
  /** O_DIRECT: refused, for the node has no direct I/O. */
  readonly direct?: boolean;
  /** O_EXCL: no meaning for a character device, however often it is open. */
  readonly exclusive?: boolean;
}

/** open(2) of the node of a bound device. */
export function openDevice({ direct = false }: OpenFlags): SyscallResult<void> {
  return direct ? fail('EINVAL') : succeed(undefined);
}
