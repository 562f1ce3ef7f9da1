/** Text that is markup already; everything else is escaped on its way into a page. */
export interface Markup {
  readonly markup: string;
}

export type Child = Markup | string | number | undefined | readonly Child[];
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character] as string);
}

function isList(child: Child): child is readonly Child[] {
  return Array.isArray(child);
}

function render(child: Child): string {
  if (child === undefined) return '';
  if (isList(child)) return child.map(render).join('');
  return typeof child === 'object' ? child.markup : escapeText(String(child));
}

/** HTML elements that have no end tag. */
const VOID = new Set(['br', 'col', 'hr', 'link', 'meta']);

/** One element of HTML or SVG. Attributes without a value are left out. */
export function el(name: string, attributes: Attributes, ...children: readonly Child[]): Markup {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeText(String(value))}"`],
  );
  const start = `<${name}${given.join('')}>`;
  return { markup: VOID.has(name) ? start : `${start}${children.map(render).join('')}</${name}>` };
}

/** Several pieces as one. */
export function fragment(...children: readonly Child[]): Markup {
  return { markup: children.map(render).join('') };
}
