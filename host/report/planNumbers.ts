import type { Basis, StepCost } from '../plan/operations.ts';
import { NONE } from './numbers.ts';

/** How a number of a step is marked: recorded ones are not. */
const MARKS: Readonly<Record<Basis | 'arithmetic', string>> = {
  arithmetic: '',
  recorded: '',
  predicted: '~',
  extrapolated: '?',
};

function threeDigits(value: number): string {
  if (value >= 999.5) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** `430 ns`, `1.28 ms`, `19.6 s`, `3.2 min`, `1.4 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds === 0) return '0';
  for (const [unit, scale] of [
    ['h', 3600],
    ['min', 60],
    ['s', 1],
    ['ms', 1e-3],
    ['µs', 1e-6],
  ] as const) {
    // Minutes and hours only where seconds are hard to read.
    const least = unit === 's' || unit === 'ms' || unit === 'µs' ? scale : 2 * scale;
    if (seconds >= least) return `${threeDigits(seconds / scale)} ${unit}`;
  }
  return `${threeDigits(seconds * 1e9)} ns`;
}

export function markOf(basis: Basis | 'arithmetic'): string {
  return MARKS[basis];
}

/** A step as time at a rate: `1.6 s`, `~1.4 s ±3 %`, `?0.2 ms`. */
export function formatStep(step: StepCost | undefined, rate: number): string {
  if (!step) return NONE;
  const { instructions, basis, error } = step;
  const time = `${markOf(basis)}${formatSeconds(instructions / rate)}`;
  return basis === 'predicted' && error !== undefined
    ? `${time} ±${Math.ceil(error * 100)} %`
    : time;
}

/** `3e9` as `3 billion`. */
export function sayRate(rate: number): string {
  if (rate >= 1e9) return `${threeDigits(rate / 1e9)} billion`;
  return `${threeDigits(rate / 1e6)} million`;
}
