/** The errors a system call of the emulated kernels can return. */
export type Errno =
  | 'EACCES'
  | 'EAGAIN'
  | 'EBUSY'
  | 'EEXIST'
  | 'EFAULT'
  | 'EINVAL'
  | 'EIO'
  | 'ENODEV'
  | 'ENOENT'
  | 'ENOMEM'
  | 'ENOTTY'
  | 'ENXIO'
  | 'EOPNOTSUPP';

/** What a system call answers. */
export type SyscallResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly errno: Errno };

export function succeed<T>(value: T): SyscallResult<T> {
  return { ok: true, value };
}

export function fail<T>(errno: Errno): SyscallResult<T> {
  return { ok: false, errno };
}
