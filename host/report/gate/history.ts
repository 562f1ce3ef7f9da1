import type { GateResult } from '../../gate/gate.ts';

/** One point of a history: smaller is better for every one. */
interface Point {
  readonly benchmark: string;
  readonly measure: string;
  readonly unit: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/**
 * Everything that was counted and timed, an operation. A time's name holds the machine's id, so that
 * no dashboard draws two machines as one line; counts are the same on every machine.
 */
function points({ counts, timing }: GateResult, machineId: string): readonly Point[] {
  const counted =
    typeof counts === 'string'
      ? []
      : counts.counts.scenarios.flatMap(({ name, operations }) =>
          operations.flatMap(({ kernel, operation, times, events }) =>
            Object.entries(events)
              .filter(([, value]) => value > 0)
              .map(([measure, value]): Point => {
                const whole = measure === 'tableBytes';
                return {
                  benchmark: `${name}/${kernel}/${operation}`,
                  measure,
                  unit: whole ? 'bytes' : times === 1 ? 'in all' : 'an operation',
                  value: whole ? value : value / times,
                };
              }),
          ),
        );
  const artifacts =
    typeof counts === 'string'
      ? []
      : counts.counts.artifacts.flatMap(({ name, wasmBytes, wasmExports }): Point[] => [
          { benchmark: name, measure: 'wasmBytes', unit: 'bytes', value: wasmBytes },
          { benchmark: name, measure: 'wasmExports', unit: 'exports', value: wasmExports },
        ]);
  const timed =
    typeof timing === 'string'
      ? []
      : timing.rows.map(
          ({ path, headNs: { value, low, high } }): Point => ({
            benchmark: `${path} on ${machineId}`,
            measure: 'latency',
            unit: 'ns',
            value,
            low,
            high,
          }),
        );
  return [...counted, ...artifacts, ...timed];
}

/** Bencher Metric Format: benchmark, measure, value with its bounds. */
export function bencherHistory(result: GateResult, machineId: string) {
  const history: Record<string, Record<string, object>> = {};
  for (const { benchmark, measure, value, low, high } of points(result, machineId)) {
    const bounds = low === undefined ? {} : { lower_value: low, upper_value: high };
    history[benchmark] = { ...history[benchmark], [measure]: { value, ...bounds } };
  }
  return history;
}

/** What github-action-benchmark reads as customSmallerIsBetter. */
export function smallerIsBetterHistory(result: GateResult, machineId: string) {
  return points(result, machineId).map(({ benchmark, measure, unit, value, low, high }) => ({
    name: `${benchmark}: ${measure}`,
    unit,
    value,
    ...(low === undefined ? {} : { range: `${low} to ${high}`, extra: `machine ${machineId}` }),
  }));
}
