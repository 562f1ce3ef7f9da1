/** A cell's text; numbers and dashes go right, words left. */
export type Cell = string;

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Columns of one group stand under its name, drawn over them. */
  readonly group?: string;
}

const GAP = '  ';

function pad(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - [...text].length));
  return align === 'left' ? text + space : space + text;
}

/** The line over the titles: each group's name centred on a rule as wide as its columns. */
function groupLine(columns: readonly Column[], widths: readonly number[]): string | undefined {
  if (columns.every((column) => column.group === undefined)) return undefined;
  const parts: string[] = [];
  for (let i = 0; i < columns.length; ) {
    const { group } = columns[i] as Column;
    let end = i + 1;
    while (end < columns.length && group !== undefined && columns[end]?.group === group) end += 1;
    const width = widths
      .slice(i, end)
      .reduce((sum, each) => sum + each, GAP.length * (end - i - 1));
    const name = group === undefined ? '' : ` ${group} `;
    const rule = group === undefined ? ' ' : '─';
    const left = Math.max(0, Math.floor((width - name.length) / 2));
    parts.push((rule.repeat(left) + name).padEnd(width, rule));
    i = end;
  }
  return parts.join(GAP).trimEnd();
}

/** A table as lines, columns as wide as their widest cell. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string {
  const groupWidth = (name: string): number => name.length + 2;
  const widths = columns.map((column, i) =>
    Math.max(...[column.title, ...rows.map((row) => row[i] ?? '')].map((cell) => [...cell].length)),
  );
  // A group whose name is wider than its columns widens the first of them.
  columns.forEach((column, i) => {
    if (column.group === undefined || columns[i - 1]?.group === column.group) return;
    const members = columns.filter((each) => each.group === column.group).length;
    const inside = widths.slice(i, i + members).reduce((sum, each) => sum + each + GAP.length, 0);
    const short = groupWidth(column.group) - (inside - GAP.length);
    if (short > 0) widths[i] = (widths[i] as number) + short;
  });
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, i) => pad(cell, widths[i] as number, columns[i]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const head = groupLine(columns, widths);
  const titles = line(columns.map((column) => column.title));
  return [...(head === undefined ? [] : [head]), titles, ...rows.map(line)].join('\n');
}
