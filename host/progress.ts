/** Told, in a few words, what is being done, and where it is known how many seconds that leaves. */
export type OnProgress = (text: string, leftSeconds?: number) => void;

/**
 * How many seconds equal parts leave, of how long those done took: for work that no --time limits.
 * Call it as each part begins, with how many are done.
 */
export function makePace(
  parts: number,
  now: () => number = () => performance.now(),
): (done: number) => number | undefined {
  const began = now();
  return (done) => {
    if (done === 0) return undefined;
    return ((now() - began) / 1000 / done) * Math.max(0, parts - done);
  };
}
