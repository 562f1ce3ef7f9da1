import { ascii, wrap } from './markdown.ts';
import type { Report } from './report.ts';
import type { NumberKind } from './section.ts';
import { SECTIONS } from './sections.ts';
import { summary } from './words.ts';

/* The Markdown report: what a patch's cover letter has room for. */

const KINDS: Readonly<Record<NumberKind, string>> = {
  recorded: 'recorded',
  counted: 'counted',
  predicted: 'predicted',
  emulated: 'emulated here',
};

export function markdownReport(report: Report): string {
  const parts = SECTIONS.flatMap(({ title, kind, markdown }) => {
    const text = markdown?.(report);
    if (text === undefined) return [];
    return [`## ${title}${kind ? ` (${KINDS[kind]})` : ''}\n\n${text}`];
  });
  const answer = report.comparisons.length
    ? [wrap(summary(report.comparisons.map(({ value }) => value)))]
    : [];
  const head = ['# Device-DAX: devmap bit against refcounts', ...answer];
  return `${ascii([...head, ...parts].join('\n\n'))}\n`;
}
