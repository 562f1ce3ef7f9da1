import type { Report } from '../report.ts';
import type { NumberKind, Section } from '../section.ts';
import { SECTIONS } from '../sections.ts';
import { recordedSpans } from '../words.ts';
import { el, fragment, type Markup } from './markup.ts';
import { STYLE } from './style.ts';

const TITLE = 'Device-DAX: devmap bit against refcounts';

const KINDS: Readonly<Record<NumberKind, string>> = {
  recorded: 'recorded: instructions of real kernels',
  counted: 'counted: exact',
  predicted: 'predicted: by the cost model',
  emulated: 'emulated: time here, no claim about kernel time',
};

/** The answer, large: recorded ratios alone. */
function headline({ comparisons }: Report): Markup | undefined {
  const spans = recordedSpans(comparisons.map(({ value }) => value));
  if (spans.length === 0) return undefined;
  const numbers = spans.map(([name, ratios]) =>
    el('div', {}, el('dt', {}, name), el('dd', {}, ratios.replace('× to ', ' – '))),
  );
  return fragment(
    el('dl', { class: 'headline' }, ...numbers),
    el(
      'p',
      { class: 'note' },
      'Instructions recorded on Linux 7.3 (refcounted) ÷ 6.12 (devmap bit), over all unit sizes that were recorded. 1G units were not.',
    ),
  );
}

interface Shown {
  readonly section: Section;
  readonly body: Markup;
}

function sectionElement({ section: { id, title, kind }, body }: Shown): Markup {
  const tag = kind && el('span', { class: `kind ${kind}` }, KINDS[kind]);
  return el('section', { id }, el('h2', {}, title), tag, body);
}

/** Results as data in the page: what `data-at` pointers point into. */
function embedded(report: Report): Markup {
  const json = JSON.stringify(report.results).replaceAll('<', '\\u003c');
  return el('script', { type: 'application/json', id: 'results' }, { markup: json });
}

/**
 * A report as one file: no script, no font, no picture from anywhere else, so that it opens from
 * disk, from a mail and in ten years.
 */
export function htmlReport(report: Report): string {
  const shown = SECTIONS.flatMap((section): readonly Shown[] => {
    const body = section.html(report);
    return body ? [{ section, body }] : [];
  });
  const links = shown.map(({ section: { id, title } }) =>
    el('li', {}, el('a', { href: `#${id}` }, title)),
  );
  const page = el(
    'html',
    { lang: 'en' },
    el(
      'head',
      {},
      el('meta', { charset: 'utf-8' }),
      el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      el('meta', { name: 'color-scheme', content: 'light dark' }),
      el('title', {}, TITLE),
      el('style', {}, { markup: STYLE }),
    ),
    el(
      'body',
      {},
      el(
        'header',
        {},
        el('p', { class: 'name' }, 'daxstorm'),
        el('h1', {}, TITLE),
        el(
          'p',
          { class: 'lead' },
          'What does it cost to refcount every mapping of a device-DAX page (Linux 6.15 and later) instead of marking it with the devmap page-table bit (6.14 and earlier)?',
        ),
        headline(report),
        el('nav', { 'aria-label': 'sections' }, el('ul', {}, ...links)),
      ),
      el('main', {}, ...shown.map(sectionElement)),
      embedded(report),
    ),
  );
  return `<!doctype html>\n${page.markup}\n`;
}
