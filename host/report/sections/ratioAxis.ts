import { ROW_RANGE, type RowAxis } from '../svg/rowChart.ts';
import { logDomain, logScale, logTicks } from '../svg/scale.ts';

/** A logarithmic axis for ratios refcount ÷ devmap, always with 1 on it. */
export function ratioAxis(ratios: readonly number[]): RowAxis {
  const domain = logDomain([...ratios, 0.8, 1.25]);
  return {
    scale: logScale(domain, ROW_RANGE),
    ticks: logTicks(domain),
    label: (value) => `${value}×`,
    origin: 1,
  };
}
