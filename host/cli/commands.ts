import type { Command } from 'commander';
import type { Context } from './context.ts';

/** One command: what the list of them says of it, and the module that has the rest. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Not for people to type, so not in the list of them. */
  readonly hidden?: boolean;
  load(context: Context): Promise<Command>;
}

/*
 * Every command, in the order of --help.
 *
 * Why: a command brings the emulator, the cost model or the schemas with it; help, a typo and each
 * other command should not wait for them.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'compare',
    summary: 'the A/B: devmap bit against refcounts, recorded, counted and emulated',
    load: async (context) => (await import('./compare.ts')).compareCommand(context),
  },
  {
    name: 'storm',
    summary: 'one synthetic storm: every event counted, emulated time beside it',
    load: async (context) => (await import('./storm.ts')).stormCommand(context),
  },
  {
    name: 'run',
    summary: 'a scenario file: your workload, counted, priced and timed on both kernels',
    load: async (context) => (await import('./run.ts')).runCommand(context),
  },
  {
    name: 'sweep',
    summary: 'many scenarios, whole or in shards on as many machines as there are; resumes',
    load: async (context) => (await import('./sweep.ts')).sweepCommand(context),
  },
  {
    name: 'merge',
    summary: "a sweep's shards put together, every scenario once",
    load: async (context) => (await import('./merge.ts')).mergeCommand(context),
  },
  {
    name: 'scale',
    summary: 'what more threads do: the scaling curve, races lost, locks waited for',
    load: async (context) => (await import('./scale.ts')).scaleCommand(context),
  },
  {
    name: 'ladder',
    summary: 'where the emulated difference comes from, one step at a time',
    load: async (context) => (await import('./ladder.ts')).ladderCommand(context),
  },
  {
    name: 'replay',
    summary: 'a recorded fault trace on 4K, 2M and 1G units, both kernels',
    load: async (context) => (await import('./replay.ts')).replayCommand(context),
  },
  {
    name: 'walk',
    summary: 'one address through the page tables: entries, flags, the struct page behind',
    load: async (context) => (await import('./walk.ts')).walkCommand(context),
  },
  {
    name: 'unbind',
    summary: 'unbind the driver under mappings and pins: what goes, what is left hanging',
    load: async (context) => (await import('./unbind.ts')).unbindCommand(context),
  },
  {
    name: 'validate',
    summary: 'recorded instructions of real kernels beside what the cost model predicts',
    load: async (context) => (await import('./validate.ts')).validateCommand(context),
  },
  {
    name: 'explain',
    summary: 'where real kernels spend the instructions of an operation, function by function',
    load: async (context) => (await import('./explain.ts')).explainCommand(context),
  },
  {
    name: 'report',
    summary: 'results as one HTML file or as Markdown for a cover letter',
    load: async (context) => (await import('./report.ts')).reportCommand(context),
  },
  {
    name: 'gate',
    summary:
      'stops a regression: exact counts against a baseline, then two cores against the clock',
    load: async (context) => (await import('./gate.ts')).gateCommand(context),
  },
  {
    name: 'guard',
    summary: 'huge leaves over struct pages that are no compound pages: what the guard prevents',
    load: async (context) => (await import('./guard.ts')).guardCommand(context),
  },
  {
    name: 'plan',
    summary: 'what a host of device-DAX memory takes, and which unit size to choose',
    load: async (context) => (await import('./plan.ts')).planCommand(context),
  },
  {
    name: 'doctor',
    summary: 'what this machine can resolve and hold, and what is missing',
    load: async (context) => (await import('./doctor.ts')).doctorCommand(context),
  },
  {
    name: 'completion',
    summary: 'completes commands, flags and values in bash, zsh or fish',
    load: async (context) => (await import('./completion.ts')).completionCommand(context),
  },
  {
    name: '__complete',
    summary: 'what the scripts of completion ask',
    hidden: true,
    load: async (context) => (await import('./complete.ts')).completeCommand(context),
  },
  {
    name: 'demo',
    summary: 'what npm start runs: compare on 4K, 2M and 1G, then the redis sample',
    load: async (context) => (await import('./demo.ts')).demoCommand(context),
  },
];
