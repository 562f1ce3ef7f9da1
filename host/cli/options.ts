import { Option } from 'commander';
import { DaxError } from '../error.ts';
import { parseKernel } from '../kernel.ts';
import { SEED_MAX } from '../random.ts';
import { EXPONENT_MAX, PATTERNS } from '../storm/pattern.ts';
import { TOUCHES_MAX } from '../storm/scenario.ts';
import { RANGES_MAX } from '../syscall/device.ts';
import { parseAlign, parseSize } from '../units.ts';
import { RECORD_FORMATS } from '../wasm/bank.ts';

export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new DaxError(
      'E_VALUE',
      `--${name} '${text}' is not a whole number from ${least} to ${most}`,
      `use --${name} ${least} or more`,
    );
  };
}

function numberFrom(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= least && value <= most) return value;
    throw new DaxError(
      'E_VALUE',
      `--${name} '${text}' is not a number from ${least} to ${most}`,
      `use --${name} ${least} or more`,
    );
  };
}

export function positiveNumber(name: string, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value > 0 && value <= most) return value;
    throw new DaxError(
      'E_VALUE',
      `--${name} '${text}' is not a number above 0, up to ${most}`,
      `use --${name} 1 or more`,
    );
  };
}

/* The options that mean the same in every command. */
export const alignOption = () =>
  new Option('--align <unit>', 'unit of the device: 4K, 2M or 1G').argParser(parseAlign);

export const sizeOption = () =>
  new Option('--size <bytes>', 'size of the device, like 512MiB or 16GiB').argParser((text) =>
    parseSize(text),
  );

export const kernelOption = () =>
  new Option(
    '--kernel <id>',
    'devmap (Linux 6.12), refcount (7.3) or refcount-6.15 (huge leaves special)',
  ).argParser(parseKernel);

export const mapOption = () =>
  new Option('--map <where>', 'where struct pages live: mem or dev').choices(['mem', 'dev']);

export const rangesOption = () =>
  new Option('--ranges <n>', 'physical ranges that a dynamic device is made of').argParser(
    wholeNumber('ranges', 1, RANGES_MAX),
  );

export const patternOption = () =>
  new Option('--pattern <order>', 'order in which units are touched').choices([...PATTERNS]);

export const accessOption = () =>
  new Option('--access <kind>', 'kind of access').choices(['read', 'write']);

export const strideOption = () =>
  new Option('--stride <units>', 'step of --pattern strided').argParser(
    wholeNumber('stride', 1, 2 ** 28),
  );

export const exponentOption = () =>
  new Option('--exponent <number>', 'skew of --pattern zipf; 0 is none').argParser(
    numberFrom('exponent', 0, EXPONENT_MAX),
  );

export const hotShareOption = () =>
  new Option(
    '--hot-share <share>',
    'share of touches on the hot unit of --pattern hotPage',
  ).argParser(numberFrom('hot-share', 0, 1));

export const touchesOption = () =>
  new Option('--touches <number>', 'touches of --pattern zipf and hotPage').argParser(
    wholeNumber('touches', 0, TOUCHES_MAX),
  );

export const pinPagesOption = () =>
  new Option('--pin-pages <pages>', '4 KiB pages a pin call asks for; 0: no pins').argParser(
    wholeNumber('pin-pages', 0, 262_144),
  );

export const recordsOption = () =>
  new Option(
    '--records <format>',
    'line: struct pages as the kernel keeps them, to measure with; packed: 9 bytes a 4K page, 64 a folio, ' +
      'to scale with (the first run compiles builds)',
  ).choices([...RECORD_FORMATS]);

/** A whole number from 1 up. */
export const countOption = (name: string, what: string, most: number) =>
  new Option(`--${name} <number>`, what).argParser(wholeNumber(name, 1, most));

export const firstPageOption = () =>
  new Option('--first-page <page>', 'first 4 KiB page of the leaf that is got or pinned').argParser(
    wholeNumber('first-page', 0, 262_143),
  );
export const parseSeed = wholeNumber('seed', 0, SEED_MAX);

export const seedOption = () =>
  new Option('--seed <number>', 'seed of everything drawn at random')
    .argParser(parseSeed)
    .default(1);

export const timeOption = (seconds: number) =>
  new Option('--time <seconds>', 'time to measure, per table')
    .argParser(positiveNumber('time', 3600))
    .default(seconds);

export const latencyOption = () =>
  new Option(
    '--latency',
    'also time every operation by itself: p50 to p99.99 and max (the first run compiles builds)',
  );

export const jsonOption = () =>
  new Option('--json [file]', 'print the result as JSON, or write it to a file');
