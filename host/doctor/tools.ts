import { createRequire } from 'node:module';
import type { Sources } from './sources.ts';

/** A program or package that only some of daxstorm needs. */
export interface Tool {
  readonly name: string;
  /** Its own words; undefined where it is not there. */
  readonly version: string | undefined;
  readonly neededFor: string;
  /** How to get it. */
  readonly remedy: string;
}

type Row = readonly [name: string, programs: readonly string[], neededFor: string, remedy: string];

const PROGRAMS: readonly Row[] = [
  ['gcc', ['gcc', 'cc'], 'npm run bench:native, the C twins', 'apt install gcc'],
  [
    'chromium',
    ['chromium', 'chromium-browser', 'google-chrome'],
    'the tests of the browser library',
    'apt install chromium',
  ],
  ['perf', ['perf'], 'recording a trace for daxstorm replay', 'apt install linux-perf'],
  ['git', ['git'], 'daxstorm gate --base REVISION', 'apt install git'],
];

function compilerVersion(): string | undefined {
  const require = createRequire(import.meta.url);
  try {
    return (require('assemblyscript/package.json') as { readonly version: string }).version;
  } catch {
    return undefined;
  }
}

/** What is there of it. */
export function optionalTools(
  sources: Sources,
  compiler: () => string | undefined = compilerVersion,
): readonly Tool[] {
  const programs = PROGRAMS.map(([name, candidates, neededFor, remedy]) => ({
    name,
    version: candidates.map((each) => sources.version(each)).find((each) => each !== undefined),
    neededFor,
    remedy,
  }));
  return [
    {
      name: 'assemblyscript',
      version: compiler(),
      neededFor: 'daxstorm ladder, guard and --latency',
      remedy: 'npm install assemblyscript@0.28',
    },
    ...programs,
  ];
}
