import type { Overlap } from './core.ts';
import { type OpName, OpStream } from './ops.ts';
import type { RoutedPart, Turn } from './route.ts';
import { seamBits } from './seam.ts';
import type { SeveralBanks } from './severalBanks.ts';

/** Units that did not end in OK, and nanoseconds inside the core. */
interface Done {
  readonly failed: number;
  readonly elapsedNs: number;
}

/** What a get or pin becomes where an earlier part of it is on the slow path already. */
const SLOW_FORMS: Partial<Record<OpName, OpName>> = {
  getRead: 'getSlowRead',
  getWrite: 'getSlowWrite',
  pinRead: 'pinSlowRead',
  pinWrite: 'pinSlowWrite',
  pinLongtermRead: 'pinLongtermSlowRead',
  pinLongtermWrite: 'pinLongtermSlowWrite',
};

function isGup(name: OpName): boolean {
  return /^(get|pin)/.test(name);
}

function slowForm({ name, stream }: RoutedPart): OpStream {
  const slow = new OpStream();
  stream.each(({ vma, page, times }) => slow.push(SLOW_FORMS[name] ?? name, vma, page, times));
  return slow;
}

/**
 * Runs one operation whose parts are in several banks. Where a part of it ends early, as GUP and
 * populate do, it is over; where GUP-fast stopped, the slow path has the rest (semantics 6.3, 6.4).
 */
function runOperation(machine: SeveralBanks, parts: readonly RoutedPart[], overlap: Overlap): Done {
  const name = parts[0]?.name ?? 'munmap';
  const gup = isGup(name);
  // mmap_lock is held from the first part that is on the slow path.
  let slow = gup && SLOW_FORMS[name] === undefined;
  let locked = false;
  let failed = 0;
  let elapsedNs = 0;
  machine.asOneCall(
    parts,
    (bank, part) => {
      const stops = bank.event('gupStop');
      const done = bank.run(slow ? slowForm(part) : part.stream, overlap);
      slow ||= gup && bank.event('gupStop') > stops;
      locked = slow;
      failed += done.failed;
      elapsedNs += done.elapsedNs;
      return done.failed === 0;
    },
    (i) => seamBits(gup ? locked : i > 0, i < parts.length - 1),
  );
  return { failed, elapsedNs };
}

/** Runs one turn of a stream: each bank's operations, or the parts of one. */
export function runTurn(machine: SeveralBanks, turn: Turn, overlap: Overlap): Done {
  if ('parts' in turn) return runOperation(machine, turn.parts, overlap);
  let failed = 0;
  let elapsedNs = 0;
  turn.streams.forEach((stream, bank) => {
    if (!stream) return;
    const done = machine.enter(bank).run(stream, overlap);
    failed += done.failed;
    elapsedNs += done.elapsedNs;
  });
  return { failed, elapsedNs };
}
