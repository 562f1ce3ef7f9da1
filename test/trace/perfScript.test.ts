// The reader of perf-script fault traces: lines it takes, lines it does not, and what it says.
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaxError } from '../../host/error.ts';
import type { FaultTrace } from '../../host/trace/faultTrace.ts';
import { readTrace } from '../../host/trace/open.ts';
import { PerfScriptReader } from '../../host/trace/perfScript.ts';
import { distinctPages, placeTrace } from '../../host/trace/placement.ts';
import { SAMPLE_TRACE } from '../../host/trace/sample.ts';

const LINE =
  '    redis-server   358 [001]  4632.579334: exceptions:page_fault_user: address=0x7f9d9e79db70 ip=0x7f9d9e79db70 error_code=0x6';
const PAGE = 0x7f9d9e79d;

function parse(text: string, chunks: readonly string[] = [text]): FaultTrace {
  const reader = new PerfScriptReader();
  for (const chunk of chunks) reader.feed(chunk);
  return reader.finish('t');
}

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (DaxError.is(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe('lines that are faults', () => {
  test.each([
    ['perf script', LINE],
    ['no cpu', LINE.replace('[001]', '')],
    ['pid/tid', LINE.replace('358', '358/361')],
    ['a name with spaces', LINE.replace('redis-server', 'tokio runtime w')],
    ['no system prefix', LINE.replace('exceptions:page', 'page')],
    [
      'ftrace',
      'bash-930   [003] d...  6288.896762: page_fault_user: address=0x7f9d9e79db70 ip=0x7ff74f7aa84c error_code=0x6',
    ],
    ['the ip as a symbol', LINE.replace('ip=0x7f9d9e79db70', 'ip=main')],
    ['carriage return', `${LINE}\r`],
  ])('%s', (_, line) => {
    const trace = parse(`${line}\n`);
    expect([...trace.pages]).toEqual([PAGE]);
    expect([...trace.errorCodes]).toEqual([6]);
    expect(trace.warnings).toEqual([]);
  });

  test('blank lines and comments are nothing; the last newline may lack', () => {
    const trace = parse(`# captured on host\n\n${LINE}\n   \n${LINE.replace('0x6', '0x14')}`);
    expect([...trace.errorCodes]).toEqual([6, 0x14]);
    expect([trace.skippedLines, trace.warnings]).toEqual([0, []]);
  });
});

describe('lines that are not', () => {
  test.each([
    ['an address printed as a symbol', LINE.replace('address=0x7f9d9e79db70', 'address=buf')],
    ['no error code', LINE.replace(/ error_code.*/, '')],
    ['an error code without digits', LINE.replace('0x6', '0x')],
    ['another event', LINE.replace('page_fault_user', 'page_fault_kernel')],
    ['a longer address than a machine has', LINE.replace('0x7f9d9e79db70', '0x17f9d9e79db70ffff0')],
    ['a line of a megabyte', 'x'.repeat(1 << 20)],
  ])('%s is skipped and counted', (_, line) => {
    const trace = parse(`${LINE}\n${line}\n${LINE}\n`);
    expect([trace.pages.length, trace.skippedLines, trace.linesRead]).toEqual([2, 1, 3]);
    expect(trace.warnings).toEqual(['skipped 1 line that holds no page fault (line 2)']);
  });

  test('many are counted, the first three named, and a majority said', () => {
    const { warnings, skippedLines } = parse(`junk\njunk\n${LINE}\njunk\njunk\n`);
    expect(skippedLines).toBe(4);
    expect(warnings).toEqual([
      'skipped 4 lines that hold no page fault (line 1, 2, 4, …): more than were read',
    ]);
  });

  test('a torn last line is named, and nothing else lost', () => {
    const trace = parse(`${LINE}\n${LINE}\n${LINE.slice(0, -6)}`);
    expect(trace.pages.length).toBe(2);
    expect(trace.warnings).toEqual([
      'line 3 is torn: the file ends in the middle of it',
      'skipped 1 line that holds no page fault (line 3)',
    ]);
  });
});

describe('files that are no fault trace', () => {
  test.each([
    ['', 'E_TRACE_EMPTY', 'holds no line'],
    ['\n# only a comment\n', 'E_TRACE_EMPTY', 'holds no line'],
    ['hello\nworld\n', 'E_TRACE_FORMAT', "begins with 'hello'"],
    ['PERFILE2\x01\x02', 'E_TRACE_FORMAT', 'binary perf.data'],
    [
      '  gcc 1/1 3365.8: page-faults:  7fa5fb065e06 _rtld 7fa5fb04d7ad _dl\n',
      'E_TRACE_FORMAT',
      'page-faults event',
    ],
    [
      '  0.123 ( 0.000 ms): true/25970 minfault [_start+0x0] => x@0x1 (d.)\n',
      'E_TRACE_FORMAT',
      'perf trace',
    ],
    [' S 1fff000768,8\n L 1ffeffe7f8,8\n', 'E_TRACE_FORMAT', 'lackey'],
    [LINE.replace('address=0x7f9d9e79db70', 'address=buf'), 'E_TRACE_FORMAT', 'symbols'],
  ])('%j', (text, code, words) => {
    expect(codeOf(() => parse(text))).toBe(code);
    expect(() => parse(text)).toThrow(words);
  });

  test('what is shown of one is short and printable', () => {
    expect(() => parse(`\x1b[31m${'y'.repeat(500)}`)).toThrow(/begins with '\?\[31my{40,60}…'/);
  });
});

describe('any text at all', () => {
  test('random and mutated bytes never fail but by name', () => {
    const mutated = fc
      .tuple(
        fc.array(fc.constantFrom(LINE, '', '#x', 'junk'), { maxLength: 20 }),
        fc.string(),
        fc.nat(2000),
      )
      .map(([lines, noise, at]) => {
        const text = lines.join('\n');
        return text.slice(0, at) + noise + text.slice(at);
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.string({ unit: 'binary' })), (text) => {
        expect([undefined, 'E_TRACE_EMPTY', 'E_TRACE_FORMAT']).toContain(codeOf(() => parse(text)));
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  test('where chunks end changes nothing', () => {
    const text = `${LINE}\njunk\n${LINE.replace('79db70', '79cb70')}\n\n# c\n${LINE.slice(0, 90)}`;
    const whole = parse(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, i) => text.slice(at[i], end));
        expect(parse(text, chunks)).toEqual(whole);
      }),
      { seed: 7 },
    );
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const write = (name: string, bytes: string | Uint8Array): string => {
    const file = join(folder, name);
    writeFileSync(file, bytes);
    return file;
  };

  test('gzip is told by its bytes, not its name', async () => {
    const text = `${LINE}\n`.repeat(3);
    expect((await readTrace(write('plain.gz', text))).pages.length).toBe(3);
    expect((await readTrace(write('packed.txt', gzipSync(text)))).pages.length).toBe(3);
  });

  test('a gzip cut short keeps what it held, with a warning', async () => {
    const random = Array.from({ length: 20_000 }, (_, i) =>
      LINE.replace('79db70', ((i * 2654435761) % 0xffffff).toString(16).padStart(6, '0')),
    ).join('\n');
    const packed = gzipSync(random);
    const trace = await readTrace(write('cut.gz', packed.subarray(0, packed.length / 2)));
    expect(trace.pages.length).toBeGreaterThan(1000);
    expect(trace.warnings.join()).toMatch(/gzip is damaged or ends too early/);
  });

  test.each([
    ['nowhere', () => join(folder, 'nowhere')],
    ['a folder', () => folder],
    ['a gzip of nothing readable', () => write('bad.gz', Uint8Array.of(0x1f, 0x8b, 1, 2, 3))],
  ])('%s: E_FILE', async (_, file) => {
    await expect(readTrace(file())).rejects.toMatchObject({ code: 'E_FILE' });
  });

  test('the sample: every fault, page and write, against a plain search of its text', async () => {
    const text = gunzipSync(readFileSync(SAMPLE_TRACE)).toString('latin1');
    const found = [...text.matchAll(/address=0x(\w+)\w{3} .*error_code=0x(\w+)/g)];
    const trace = await readTrace(SAMPLE_TRACE);
    expect(trace.pages.length).toBe(36_808);
    expect(found.length).toBe(36_808);
    expect([...trace.pages]).toEqual(found.map(([, page = '']) => Number.parseInt(page, 16)));
    expect([...trace.errorCodes]).toEqual(
      found.map(([, , code = '']) => Number.parseInt(code, 16)),
    );
    expect(distinctPages(trace)).toBe(new Set(found.map(([, page]) => page)).size);
    expect([trace.skippedLines, trace.warnings]).toEqual([0, []]);
  });
});

describe('placement', () => {
  const trace = (pages: readonly number[], codes: readonly number[]): FaultTrace => ({
    pages: Float64Array.from(pages),
    errorCodes: Uint8Array.from(codes),
    linesRead: pages.length,
    skippedLines: 0,
    warnings: [],
  });

  test('first touch decides the place; later touches find it', () => {
    const placed = placeTrace(trace([70, 9, 70, 5, 9], [4, 6, 7, 0x14, 4]), 10);
    expect([...placed.pages]).toEqual([0, 1, 0, 2, 1]);
    expect([...placed.writes]).toEqual([0, 1, 1, 0, 0]);
    expect([placed.distinctPages, placed.faults, placed.unplacedFaults]).toEqual([3, 5, 0]);
  });

  test('what does not fit, and what is the kernel, is left out and counted', () => {
    const kernel = 0xffff_8000_0000_0;
    const placed = placeTrace(trace([1, kernel, 2, 3, 1], [6, 6, 6, 6, 6]), 2);
    expect([...placed.pages]).toEqual([0, 1, 0]);
    expect(placed.unplacedFaults).toBe(2);
  });
});
