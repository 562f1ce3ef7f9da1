/*
 * What a fault answers: status in the low 8 bits, above it a token mixed from the last values read.
 * A chained storm adds (token & 0) to the next address, so that no fault starts before the one
 * before it has its loads: real faults have an exception entry between them.
 */
import { OK } from './status';

@inline export function statusOf(result: u64): u32 {
  return <u32>result & 0xFF;
}

@inline export function tokenOf(result: u64): u64 {
  return result >> 8;
}

@inline export function done(token: u64): u64 {
  return token << 8;
}

/** Operations that did not end in OK since the stream began. */
let failed: u32 = 0;

@inline export function beginNotes(): void {
  failed = 0;
}

@inline export function note(result: u64): void {
  if (statusOf(result) != OK) failed += 1;
}

@inline export function failures(): u32 {
  return failed;
}
