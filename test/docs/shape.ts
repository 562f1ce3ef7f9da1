// Whether a command prints what a page shows. Counts, recorded and predicted instructions and words must
// be equal; what the machine has a say in, times and what is made of them, must only be of one shape.

/** What differs from run to run and from machine to machine, and what stands for it. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  // An interval, and the ratio that it belongs to.
  [/(?:[-−+]?[\d.,]+[×x%]? )?\[[-−+]?[\d.,]+, [-−+]?[\d.,]+\]/g, '# [#]'],
  [/\b[\d,]+ turns\b/g, '# turns'],
  [/\bin [\d,]+ places\b/g, 'in # places'],
  // Room to lie elsewhere, and how fast the host gives memory.
  [/^memory: (\d+ banks?), .*$/g, 'memory: $1'],
  [/differ by up to [\d.]+ %/g, 'differ by up to # %'],
  [/\bresolves [\d.]+ (?:ns|µs)/g, 'resolves # ns'],
  [/\btakes [\d.]+ ns itself/g, 'takes # ns itself'],
  [/\b(?:machine|fingerprint) [0-9a-f]{8}\b/g, 'machine #'],
  [/^.*\bfingerprint\b.*$/g, 'machine #'],
  [/--time [\d.]+/g, '--time #'],
  // How many counts a gate has grows with the ledger.
  [/^counts +[\d,]+ of/g, 'counts # of'],
  // Where daxstorm is installed.
  [/(?:[\w.-]*\/)+data\/baselines\//g, 'data/baselines/'],
];

/** A row of a table has cells; prose has no two spaces in a row. */
const ROW = /\S {2,}\S/;
const EMULATED_COLUMNS = /─* ?emulated here[^─]*─*/;
/* Below this all but the operation and the kernel is emulated: so many operations as time was for. */
const LATENCY_COLUMNS = /^latency of .*\boperations\b/;
/** A row of emulated times alone, after its label. */
const EMULATED_ROW = /^(\s*emulated [^\d#]*?) {2,}\d.*$/;

function collapse(line: string): string {
  return line.trimEnd().replace(/─+/g, '─').replace(/\s+/g, ' ');
}

function masked(line: string): string {
  const text = VOLATILE.reduce((so, [pattern, mask]) => so.replace(pattern, mask), line);
  return collapse(text.replace(EMULATED_ROW, '$1 #'));
}

/** Lines as they are compared: columns of emulated times cut off below their headings. */
export function shapeOf(text: string): readonly string[] {
  let cut = Number.POSITIVE_INFINITY;
  let headings = false;
  return text.split('\n').map((line) => {
    const latencies = LATENCY_COLUMNS.exec(line);
    if (latencies) {
      cut = latencies[0].length - 'operations'.length;
      headings = false;
      return collapse(line);
    }
    const columns = EMULATED_COLUMNS.exec(line);
    if (columns) {
      cut = columns.index;
      headings = true;
      return collapse(line).replace(/─ ?| ?─/g, '');
    }
    if (headings) {
      headings = false;
      return collapse(line);
    }
    if (!ROW.test(line)) {
      cut = line.trim() === '' ? Number.POSITIVE_INFINITY : cut;
      return masked(line);
    }
    return masked(line.slice(0, cut));
  });
}

function matches(shown: string, printed: string | undefined): boolean {
  if (printed === undefined) return false;
  return shown.endsWith('…') ? printed.startsWith(shown.slice(0, -1).trimEnd()) : printed === shown;
}

/** How far lines that are shown are lines that were printed, and what stops them. */
interface Alignment {
  /** Of each line shown, which line printed it is; -1 for one that leaves lines out. */
  readonly at: readonly number[];
  readonly difference: string | undefined;
}

function align(shown: string, printed: string): Alignment {
  const lines = shapeOf(printed.trimEnd());
  const at: number[] = [];
  let next = 0;
  let skips = false;
  for (const line of shapeOf(shown.trimEnd())) {
    if (line === '…') {
      at.push(-1);
      skips = true;
      continue;
    }
    if (skips) while (next < lines.length && !matches(line, lines[next])) next += 1;
    if (!matches(line, lines[next]))
      return { at, difference: `${line}\n      printed: ${lines[next] ?? 'nothing more'}` };
    skips = false;
    at.push(next);
    next += 1;
  }
  const rest = lines[next];
  if (skips || rest === undefined) return { at, difference: undefined };
  return { at, difference: `nothing more\n      printed: ${rest}` };
}

/**
 * The first line of `shown` that `printed` does not have in its place, or undefined. `…` alone on a
 * line stands for lines that are left out, at the end of one for the rest of it.
 */
export function firstDifference(shown: string, printed: string): string | undefined {
  return align(shown, printed).difference;
}

/** Which line of `printed` each of `shown` is; undefined where they differ. */
export function alignedLines(shown: string, printed: string): readonly number[] | undefined {
  const { at, difference } = align(shown, printed);
  return difference === undefined ? at : undefined;
}
