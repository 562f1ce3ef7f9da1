import { type Child, el, type Markup } from '../html/markup.ts';

/** What every picture says to whoever cannot see it. */
export interface Told {
  /** Unique in a page; the picture's address. */
  readonly id: string;
  readonly title: string;
  /** What it shows, in a sentence or two. */
  readonly description: string;
}

/** An `svg` element that names and describes itself. */
export function svg(
  { id, title, description }: Told,
  attributes: Readonly<Record<string, string | number | undefined>>,
  ...children: readonly Child[]
): Markup {
  return el(
    'svg',
    {
      id,
      role: 'img',
      'aria-labelledby': `${id}-title ${id}-desc`,
      'data-chart': id,
      ...attributes,
    },
    el('title', { id: `${id}-title` }, title),
    el('desc', { id: `${id}-desc` }, description),
    ...children,
  );
}

/** Coordinates to a tenth: finer than any screen. */
export function coordinate(value: number): number {
  return Math.round(value * 10) / 10;
}
