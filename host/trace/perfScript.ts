import { DaxError } from '../error.ts';
import { FaultList, type FaultTrace } from './faultTrace.ts';

/** No text line of a trace is longer; what is, is no text. */
const LINE_CHARS_MAX = 65_536;
/** How many skipped lines a warning names. */
const NAMED_LINES_MAX = 3;
const SHOWN_CHARS_MAX = 60;
const EXPECTED =
  "lines of 'page_fault_user: address=0x… ip=0x… error_code=0x…' (perf script or trace-cmd report)";
const HOW_TO_RECORD =
  'record one with perf record -e exceptions:page_fault_user -- APP, then perf script > FILE';

/** The tracepoint as perf script, trace-cmd and ftrace print it; what stands before it is free. */
const FAULT =
  /\bpage_fault_user:\s+address=0x([0-9a-f]{1,16}) ip=\S+ error_code=0x([0-9a-f]{1,4})\s*$/;

/* Formats people bring by mistake, by the first line that says something. */
const OTHER_FORMATS: readonly (readonly [RegExp, string])[] = [
  [/^PERFILE2/, 'a binary perf.data file: run perf script on it'],
  [/\bpage_fault_user:\s+address=\D/, 'faults whose addresses perf printed as symbols'],
  [
    /\b(?:page-faults|minor-faults|major-faults)\S*:/,
    "perf's page-faults event, which lacks read or write",
  ],
  [/\b(?:min|maj)fault \[/, "perf trace's output, which lacks the address"],
  [/^(?:I {2}| [SLM] )[0-9a-f]+,\d+$/, "Valgrind lackey's accesses, not faults"],
];

function printable(text: string): string {
  const shown = text
    .slice(0, SHOWN_CHARS_MAX)
    .replace(/[^\x20-\x7e]/g, '?')
    .trim();
  return text.length > SHOWN_CHARS_MAX ? `${shown}…` : shown;
}

/**
 * Reads perf-script text of `exceptions:page_fault_user`, chunk by chunk.
 *
 * Why: a trace is larger than a string may be. Blank lines and `#` comments are nothing; any other
 * line that is no fault is skipped and counted.
 */
export class PerfScriptReader {
  readonly #faults = new FaultList();
  readonly #skippedAt: number[] = [];
  readonly #warnings: string[] = [];
  #rest = '';
  /** The line in `#rest` is beyond any text line's length: its start is forgotten. */
  #overlong = false;
  #lines = 0;
  #skipped = 0;
  #firstOther = '';

  get faults(): number {
    return this.#faults.length;
  }

  feed(chunk: string): void {
    const text = this.#rest + chunk;
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#endLine(text.slice(from, end));
      from = end + 1;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length > LINE_CHARS_MAX) {
      this.#overlong = true;
      this.#firstOther ||= this.#rest.slice(0, SHOWN_CHARS_MAX + 1);
      this.#rest = '';
    }
  }

  warn(text: string): void {
    this.#warnings.push(text);
  }

  /**
   * The trace, when all text is fed.
   *
   * Fails: E_TRACE_EMPTY where there was no line, E_TRACE_FORMAT where none was a fault.
   */
  finish(name: string): FaultTrace {
    const torn = this.#rest !== '' && !this.#readsAs(this.#rest);
    if (this.#rest !== '' || this.#overlong) this.#endLine(this.#rest);
    if (torn) this.warn(`line ${this.#lines} is torn: the file ends in the middle of it`);
    if (this.#faults.length === 0) this.#refuse(name);
    if (this.#skipped > 0) this.warn(this.#skippedWords());
    return {
      pages: this.#faults.pages(),
      errorCodes: this.#faults.errorCodes(),
      linesRead: this.#lines,
      skippedLines: this.#skipped,
      warnings: this.#warnings,
    };
  }

  #endLine(raw: string): void {
    this.#lines += 1;
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    const overlong = this.#overlong;
    this.#overlong = false;
    if (!overlong && (line.trim() === '' || line.startsWith('#'))) return;
    const found = overlong ? null : FAULT.exec(line);
    if (found) {
      const [, address = '', errorCode = ''] = found;
      this.#faults.push(Number(BigInt(`0x${address}`) >> 12n), Number.parseInt(errorCode, 16));
      return;
    }
    this.#skipped += 1;
    this.#firstOther ||= line;
    if (this.#skippedAt.length < NAMED_LINES_MAX) this.#skippedAt.push(this.#lines);
  }

  #readsAs(line: string): boolean {
    return line.startsWith('#') || line.trim() === '' || FAULT.test(line);
  }

  #skippedWords(): string {
    const more = this.#skipped > this.#skippedAt.length ? ', …' : '';
    const share = this.#skipped > this.#faults.length ? ': more than were read' : '';
    const lines = this.#skipped === 1 ? '1 line that holds' : `${this.#skipped} lines that hold`;
    return `skipped ${lines} no page fault (line ${this.#skippedAt.join(', ')}${more})${share}`;
  }

  #refuse(name: string): never {
    if (this.#skipped === 0) {
      throw new DaxError('E_TRACE_EMPTY', `trace '${name}' holds no line`, HOW_TO_RECORD);
    }
    const first = this.#firstOther;
    const known = OTHER_FORMATS.find(([pattern]) => pattern.test(first))?.[1];
    const looks = known ? `looks like ${known}` : `begins with '${printable(first)}'`;
    throw new DaxError(
      'E_TRACE_FORMAT',
      `'${name}' is no fault trace: it ${looks}; expected ${EXPECTED}`,
      HOW_TO_RECORD,
    );
  }
}
