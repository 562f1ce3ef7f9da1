import { DaxError } from '../error.ts';

/** One part of a sweep that is cut into `count`: `index` is 1 to `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The sweep uncut. */
export const WHOLE: Shard = { index: 1, count: 1 };

/** The highest index of a Slurm array, whose default MaxArraySize is 1001. */
const SHARDS_MAX = 1000;

/** `3/8`. Fails: E_VALUE unless it is i/n with i from 1 to n. */
export function parseShard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count && count <= SHARDS_MAX) return { index, count };
  throw new DaxError(
    'E_VALUE',
    `--shard '${text}' is no part i/n of a sweep, i from 1 to n, n up to ${SHARDS_MAX}`,
    'write the third of eight parts as --shard 3/8',
  );
}

export function sayShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/**
 * Which of `count` shards has a scenario: its place among all ids in order, dealt out in turn.
 *
 * Why: shares are even to within one, and no order of files or of a matrix changes them.
 */
export function shardOf(place: number, count: number): Shard {
  return { index: (place % count) + 1, count };
}
