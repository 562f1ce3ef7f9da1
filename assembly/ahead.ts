/*
 * Read-ahead (overlap batched): before a few operations of a stream run, what they will read of
 * page tables and struct pages is read, so that the cache misses of all of them overlap. In the
 * operations themselves an atomic step waits for its own miss. For runs that ask how fast the
 * emulator gets through a large device; one thread alone, for nothing here looks twice.
 */
import {
  OP_GET_READ, OP_PIN_WRITE, OP_PUT, OP_TOUCH_WRITE, OP_UNPIN, VMA_MM,
} from './layout';
import { codeOf, vaOf, vmaOf } from './op';
import { deviceOrder, devicePages, headRecord, leavesInOrder } from './page';
import { pageAt } from './vma';
import { findSlot } from './walk';

/** What an operation reads first of the struct page of device page `page`. */
@inline function peekRecord(page: u64): u64 {
  return page < devicePages() && leavesInOrder() ? load<u64>(headRecord(<u32>page)) : 0;
}

/** What it reads of the page tables; the record does not wait for the walk. */
@inline function peek(vma: usize, va: u64): u64 {
  const mm: usize = load<u32>(vma, VMA_MM);
  if (!mm) return 0;
  const slot = findSlot(mm, va, deviceOrder());
  return peekRecord(pageAt(vma, va)) + (slot ? load<u64>(slot) : 0);
}

/** Reads ahead for so many operations at `at`. Answers what depends on all of it. */
export function readAhead(at: usize, ops: u32): u64 {
  let token: u64 = 0;
  const end = at + (ops << 3);
  for (let next = at; next < end; next += 8) {
    const op = load<u64>(next);
    const code = codeOf(op);
    const vma = vmaOf(op);
    if (code <= OP_TOUCH_WRITE || (code >= OP_GET_READ && code <= OP_PIN_WRITE)) {
      token += peek(vma, vaOf(op, vma));
    } else if (code == OP_PUT || code == OP_UNPIN) token += peekRecord(<u32>op);
  }
  return token;
}
