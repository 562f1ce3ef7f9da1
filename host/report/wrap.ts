/** Widest line of a report that is not a table. */
const WIDTH_MAX = 118;

/** Words in lines of at most 118 columns; lines after the first begin with `indent`. */
export function wrap(text: string, indent = '  '): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if ([...longer].length > WIDTH_MAX && line.trim() !== '') {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}
