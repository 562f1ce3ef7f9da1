import { DaxError } from '../error.ts';
import type { Errno, SyscallResult } from '../syscall/errno.ts';

/** A system call that the emulated kernel refused, with the errno its caller would see. */
export class SyscallError extends DaxError {
  /** `mmap`, `munmap`, … */
  readonly syscall: string;
  /** As `EINVAL` or `ENOMEM`. */
  readonly errno: Errno;

  constructor(syscall: string, errno: Errno) {
    super(
      'E_SYSCALL',
      `${syscall} failed: ${errno}`,
      'the emulated kernel refuses it: catch SyscallError and read its errno',
    );
    this.name = 'SyscallError';
    this.syscall = syscall;
    this.errno = errno;
  }
}

/** What a system call answered. Fails: E_SYSCALL. */
export function answerOf<T>(result: SyscallResult<T>, syscall: string): T {
  if (result.ok) return result.value;
  throw new SyscallError(syscall, result.errno);
}
