import type { GateResult } from '../../gate/gate.ts';

/** A result in the shape of schema/gate.ts. */
export function gateJson({ verdict, seed, violation, counts, timing }: GateResult) {
  const countPart =
    typeof counts === 'string'
      ? { skipped: counts }
      : {
          baseline: counts.baseline,
          compared: counts.compared,
          missing: counts.missing,
          moves: counts.moves,
          ...counts.counts,
        };
  const timePart =
    typeof timing === 'string'
      ? { skipped: timing }
      : {
          base: timing.base,
          head: timing.head,
          doublings: timing.doublings,
          confirmSeed: timing.seed,
          rows: timing.rows,
        };
  return { verdict, seed, violation, counts: countPart, timing: timePart };
}
