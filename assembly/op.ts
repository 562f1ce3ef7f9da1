/*
 * An operation of a stream, as layout.ts lays it out.
 */
import {
  OP_CODE_SHIFT, OP_COUNT_MASK, OP_COUNT_SHIFT, OP_VMA_MASK, OP_VMA_SHIFT, VMAS, VMA_BYTES,
  VMA_START,
} from './layout';

@inline export function codeOf(op: u64): u32 {
  return <u32>(op >> OP_CODE_SHIFT);
}

/** Units or pages it covers. */
@inline export function timesOf(op: u64): u32 {
  return (<u32>(op >> OP_COUNT_SHIFT) & OP_COUNT_MASK) + 1;
}

@inline export function vmaOf(op: u64): usize {
  return VMAS + (<u32>(op >> OP_VMA_SHIFT) & OP_VMA_MASK) * VMA_BYTES;
}

/** Where in its VMA it begins. */
@inline export function vaOf(op: u64, vma: usize): u64 {
  return load<u64>(vma, VMA_START) + ((op & 0xFFFFFFFF) << 12);
}
