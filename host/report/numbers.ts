import type { Estimate } from '../measure/stats.ts';

/** What a cell shows where there is no number. */
export const NONE = '—';

/** `1.23`, `19.6`, `4,660`: three digits that matter. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return NONE;
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** `1.16×`; below a tenth three decimals. */
export function formatRatio(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return NONE;
  return `${value.toFixed(value < 0.1 ? 3 : 2)}×`;
}

/** `1.16× [1.14, 1.18]`. */
export function formatEstimate(estimate: Estimate | undefined): string {
  if (!estimate) return NONE;
  const digits = estimate.value < 0.1 ? 3 : 2;
  const bounds = `[${estimate.low.toFixed(digits)}, ${estimate.high.toFixed(digits)}]`;
  return `${estimate.value.toFixed(digits)}× ${bounds}`;
}

/** `[0.98, 1.02]`. */
export function formatBounds(estimate: Estimate | undefined): string {
  return estimate ? `[${estimate.low.toFixed(2)}, ${estimate.high.toFixed(2)}]` : NONE;
}

/** `+1.23`, `−0.40`: what something adds or takes away. */
export function signed(value: number): string {
  const shown = Math.abs(value) < 0.005 ? 0 : value;
  return `${shown < 0 ? '−' : shown > 0 ? '+' : ''}${formatNumber(Math.abs(shown))}`;
}

/** `<.001`, `.032`, `~` where it tells nothing. */
export function formatP(p: number | undefined): string {
  if (p === undefined || Number.isNaN(p)) return NONE;
  if (p >= 0.05) return '~';
  return p < 0.001 ? '<.001' : p.toFixed(3).slice(1);
}

/** `1.3 %`. */
export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Pins per mapping: `0.0054`, `2.5`: two digits that matter. */
export function sayPins(pins: number): string {
  return String(Number(pins.toPrecision(2)));
}
