// The doctor's verdict on machines that are made of files, and on the one it runs on.
import { describe, expect, test } from 'vitest';
import { capacities } from '../../host/doctor/capacity.ts';
import { canTime, diagnose, type Examination } from '../../host/doctor/doctor.ts';
import { machineFacts, parseCpuList } from '../../host/doctor/machine.ts';
import { expectedShare, type Resolution } from '../../host/doctor/resolution.ts';
import { optionalTools } from '../../host/doctor/tools.ts';
import { formatDiagnosis } from '../../host/report/doctor.ts';
import { GIB } from '../../host/units.ts';
import { daxstorm } from '../cli/spawn.ts';
import { onMachine } from './machine.ts';

const CPU = '/sys/devices/system/cpu';

const SERVER: Readonly<Record<string, string>> = {
  '/proc/cpuinfo': 'processor : 0\nmodel name\t: A Processor\nflags\t\t: fpu tsc',
  '/proc/meminfo': 'MemTotal: 16777216 kB\nMemAvailable: 12582912 kB',
  '/proc/loadavg': '0.10 0.10 0.10 1/2 3',
  '/proc/self/status': 'Cpus_allowed_list:\t0-3',
  [`${CPU}/online`]: '0-3',
  [`${CPU}/cpu0/topology/thread_siblings_list`]: '0,2',
  [`${CPU}/cpu1/topology/thread_siblings_list`]: '1,3',
  [`${CPU}/cpu2/topology/thread_siblings_list`]: '0,2',
  [`${CPU}/cpu3/topology/thread_siblings_list`]: '1,3',
  [`${CPU}/cpu0/cache/index0/level`]: '1',
  [`${CPU}/cpu0/cache/index0/size`]: '32K',
  [`${CPU}/cpu0/cache/index0/type`]: 'Data',
  [`${CPU}/cpu0/cpufreq/scaling_governor`]: 'performance',
  '/sys/kernel/mm/transparent_hugepage/enabled': 'always [madvise] never',
  '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc',
};

const PROGRAMS = { gcc: 'gcc 12', chromium: 'Chromium 1', perf: 'perf 6', git: 'git 2' };

function examined(
  files: Readonly<Record<string, string>> = {},
  changed: Partial<Examination> = {},
): Examination {
  const limits = [
    { of: 'memory', name: 'MemAvailable', freeBytes: 12 * GIB, remedy: 'close other programs' },
  ] as const;
  return {
    facts: onMachine({ ...SERVER, ...files }, machineFacts),
    clock: { resolutionNs: 1, costNs: 40 },
    limits,
    capacities: capacities(limits),
    builds: [{ name: 'devmap-counted', problem: undefined }],
    tools: onMachine({}, (sources) => optionalTools(sources, () => '0.28.20'), PROGRAMS),
    ...changed,
  };
}

const SHARP: Resolution = {
  align: '4K',
  sizeBytes: GIB,
  seconds: 4,
  seed: 1,
  turns: 200,
  halfWidths: [{ operation: 'fault', share: 0.01 }],
  share: 0.01,
};

test('lists of processors', () => {
  expect(parseCpuList('0-2,5')).toEqual([0, 1, 2, 5]);
  expect(parseCpuList('7')).toEqual([7]);
  expect(parseCpuList('')).toEqual([0]);
});

test('a machine of files', () => {
  expect(onMachine(SERVER, machineFacts)).toMatchObject({
    cpu: 'A Processor',
    cpus: 4,
    cores: 2,
    usableCpus: 4,
    caches: ['32K L1 data'],
    memoryBytes: 16 * GIB,
    governor: 'performance',
    hugePages: 'madvise',
    clocksource: 'tsc',
    virtual: false,
    load: 0.1,
  });
});

test('a good machine: nothing to mend', () => {
  const { warnings } = diagnose(examined(), SHARP);
  // The flags that the test runner gave Node are no fault of the machine.
  expect(warnings.filter(({ what }) => !what.startsWith('Node runs with'))).toEqual([]);
});

const FAULTS: readonly (readonly [what: string, files: Record<string, string>, remedy: string])[] =
  [
    ['this is a virtual machine', { '/proc/cpuinfo': 'flags : fpu hypervisor' }, '--time'],
    [
      'the governor is powersave',
      { [`${CPU}/cpu0/cpufreq/scaling_governor`]: 'powersave' },
      'cpupower',
    ],
    ['something else is running: load 6.00', { '/proc/loadavg': '6.00 1 1 1/1 1' }, 'end it'],
    [
      'all 2 processors are hardware threads of one core',
      { [`${CPU}/online`]: '0-1', [`${CPU}/cpu1/topology/thread_siblings_list`]: '0,2' },
      'another machine',
    ],
    ['1 of 4 processors may be used', { '/proc/self/status': 'Cpus_allowed_list:\t2' }, 'taskset'],
  ];

describe('each fault is a warning with its remedy', () => {
  test.each(FAULTS)('%s', (what, files, remedy) => {
    const { warnings } = diagnose(examined(files), SHARP);
    expect(warnings).toContainEqual({
      what: expect.stringContaining(what),
      remedy: expect.stringContaining(remedy),
    });
  });

  test('what it cannot tell apart, a coarse clock, a missing build or program, no room', () => {
    const limits = [
      { of: 'memory', name: 'memory.max of cgroup /', freeBytes: GIB / 4, remedy: 'raise it' },
    ] as const;
    const sick = examined(
      {},
      {
        clock: { resolutionNs: 4e6, costNs: 900 },
        limits,
        capacities: capacities(limits),
        builds: [{ name: 'x', problem: "the core 'x' is not built" }],
        tools: onMachine({}, (sources) => optionalTools(sources, () => undefined)),
      },
    );
    expect(canTime(sick)).toBe(false);
    const { warnings } = diagnose(sick, { ...SHARP, share: 0.2 });
    const text = warnings.map(({ what, remedy }) => `${what}; ${remedy}`).join('\n');
    for (const said of [
      'npm run build',
      'memory.max of cgroup / leaves room for 0',
      'raise it, or use a smaller --size',
      'below 20.0 % are not told from none in 4 s',
      'clocksource=tsc',
      'no gcc',
      'npm install assemblyscript@0.28',
    ])
      expect(text).toContain(said);
  });
});

test('a share of a longer run: intervals narrow with the root of the time', () => {
  expect(expectedShare(SHARP, 10)).toBeCloseTo(0.01, 6);
  expect(expectedShare(SHARP, 40)).toBeCloseTo(0.005, 6);
});

test('the page says so where nothing was timed', () => {
  expect(formatDiagnosis(diagnose(examined(), undefined))).toContain('not measured');
});

test('daxstorm doctor: every part, exit 0 whatever it finds', async () => {
  const { status, stdout, stderr } = await daxstorm(['doctor', '--time', '0.2', '--align', '2M']);
  expect([status, stderr]).toEqual([0, '']);
  for (const title of ['Machine', 'What it can resolve', 'What it can hold', 'What is there'])
    expect(stdout).toContain(`${title}\n`);
  expect(stdout).toMatch(/2M units, 4 GiB, 0\.2 s, \d+ turns, seed 1/);
  expect(stdout).toMatch(/fault +± [\d.e+]+ %/);
  expect(stdout).toMatch(/builds of the core +6 of 6/);
  expect(stdout).not.toMatch(/NaN|undefined/);
});
