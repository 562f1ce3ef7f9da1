/** Whether a short history of overlapping calls is linearizable: by trying every order. */

export interface Call {
  readonly thread: number;
  readonly op: string;
  /** Readings of one clock, before the call and after it. */
  readonly begin: number;
  readonly end: number;
  readonly result: number;
}

/** What the same calls do one after the other. */
export interface Model<State> {
  readonly start: State;
  /** The state after a call that answers its result, or undefined where it cannot answer that. */
  step(state: State, call: Call): State | undefined;
  /** Whether the machine could be found like this in the end. */
  fits(state: State): boolean;
}

/**
 * Whether some order of the calls explains every result and the end, in which no call comes before
 * one that had ended when it began (Herlihy and Wing, 1990). Exponential: for a dozen calls.
 */
export function linearizes<State>(calls: readonly Call[], model: Model<State>): boolean {
  const search = (state: State, left: readonly Call[]): boolean => {
    if (left.length === 0) return model.fits(state);
    const firstEnd = Math.min(...left.map(({ end }) => end));
    return left.some((call) => {
      if (call.begin > firstEnd) return false;
      const next = model.step(state, call);
      return (
        next !== undefined &&
        search(
          next,
          left.filter((each) => each !== call),
        )
      );
    });
  };
  return search(model.start, calls);
}

/** A history as a reader can follow it. */
export function sayHistory(calls: readonly Call[]): string {
  return calls
    .toSorted((a, b) => a.begin - b.begin)
    .map(
      ({ thread, op, begin, end, result }) =>
        `thread ${thread} [${begin}, ${end}] ${op} → ${result}`,
    )
    .join('\n');
}
