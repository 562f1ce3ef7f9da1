// Other calls on the file, and other calls that touch a mapping.
import { succeed } from '../../../host/syscall/errno.ts';
import {
  DEVICE_STAT,
  type FileCall,
  fileCall,
  openDevice,
  POLL_EVENTS,
} from '../../../host/syscall/file.ts';
import { futexWait } from '../../../host/syscall/futex.ts';
import { mincore } from '../../../host/syscall/mincore.ts';
import { msync } from '../../../host/syscall/msync.ts';
import { getMempolicyNode, mbind, movePagesStatus } from '../../../host/syscall/numa.ts';
import { processVmReadv, readMemory, writeMemory } from '../../../host/syscall/remote.ts';
import { dropSpliced, vmsplice } from '../../../host/syscall/vmsplice.ts';
import type { Guest } from '../guest.ts';
import type { Scenario } from '../scenarios.ts';

/** The program's next free descriptor; its module takes one. */
const NEXT_DESCRIPTOR = 6;
const MINCORE_PAGES_MAX = 2048n;
const ENOENT = -2;

function fileCalls(g: Guest): void {
  const { mode, sizeBytes, blockBytes, blocks } = DEVICE_STAT;
  g.note('fstat', { mode: mode.toString(8), size: sizeBytes, blksize: blockBytes, blocks });
  const calls: readonly (readonly [step: string, call: FileCall])[] = [
    ['read', 'read'],
    ['write', 'write'],
    ['pread', 'pread'],
    ['lseek_end', 'lseek'],
    ['lseek_set', 'lseek'],
    ['ftruncate', 'ftruncate'],
    ['fallocate', 'fallocate'],
    ['fsync', 'fsync'],
    ['ioctl', 'ioctl'],
  ];
  for (const [step, call] of calls) {
    g.returning(() => fileCall(call));
    g.obs(step, undefined, -1);
  }
  const ready = fileCall('poll');
  g.note('poll', { rc: ready.ok ? ready.value : -1, revents: POLL_EVENTS });
  for (const call of ['fadvise', 'readahead'] as const) {
    g.returning(() => fileCall(call));
    g.obs(call, undefined, -1);
  }
}

function syncAndMincore(g: Guest, p: bigint): void {
  g.done(() => msync(g.process, p, g.units(2), { sync: true }));
  g.obs('msync', p);
  g.done(() => msync(g.process, p, g.units(2), { invalidate: true }));
  g.obs('msync_inval', p);
  const all = g.units(2) / 4096n;
  const pages = all < MINCORE_PAGES_MAX ? all : MINCORE_PAGES_MAX;
  const seen = mincore(g.process, p, pages * 4096n);
  const bytes = seen.ok ? seen.value : new Uint8Array();
  g.note('mincore', { rc: seen.ok ? 0 : -1, v0: bytes[0], v1: bytes[1], vlast: bytes.at(-1) });
}

function copies(g: Guest, p: bigint): void {
  g.returning(() => readMemory(g.process, p, 4096));
  g.obs('procmem_read', p);
  g.returning(() => writeMemory(g.process, p, 4));
  g.obs('procmem_write', p);
  // What was written is the program's; data is not emulated.
  g.note('procmem_data', { b0: 'a'.charCodeAt(0) });
  g.returning(() => readMemory(g.process, p + g.unit, 4096));
  g.obs('procmem_read_unfaulted', p + g.unit, g.units(1));
  g.returning(() => processVmReadv(g.process, p, 4096));
  g.obs('process_vm_readv', p);
  const spliced = vmsplice(g.process, p, 4096);
  if (!spliced.ok) throw new Error(`vmsplice: ${spliced.errno}`);
  g.call = { rc: spliced.value.bytes };
  g.obs('vmsplice', p);
  dropSpliced(g.process, spliced.value);
  g.clear();
  g.obs('vmsplice_closed', p);
  g.copy(p, 100, 'read');
  g.obs('pipe_write_from', p);
  g.copy(p, 100, 'write');
  g.obs('pipe_read_into', p);
}

function numa(g: Guest, p: bigint): void {
  const [status] = movePagesStatus(g.process, [p]);
  g.note('move_pages', { rc: 0, status: status === 'ENOENT' ? ENOENT : status });
  const node = getMempolicyNode(g.process, p);
  g.note('get_mempolicy', { rc: node.ok ? 0 : -1, node: node.ok ? node.value : -1 });
  const bind = { mode: 'bind', nodes: [0] } as const;
  g.done(() => mbind(g.process, p, g.unit, bind));
  g.obs('mbind_move', p);
  if (g.unit > 4096n) {
    g.done(() => mbind(g.process, p, 4096n, bind));
    g.obs('mbind_unaligned', p);
  }
}

const syscalls: Scenario = (g) => {
  fileCalls(g);
  const p = g.dmap(g.units(2));
  g.touch(p);
  syncAndMincore(g, p);
  copies(g, p);
  numa(g, p);
  g.returning(() => futexWait(g.process, p));
  g.obs('futex_wait_shared', p);
  const next = NEXT_DESCRIPTOR + (g.run.options.module ? 1 : 0);
  g.returning(() => (openDevice({ exclusive: true }).ok ? succeed(next) : succeed(-1)));
  g.obs('open_excl_second', undefined, -1);
  g.done(() => openDevice({ direct: true }));
  g.obs('open_direct', undefined, -1);
  // The descriptor closes here; the mapping holds the file.
  g.clear();
  g.touch(p);
  g.obs('after_close_fd', p);
  g.munmap(p, g.units(2));
};

export const SYSCALLS_SCENARIOS: Readonly<Record<string, Scenario>> = { syscalls };
