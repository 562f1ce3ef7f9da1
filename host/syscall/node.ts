import { fail, type SyscallResult, succeed } from './errno.ts';
import type { System } from './system.ts';

/** How the device node was opened. */
export type OpenMode = 'r' | 'w' | 'rw';

/** An open descriptor of the device node. */
export interface OpenFile {
  readonly mode: OpenMode;
}

/** A mapping holds its file, and the file the node's inode. */
function heldOpen({ files, processes }: System): boolean {
  const mapped = [...processes].some(({ vmas }) => vmas.some(({ kind }) => kind === 'device'));
  return files.size > 0 || mapped;
}

/**
 * open(2) of the device node. An unbind deletes the character device, yet the node still opens while
 * somebody holds it open: its inode goes on pointing there.
 *
 * Source: semantics 9.3; fs/char_dev.c: chrdev_open, cdev_del.
 */
export function open(system: System, mode: OpenMode = 'rw'): SyscallResult<OpenFile> {
  if (!system.machine.alive && !heldOpen(system)) return fail('ENXIO');
  const file = { mode };
  system.files.add(file);
  return succeed(file);
}

/** close(2): mappings and pins made through the descriptor stay. */
export function close(system: System, file: OpenFile): void {
  system.files.delete(file);
}
