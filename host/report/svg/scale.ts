/** Where a value stands on an axis, from `from` to `to` of whatever the axis is measured in. */
export interface Scale {
  (value: number): number;
  readonly domain: readonly [number, number];
}

type Range = readonly [from: number, to: number];

function makeScale(domain: Range, range: Range, measure: (value: number) => number): Scale {
  const [first, last] = [measure(domain[0]), measure(domain[1])];
  if (!(last > first)) throw new Error(`no axis from ${domain[0]} to ${domain[1]}`);
  const place = (value: number): number =>
    range[0] + ((measure(value) - first) / (last - first)) * (range[1] - range[0]);
  return Object.assign(place, { domain });
}

export function linearScale(domain: Range, range: Range): Scale {
  return makeScale(domain, range, (value) => value);
}

/** For ratios and times: equal factors, equal lengths. Values must be above 0. */
export function logScale(domain: Range, range: Range): Scale {
  if (!(domain[0] > 0)) throw new Error(`a logarithmic axis cannot begin at ${domain[0]}`);
  return makeScale(domain, range, Math.log10);
}

/** A value without the last digits that binary fractions leave behind. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}

/** The step of 1, 2 or 5 times a power of ten that makes about `count` steps of `span`. */
function roundStep(span: number, count: number): number {
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * power >= rough * 0.999) ?? 10;
  return clean(factor * power);
}

/** Round values from `low` to `high`, about `count` steps apart. */
export function linearTicks([low, high]: Range, count: number): readonly number[] {
  const step = roundStep(high - low, count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => clean((first + i) * step));
}

/** A domain widened to the round values around it. */
export function niceDomain([low, high]: Range, count: number): Range {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const step = roundStep(span, count);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  return [clean(first * step), clean(Math.max(last, first + 1) * step)];
}

/** 1, 2, 5 times powers of ten within the bounds; 1, 3 or powers alone where those were too many. */
export function logTicks([low, high]: Range, count = 6): readonly number[] {
  const powers: number[] = [];
  for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); p++) powers.push(p);
  const within = (factors: readonly number[]): readonly number[] =>
    powers
      .flatMap((power) => factors.map((factor) => clean(factor * 10 ** power)))
      .filter((value) => value >= low * 0.999 && value <= high * 1.001);
  const fits = [
    [1, 2, 5],
    [1, 3],
  ]
    .map(within)
    .find((ticks) => ticks.length <= count);
  return fits ?? within([1]);
}

/** The bounds of values on a logarithmic axis, with some room. */
export function logDomain(values: readonly number[], room = 1.15): Range {
  const known = values.filter((value) => value > 0 && Number.isFinite(value));
  if (known.length === 0) return [0.5, 2];
  return [Math.min(...known) / room, Math.max(...known) * room];
}
