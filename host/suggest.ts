import { distance } from 'fastest-levenshtein';

/** The known word that a mistyped one is nearest to; undefined where none is near. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((each) => ({ each, edits: distance(word.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  // Of two letters one edit is half of it: another word, not a slip of the finger.
  return best && word.length > 2 && best.edits <= Math.ceil(word.length / 3)
    ? best.each
    : undefined;
}

/** What to type instead of a word that is not known: the nearest that is, else all of them. */
export function suggest(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? `use ${known.join(', ')}` : `did you mean ${near}?`;
}
