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
  /** Aborted by the first Ctrl-C: finish the block in hand, report what is there. */
  readonly signal: AbortSignal;
}

/** Ctrl-C once stops cleanly, twice at once. */
export function makeContext(): Context {
  const progress = makeProgress();
  const controller = new AbortController();
  process.on('SIGINT', () => {
    progress.clear();
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write('stopping after the block in hand; Ctrl-C again quits at once\n');
    process.exitCode = EXIT.interrupted;
    controller.abort();
  });
  return { progress, signal: controller.signal };
}
