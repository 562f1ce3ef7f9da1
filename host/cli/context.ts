import { makeProgress, type Progress } from './output.ts';

/** Exit statuses (one list for all commands). */
export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  regression: 3,
  inconclusive: 4,
  violation: 5,
  interrupted: 130,
} as const;

/** What a running command needs of its surroundings. */
export interface Context {
  readonly progress: Progress;
  /** Aborted by the first Ctrl-C or SIGTERM: finish the block in hand, report what is there. */
  readonly signal: AbortSignal;
}

const STOPS = ['SIGINT', 'SIGTERM'] as const;

/** Ctrl-C or SIGTERM once stops cleanly, twice at once. */
export function makeContext(): Context {
  const progress = makeProgress();
  const controller = new AbortController();
  const stop = (): void => {
    // With nobody listening the next one ends the process, in the middle of a block too.
    for (const each of STOPS) process.off(each, stop);
    progress.clear();
    process.stderr.write('stopping after the block in hand; Ctrl-C again quits at once\n');
    process.exitCode = EXIT.interrupted;
    controller.abort();
  };
  for (const each of STOPS) process.on(each, stop);
  return { progress, signal: controller.signal };
}

/**
 * Does parts of a run one after the other until there are no more, or it is interrupted; the time
 * left that is shown counts the parts to come.
 */
export async function inParts<Part, Done>(
  parts: readonly Part[],
  secondsEach: number,
  { progress, signal }: Context,
  work: (part: Part) => Promise<Done>,
): Promise<readonly Done[]> {
  const done: Done[] = [];
  for (const part of parts) {
    if (signal.aborted) break;
    progress.later((parts.length - done.length - 1) * secondsEach);
    done.push(await work(part));
  }
  progress.later(0);
  return done;
}
