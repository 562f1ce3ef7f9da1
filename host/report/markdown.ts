import type { Child } from './html/markup.ts';

/* Markdown for a mail: ASCII, tables that read as they stand. */

const PLAIN: Readonly<Record<string, string>> = {
  '×': 'x',
  '÷': '/',
  '—': '-',
  '–': '-',
  '−': '-',
  '→': '->',
  '≤': '<=',
  '≥': '>=',
  '·': '|',
  '…': '...',
  µ: 'u',
  '’': "'",
};

/** Text as every mail program shows it. */
export function ascii(text: string): string {
  return text.replace(/[×÷—–−→≤≥·…µ’]/g, (character) => PLAIN[character] as string);
}

interface Column {
  readonly title: Child;
  readonly align: 'left' | 'right';
}

/** A pipe table whose columns line up in plain text too. */
export function markdownTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const titles = columns.map(({ title }) => ascii(String(title)));
  const plain = rows.map((row) => row.map((cell) => ascii(cell).replaceAll('|', '\\|')));
  const widths = titles.map((title, i) =>
    Math.max(3, title.length, ...plain.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) =>
      columns[i]?.align === 'right'
        ? cell.padStart(widths[i] as number)
        : cell.padEnd(widths[i] as number),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = columns.map(({ align }, i) =>
    align === 'right'
      ? `${'-'.repeat((widths[i] as number) - 1)}:`
      : '-'.repeat(widths[i] as number),
  );
  return [line(titles), `| ${rule.join(' | ')} |`, ...plain.map(line)].join('\n');
}

/** Lines of at most `width` columns, broken at spaces. */
export function wrap(text: string, width = 80): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
