import { fieldText, INDEX_WORD, STRUCT_PAGE_FIELDS, WORDS } from '../wasm/structPage.ts';

/** One field over the steps of a history; only fields that some step changed. */
export interface FieldHistory {
  readonly field: string;
  /** After each step; OWN where each page of a range has its own number. */
  readonly values: readonly string[];
}

/** Neighbouring pages to which the same happened. */
export interface PageHistory {
  readonly first: number;
  readonly last: number;
  readonly fields: readonly FieldHistory[];
}

/** An `index` that differs from page to page, for it is the page's number. */
export const OWN = 'own';

/** Whether any step changed any byte of the page. */
function changed(images: readonly Uint32Array[], page: number): boolean {
  const [before] = images as [Uint32Array];
  for (let word = page * WORDS; word < (page + 1) * WORDS; word++) {
    for (const image of images) if (image[word] !== before[word]) return true;
  }
  return false;
}

/** Whether a page went through what the one before it did, its own number in `index` apart. */
function likeBefore(images: readonly Uint32Array[], page: number): boolean {
  for (const image of images) {
    for (let word = 0; word < WORDS; word++) {
      const now = image[page * WORDS + word] as number;
      const then = image[(page - 1) * WORDS + word] as number;
      if (now === then) continue;
      if (word !== INDEX_WORD || now !== page || then !== page - 1) return false;
    }
  }
  return true;
}

/** Of a range's last page: page 0's own number is what an empty index holds too. */
function fieldHistories(
  images: readonly Uint32Array[],
  first: number,
  last: number,
): readonly FieldHistory[] {
  return STRUCT_PAGE_FIELDS.flatMap((field) => {
    const own = (text: string): string =>
      field.name === 'index' && first < last && text === String(last) ? OWN : text;
    const values = images.map((image) => own(fieldText(image, last, field)));
    return new Set(values).size > 1 ? [{ field: field.name, values }] : [];
  });
}

/** The folio counters in a head's second struct page over the steps, by `words`: those that changed. */
export function folioHistories(
  images: readonly Uint32Array[],
  second: number,
  words: ReadonlyMap<number, string>,
): readonly FieldHistory[] {
  const hex = new Set(['_nr_pages_mapped', '_mm_ids[0]', '_mm_ids[1]']);
  return [...words].flatMap(([word, field]) => {
    const values = images.map((image) => {
      const value = image[second * WORDS + word] as number;
      return hex.has(field) ? `0x${value.toString(16)}` : String(value | 0);
    });
    return new Set(values).size > 1 ? [{ field, values }] : [];
  });
}

/**
 * What happened to every struct page over the steps of which `images` are the states, byte for byte,
 * in ranges of pages alike. `apart` may keep neighbours apart that memory does not tell apart.
 */
export function pageHistories(
  images: readonly Uint32Array[],
  apart: (page: number) => boolean = () => false,
): readonly PageHistory[] {
  const pages = (images[0]?.length ?? 0) / WORDS;
  const found: PageHistory[] = [];
  for (let first = 0; first < pages; ) {
    let next = first + 1;
    if (!changed(images, first) && !apart(first)) {
      first = next;
      continue;
    }
    while (next < pages && likeBefore(images, next) && apart(next) === apart(first)) next += 1;
    found.push({ first, last: next - 1, fields: fieldHistories(images, first, next - 1) });
    first = next;
  }
  return found;
}
