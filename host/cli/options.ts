import { Option } from 'commander';
import { DaxError } from '../error.ts';
import { KERNEL_IDS } from '../kernel.ts';
import { SEED_MAX } from '../random.ts';
import { EXPONENT_MAX, PATTERNS } from '../storm/pattern.ts';
import { TOUCHES_MAX } from '../storm/scenario.ts';
import { suggest } from '../suggest.ts';
import { RANGES_MAX } from '../syscall/device.ts';
import { ALIGN_NAMES, parseAlign, parseSize } from '../units.ts';
import { RECORD_FORMATS } from '../wasm/bank.ts';

export function wholeNumber(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new DaxError(
      'E_VALUE',
      `--${name} '${text}' is not a whole number from ${least} to ${most}`,
      `give one from ${least} to ${most}`,
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
      `give one from ${least} to ${most}`,
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
      `give one up to ${most}`,
    );
  };
}

/** One of some words. Fails: E_VALUE with the nearest of them. */
export function oneOf<Word extends string>(what: string, words: readonly Word[]) {
  return (text: string): Word => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new DaxError('E_VALUE', `${what} '${text}' is not known`, suggest(text, words));
  };
}

/** An option whose values are known words: help lists them, shells complete them. */
export function choiceOption(flags: string, text: string, words: readonly string[]): Option {
  const option = new Option(flags, text);
  return known(option.argParser(oneOf(`--${option.name()}`, words)), words);
}

/** The same of an option that takes several words. */
export function choicesOption(flags: string, text: string, words: readonly string[]): Option {
  const option = new Option(flags, text);
  const one = oneOf(`--${option.name()}`, words);
  const parse = (word: string, before: readonly string[] = []): readonly string[] => [
    ...before,
    one(word),
  ];
  return known(option.argParser(parse), words);
}

/** The same of an option with a parser of its own. */
export function known(option: Option, words: readonly string[]): Option {
  option.argChoices = [...words];
  return option;
}

/* The options that mean the same in every command. */
export const alignOption = () =>
  known(new Option('--align <unit>', 'unit of the device').argParser(parseAlign), ALIGN_NAMES);

export const sizeOption = () =>
  new Option('--size <bytes>', 'size of the device, like 512MiB or 16GiB').argParser((text) =>
    parseSize(text),
  );

export const kernelOption = () =>
  choiceOption(
    '--kernel <id>',
    'Linux 6.12, 7.3, or 6.15, whose huge leaves are special',
    KERNEL_IDS,
  );

export const mapOption = () =>
  choiceOption('--map <where>', 'where struct pages live: DRAM or the device', ['mem', 'dev']);

export const rangesOption = () =>
  new Option('--ranges <number>', 'physical ranges that a dynamic device is made of').argParser(
    wholeNumber('ranges', 1, RANGES_MAX),
  );

export const patternOption = () =>
  choiceOption('--pattern <order>', 'order in which units are touched', PATTERNS);

export const accessOption = () =>
  choiceOption('--access <kind>', 'kind of access', ['read', 'write']);

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
  new Option(
    '--pin-pages <pages>',
    'pages of 4 KiB that a pin call asks for; 0: no pins',
  ).argParser(wholeNumber('pin-pages', 0, 262_144));

export const recordsOption = () =>
  choiceOption(
    '--records <format>',
    'line: struct pages as the kernel keeps them, to measure with; packed: 9 bytes a 4K page, 64 a folio, ' +
      'to scale with (the first run compiles builds)',
    RECORD_FORMATS,
  );

/** A whole number from 1 up. */
export const countOption = (name: string, what: string, most: number) =>
  new Option(`--${name} <number>`, what).argParser(wholeNumber(name, 1, most));

export const firstPageOption = () =>
  new Option(
    '--first-page <page>',
    'first page of 4 KiB of the leaf that is got or pinned',
  ).argParser(wholeNumber('first-page', 0, 262_143));
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
