/** Edits (insert, delete, replace a letter) that turn one word into the other. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1] ? 0 : 1;
      next.push(
        Math.min(
          (row[j] as number) + 1,
          (next[j - 1] as number) + 1,
          (row[j - 1] as number) + same,
        ),
      );
    }
    row = next;
  }
  return row[to.length] as number;
}

/** What to type instead of a word that is not known: the nearest that is, else all of them. */
export function suggest(word: string, known: readonly string[]): string {
  const scored = known
    .map((each) => ({ each, distance: edits(word.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = scored;
  if (best && best.distance <= Math.max(2, word.length / 3)) return `did you mean ${best.each}?`;
  return `use ${known.join(', ')}`;
}
