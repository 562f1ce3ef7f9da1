import { clockCostNs, clockResolutionNs } from '../measure/clock.ts';
import { STANDARD_SIZE_BYTES } from '../storm/scenario.ts';
import { formatBytes, GIB } from '../units.ts';
import { type Limit, memoryLimits } from '../wasm/limits.ts';
import { type BuildState, buildStates } from './builds.ts';
import { type Capacity, capacities } from './capacity.ts';
import { type MachineFacts, machineFacts } from './machine.ts';
import type { Resolution } from './resolution.ts';
import type { Sources } from './sources.ts';
import { optionalTools, type Tool } from './tools.ts';

/** Something that makes daxstorm's answers worse or fewer here, and what mends it. */
export interface Finding {
  readonly what: string;
  readonly remedy: string;
}

export interface Clock {
  readonly resolutionNs: number;
  readonly costNs: number;
}

/** A machine as daxstorm sees it. */
export interface Diagnosis {
  readonly facts: MachineFacts;
  readonly clock: Clock;
  readonly limits: readonly Limit[];
  readonly capacities: readonly Capacity[];
  readonly builds: readonly BuildState[];
  readonly tools: readonly Tool[];
  /** Undefined where nothing was timed. */
  readonly resolution: Resolution | undefined;
  readonly warnings: readonly Finding[];
}

/** Everything but the timed run and the verdict on it all. */
export type Examination = Omit<Diagnosis, 'resolution' | 'warnings'>;

export function examine(sources: Sources): Examination {
  const limits = memoryLimits(sources.read);
  return {
    facts: machineFacts(sources),
    clock: { resolutionNs: clockResolutionNs(), costNs: clockCostNs() },
    limits,
    capacities: capacities(limits),
    builds: buildStates(),
    tools: optionalTools(sources),
  };
}

type Rule = (diagnosis: Omit<Diagnosis, 'warnings'>) => readonly Finding[];

/** The oldest Node that package.json asks for. */
const NODE_MIN = [20, 20] as const;
const CLOCK_COARSE_NS = 1000;
const SHARE_WIDE = 0.05;

function isOldNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]);
}

function when(condition: boolean, what: string, remedy: string): readonly Finding[] {
  return condition ? [{ what, remedy }] : [];
}

const nodeRules: Rule = ({ facts: { node, flags } }) => [
  ...when(
    isOldNode(node),
    `Node ${node} is older than ${NODE_MIN.join('.')}`,
    'install a newer Node',
  ),
  ...when(
    flags.length > 0,
    `Node runs with ${flags.join(' ')}: times are of another fingerprint`,
    'leave them out of the command and of NODE_OPTIONS where times matter',
  ),
];

const processorRules: Rule = ({ facts: { cpus, cores, usableCpus, governor, load, virtual } }) => [
  ...when(
    cpus > 1 && cores === 1,
    `all ${cpus} processors are hardware threads of one core`,
    'use another machine for --threads: two threads here share what one would have',
  ),
  ...when(
    usableCpus < cpus,
    `${usableCpus} of ${cpus} processors may be used`,
    'taskset or the cpuset of the container says which',
  ),
  ...when(
    governor !== 'unknown' && governor !== 'performance',
    `the governor is ${governor}: the clock speed changes under a run`,
    'sudo cpupower frequency-set -g performance',
  ),
  ...when(
    load > Math.max(0.5, cpus / 4),
    `something else is running: load ${load.toFixed(2)} on ${cpus} processors`,
    'end it, or measure for longer with --time',
  ),
  ...when(
    virtual,
    'this is a virtual machine: neighbours and the hypervisor are in every time',
    'measure for longer with --time; counts are exact anyway',
  ),
];

const clockRules: Rule = ({ clock: { resolutionNs, costNs }, facts: { clocksource } }) => [
  ...when(
    resolutionNs > CLOCK_COARSE_NS || costNs > CLOCK_COARSE_NS,
    `the clock (${clocksource}) steps by ${resolutionNs.toFixed(0)} ns and takes ${costNs.toFixed(0)} ns to read`,
    'boot with clocksource=tsc where the processor has a constant one',
  ),
];

function remedyOf({ limits }: Pick<Diagnosis, 'limits'>, bound: string): string {
  const raise = limits.find(({ name }) => name === bound)?.remedy;
  return raise ? `${raise}, or use a smaller --size or a larger --align` : 'use a larger --align';
}

const memoryRules: Rule = (diagnosis) => {
  const small = diagnosis.capacities.filter(
    ({ align, map, records, sizeBytes }) =>
      map === 'mem' && records === 'line' && sizeBytes < STANDARD_SIZE_BYTES[align],
  );
  return small.map(({ align, sizeBytes, bound }) => ({
    what: `${bound} leaves room for ${formatBytes(sizeBytes)} in ${align} units; the standard storm has ${formatBytes(STANDARD_SIZE_BYTES[align])}`,
    remedy: remedyOf(diagnosis, bound),
  }));
};

const buildRules: Rule = ({ builds }) => {
  const problems = new Set(builds.flatMap(({ problem }) => problem ?? []));
  return [...problems].map((what) => ({ what, remedy: 'npm run build, or install it again' }));
};

const toolRules: Rule = ({ tools }) =>
  tools.flatMap(({ name, version, neededFor, remedy }) =>
    version === undefined ? [{ what: `no ${name}, which is for ${neededFor}`, remedy }] : [],
  );

const resolutionRules: Rule = ({ resolution }) =>
  when(
    resolution !== undefined && resolution.share > SHARE_WIDE,
    `differences below ${((resolution?.share ?? 0) * 100).toFixed(1)} % are not told from none in ${resolution?.seconds} s`,
    `use a longer --time: four times as long halves it`,
  );

const RULES = [
  nodeRules,
  buildRules,
  memoryRules,
  resolutionRules,
  clockRules,
  processorRules,
  toolRules,
];

/** What an examination and a timed run come to, the gravest first. */
export function diagnose(examination: Examination, resolution: Resolution | undefined): Diagnosis {
  const all = { ...examination, resolution };
  return { ...all, warnings: RULES.flatMap((rule) => rule(all)) };
}

/** Memory that the standard storm of a unit takes is there: whether anything can be timed. */
export function canTime({ capacities: all, builds }: Examination): boolean {
  const standard = all.find(
    ({ align, map, records }) => align === '4K' && map === 'mem' && records === 'line',
  );
  const built = builds.every(({ problem }) => problem === undefined);
  return built && (standard?.sizeBytes ?? 0) >= GIB;
}
