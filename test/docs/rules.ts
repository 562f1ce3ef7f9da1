// What is done otherwise than a page says, all of it: commands cut short, and what is not run at all.

/** Options put behind a command's own, so that a page does not take as long to test as to work through. */
export const SHORTENED: Readonly<Record<string, readonly string[]>> = {
  compare: ['--time', '0.05'],
  storm: ['--time', '0.05'],
  run: ['--time', '0.05'],
  replay: ['--time', '0.05'],
  report: ['--time', '0.05'],
  scale: ['--time', '0.05', '--size', '64MiB'],
  demo: ['--time', '0.05'],
  'npm start': ['--', '--time', '0.05'],
  'npm run fuzz': ['--events', '300'],
  'npm run race': ['--ops', '20000'],
};

/** A command, or a block, that is not run; `start` is how it begins. */
export interface Exception {
  readonly start: string;
  readonly reason: string;
}

export const EXCEPTIONS: readonly Exception[] = [
  { start: 'git clone', reason: 'fetches the project; the tests run in a clone' },
  { start: 'npm install', reason: 'asks a registry; test/package installs the packed tarball' },
  {
    start: 'npm link',
    reason: "changes this machine's npm; the tests have daxstorm on their path",
  },
  { start: 'perf ', reason: 'records the whole machine: needs perf and leave to trace' },
  { start: 'trace-cmd ', reason: 'records the whole machine: needs root' },
  { start: 'npm ci', reason: 'asks a registry; CI begins with it' },
  { start: 'npm run gate -- --update', reason: "writes the project's own baseline" },
  { start: '$ daxstorm gate --head broken', reason: 'needs a broken core; test/gate has some' },
  { start: 'daxstorm gate --base', reason: 'needs another revision or core; test/gate makes some' },
  { start: '<script type="module">', reason: 'is a page; test/browser opens it in Chromium' },
  { start: '   CLI          library', reason: 'is a drawing' },
  { start: ' bank ┌', reason: 'is a drawing' },
  { start: 'daxstorm ladder', reason: 'compiles sixteen builds; test/unit/ladder.test.ts has it' },
  { start: 'daxstorm sweep', reason: 'takes minutes; test/sweep/docs.test.ts runs a small grid' },
  { start: 'daxstorm merge', reason: 'what those sweeps left; test/sweep/docs.test.ts runs it' },
  { start: 'daxstorm: 24 of 216', reason: 'what merge refuses; test/sweep/merge.test.ts does' },
  {
    start: 'daxstorm storm --size 1TiB',
    reason: 'takes 4.4 GiB and minutes; test/unit/packed.test.ts and banks.test.ts have small ones',
  },
  { start: 'npm test', reason: 'is what runs these tests' },
  { start: 'npm run check', reason: 'CI runs it beside these tests' },
  { start: 'npm run selfcheck', reason: 'takes minutes by its nature' },
  { start: 'core ÷ twin', reason: 'npm run bench:native prints it, in minutes' },
  { start: 'this machine, in C', reason: 'npm run bench:native prints it, in minutes' },
  { start: '2 threads against one', reason: 'npm run bench:native prints it, in minutes' },
];

/** Pages that are generated and not worked through, and what holds them. */
export const GENERATED: Readonly<Record<string, string>> = {
  'docs/cli.md':
    'made of --help; test/cli/reference.test.ts holds it to that, and every example to its command',
  'docs/api.md': 'made of the docstrings; test/library/reference.test.ts holds it to them',
};
