// What the library has in Node and in browsers alike.

export type { KernelCount } from '../compare/counts.ts';
export type { ErrorCode } from '../error.ts';
export { DaxError } from '../error.ts';
export type { KernelId } from '../kernel.ts';
export { KERNELS } from '../kernel.ts';
export type { Pattern } from '../storm/pattern.ts';
export type { PhaseName } from '../storm/phase.ts';
export type { AccessKind, AccessResult } from '../syscall/access.ts';
export type { KernelBug } from '../syscall/bug.ts';
export type { Device } from '../syscall/device.ts';
export type { Errno } from '../syscall/errno.ts';
export type { Advice } from '../syscall/madvise.ts';
export type { MmapFlags } from '../syscall/mmap.ts';
export type { MapName } from '../syscall/namespace.ts';
export type { UnbindReport } from '../syscall/unbind.ts';
export type { Protection } from '../syscall/vma.ts';
export type { AlignName } from '../units.ts';
export { GIB, KIB, MIB, TIB } from '../units.ts';
export type { EventName, Events, Warning } from '../wasm/machine.ts';
export type { FolioCounters, StructPage } from '../wasm/page.ts';
export { Machine, type MachineOptions } from './machine.ts';
export type {
  GetOptions,
  HeldPages,
  Mapping,
  MmapOptions,
  Process,
} from './process.ts';
export { countStorm, type PhaseResult, type Storm, type StormCounts } from './storm.ts';
export { SyscallError } from './syscallError.ts';
