// Scenario files: what fits, and for each mistake the exact line that is printed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { planScenario } from '../../host/compare/scenario.ts';
import { DaxError } from '../../host/error.ts';
import { PACKAGE_ROOT } from '../../host/root.ts';
import { parseScenario } from '../../host/scenario/file.ts';
import { readyNames, readyScenarios } from '../../host/scenario/ready.ts';
import { scenarioJsonSchema } from '../../host/scenario/schema.ts';

const SCHEMA_FILE = join(PACKAGE_ROOT, 'data', 'schemas', 'scenario.v1.schema.json');

const HEAD = 'name: x\ndevice: { size: 4MiB, align: 4K }\n';
const FAULT = 'phases:\n  - phase: fault\n';

/** What the command prints of a file's first mistake, without the program's name. */
function complaint(text: string): string {
  try {
    for (const one of parseScenario(text, 'x.yaml')) planScenario(one);
  } catch (error) {
    if (DaxError.is(error)) return `${error.message}; ${error.hint} [${error.code}]`;
    throw error;
  }
  return 'fits';
}

describe('files that fit', () => {
  test.each([
    ['the least there can be', `${HEAD}${FAULT}`],
    [
      'JSON',
      '{"name": "x", "device": {"size": 2097152, "align": "4K"}, "phases": [{"phase": "fault"}]}',
    ],
    [
      'every phase and every key',
      `$schema: ../schemas/scenario.v1.schema.json
name: all
description: all of it
device: { size: 64MiB, align: 2M, map: dev, namespace: true }
kernels: [refcount]
processes: 2
seed: 9
phases:
  - { phase: fault, title: t, access: read, pattern: strided, stride: 4, offset: 2MiB, length: 8MiB }
  - { phase: fault, pattern: zipf, exponent: 1.1, touches: 10 }
  - { phase: fault, pattern: hotPage, hotShare: 0.5, touches: 10 }
  - { phase: populate, access: read, length: 4MiB }
  - { phase: get, pages: 1, calls: 3, order: uniform, step: 8KiB, path: slow, access: read }
  - { phase: put }
  - { phase: pin, pages: 16, longterm: true, offset: 2MiB, length: 2MiB }
  - { phase: unpin }
  - { phase: mprotect, protection: read }
  - { phase: mprotect, protection: readWrite }
  - repeat: 2
    phases:
      - { phase: dontneed, extent: 2MiB }
      - repeat: 3
        phases: [{ phase: munmap, length: 2MiB }]
  - { phase: fork, children: 4, atOnce: 3, phases: [{ phase: fault }] }
  - { phase: exit }
`,
    ],
  ])('%s', (_, text) => {
    expect(complaint(text)).toBe('fits');
  });
});

describe('files that do not', () => {
  test.each([
    [
      `${HEAD}phases:\n  - phase: fault\n    acess: read\n`,
      "x.yaml:5:5: unknown key 'acess' in phases[0]; did you mean access? [E_SCENARIO]",
    ],
    [
      `${HEAD}${FAULT}sed: 3\n`,
      "x.yaml:5:1: unknown key 'sed' in the scenario; did you mean seed? [E_SCENARIO]",
    ],
    [
      'name: x\ndevice: { size: 4MiB, colour: red }\nphases: [{ phase: fault }]\n',
      "x.yaml:2:23: unknown key 'colour' in device; use size, align, map, namespace [E_SCENARIO]",
    ],
    [
      `${HEAD}phases:\n  - repeat: 2\n    phase: fault\n    phases: [{ phase: fault }]\n`,
      "x.yaml:5:5: unknown key 'phase' in phases[0]; did you mean phases? [E_SCENARIO]",
    ],
    [
      'name: x\ndevice: { size: 4MiB, align: 3M }\nphases: [{ phase: fault }]\n',
      "x.yaml:2:23: device.align is '3M'; use 4K, 2M, 1G [E_SCENARIO]",
    ],
    [
      'name: x\ndevice: { size: 3 apples }\nphases: [{ phase: fault }]\n',
      "x.yaml:2:11: device.size is '3 apples', no size of whole bytes up to 4096TiB; write it like 4096, 64K, 2MiB, 1.5GiB or 1TiB [E_SCENARIO]",
    ],
    [
      'name: x\ndevice: { size: 3MiB, align: 2M }\nphases: [{ phase: fault }]\n',
      'x.yaml:2:11: size 3 MiB is not a positive multiple of the 2M unit; use size 4MiB [E_DEVICE_SIZE]',
    ],
    [
      'name: x\ndevice: { size: 1TiB, align: 4K }\nphases: [{ phase: fault, pattern: zipf }]\n',
      'x.yaml:2:11: each 512 GiB of this device needs 10.035 GiB of page records and tables; one bank holds 4 GiB; use a smaller size, a larger align or records packed [E_BANK_SPAN]',
    ],
    [
      `${HEAD}phases:\n  - phase: falt\n`,
      "x.yaml:4:5: phases[0].phase is 'falt'; did you mean fault? [E_SCENARIO]",
    ],
    [`${HEAD}phases: []\n`, 'x.yaml:3:1: phases is a list of 0; write one or more [E_SCENARIO]'],
    [HEAD, 'x.yaml:1:1: phases is missing; write a list [E_SCENARIO]'],
    [
      `${HEAD}phases:\n  - repeat: 3\n    phases:\n      - phase: pin\n        pages: 0\n`,
      'x.yaml:7:9: phases[0].phases[0].pages is 0; use 1 or more [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - phase: pin\n    pages: many\n`,
      "x.yaml:5:5: phases[0].pages is 'many'; write a number [E_SCENARIO]",
    ],
    [
      `${HEAD}phases:\n  - phase: fork\n    children: 2\n    phases: [{ phase: exit }]\n`,
      "x.yaml:6:16: phases[0].phases[0].phase is 'exit'; use fault, populate, get, put, pin, unpin, munmap, dontneed, mprotect [E_SCENARIO]",
    ],
    [
      `${HEAD}phases:\n  - phase: fault\n    touches: 3\n`,
      'x.yaml:5:5: pattern sequential has no touches; use it with pattern zipf or hotPage [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - phase: fault\n    offset: 4MiB\n`,
      "x.yaml:5:5: offset 4 MiB is beyond the device's 4 MiB; use less [E_SCENARIO]",
    ],
    [
      `${HEAD}phases:\n  - phase: fault\n    offset: 1MiB\n    length: 4MiB\n`,
      'x.yaml:6:5: length 4 MiB does not fit: 3 MiB follow; use less [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - phase: munmap\n    extent: 6KiB\n`,
      'x.yaml:5:5: extent 6 KiB is no whole number of 4K units; use a multiple of 4K [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - phase: unpin\n`,
      "x.yaml:4:5: unpin where nothing is pinned; put a 'pin' phase before it [E_SCENARIO]",
    ],
    [
      `${HEAD}phases:\n  - phase: pin\n    pages: 512\n    calls: 3\n`,
      'x.yaml:6:5: calls is 3; the range has room for 2 calls of 512 pages; use 2 or less [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - phase: exit\n  - phase: fault\n`,
      'x.yaml:5:5: a phase follows exit; put exit last [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - phase: fork\n    children: 200\n`,
      'x.yaml:4:5: 201 processes would live at once; at most 128 can; let fewer children live at once, with atOnce [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - repeat: 4096\n    phases: [{ phase: fault }, { phase: munmap }]\n`,
      'x.yaml:5:14: the scenario has more than 4096 steps, every repetition its own; repeat less, or let more children live at once [E_SCENARIO]',
    ],
    [
      `${HEAD}phases:\n  - phase: fault\n    pattern: zipf\n    touches: 20000000\n`,
      'x.yaml:6:5: phases[0].touches is 20000000; use 16777216 or less [E_SCENARIO]',
    ],
    [
      `${HEAD.replace('4MiB', '4GiB')}phases:\n  - repeat: 17\n    phases: [{ phase: fault, pattern: strided }]\n`,
      'x.yaml:5:14: up to here the scenario has 17825792 operations; at most 16777216 fit; repeat or touch less [E_SCENARIO]',
    ],
    [
      '- a\n',
      'x.yaml:1:1: a scenario is a mapping of keys to values; see docs/scenarios.md [E_SCENARIO]',
    ],
    [
      'name: x\nname: y\n',
      'x.yaml:2:1: no YAML: Map keys must be unique; write YAML or JSON as in docs/scenarios.md [E_SCENARIO_SYNTAX]',
    ],
    [
      'name: "x\n',
      'x.yaml:2:1: no YAML: Missing closing "quote; write YAML or JSON as in docs/scenarios.md [E_SCENARIO_SYNTAX]',
    ],
    [
      `${HEAD.replace('4K', `"\${{ matrix.algin }}"`)}matrix: { align: [4K] }\n${FAULT}`,
      `x.yaml:2:23: '\${{ matrix.algin }}' in device.align has no value in (align=4K); did you mean matrix.align? [E_SCENARIO_MATRIX]`,
    ],
    [
      `${HEAD}matrix:\n  align: [4K]\n  exclude: [{ algin: 4K }]\n${FAULT}`,
      "x.yaml:5:15: no 'algin' in the matrix to exclude; did you mean align? [E_SCENARIO_MATRIX]",
    ],
    [
      `${HEAD}matrix:\n  align: [4K]\n  exclude: [{ align: 4K }]\n${FAULT}`,
      'x.yaml:3:1: the matrix has no combination left; exclude fewer [E_SCENARIO_MATRIX]',
    ],
    [
      `${HEAD}matrix:\n  a: [${[...Array(17).keys()]}]\n  b: [${[...Array(17).keys()]}]\n${FAULT}`,
      'x.yaml:3:1: the matrix has 289 combinations; at most 256 are run; name fewer values [E_SCENARIO_MATRIX]',
    ],
    [
      `${HEAD}matrix:\n  align: 4K\n${FAULT}`,
      "x.yaml:4:3: matrix.align is '4K'; write a list [E_SCENARIO]",
    ],
  ])('%j', (text, line) => {
    expect(complaint(text)).toBe(line);
  });
});

describe('templates', () => {
  test('alone they keep the type of the value, within text they are text', () => {
    const text = `name: with \${{ matrix.pages }} of \${{matrix.on}}
device: { size: 4MiB, align: 4K }
matrix: { pages: [1, 16], on: [true] }
phases:
  - { phase: pin, pages: '\${{ matrix.pages }}', longterm: "\${{ matrix.on }}" }
`;
    const cases = parseScenario(text, 'x.yaml');
    expect(cases.map(({ title }) => title)).toEqual([
      'with 1 of true (pages=1, on=true)',
      'with 16 of true (pages=16, on=true)',
    ]);
    expect(cases[1]?.scenario.phases[0]).toMatchObject({ pages: 16, longterm: true });
  });
});

describe('the manual', () => {
  const blocks = [
    ...readFileSync(join(PACKAGE_ROOT, 'docs', 'scenarios.md'), 'utf8').matchAll(
      /```yaml [^\n]*\n(.*?)```/gs,
    ),
  ].map(([, block = '']) => block);

  test('its example fits', () => {
    expect(complaint(blocks[0] ?? '')).toBe('fits');
  });

  test('its matrix has the five cases it says', () => {
    const cases = parseScenario(blocks[1] ?? '', 'x.yaml');
    expect(cases.map(({ combination }) => combination)).toEqual([
      { align: '4K', pages: 1, leaf: '4KiB' },
      { align: '4K', pages: 512, leaf: '4KiB' },
      { align: '2M', pages: 1, leaf: '2MiB' },
      { align: '2M', pages: 512, leaf: '2MiB' },
      { align: '1G', pages: 512, leaf: '1GiB' },
    ]);
  });

  test.each(readyNames())('it says what %s is', (name) => {
    const manual = readFileSync(join(PACKAGE_ROOT, 'docs', 'scenarios.md'), 'utf8');
    expect(manual).toContain(`| \`${name}\` |`);
  });
});

describe('the JSON Schema', () => {
  test('that is shipped is the one the code makes (vitest -u writes it)', async () => {
    await expect(`${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      SCHEMA_FILE,
    );
  });

  test.each(readyNames())('takes %s as it is written, and no other key in it', (name) => {
    const schema = z.fromJSONSchema(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')));
    const file = join(PACKAGE_ROOT, 'data', 'scenarios', `${name}.yaml`);
    const written = parse(readFileSync(file, 'utf8')) as object;
    expect(schema.safeParse(written).success).toBe(true);
    expect(schema.safeParse({ ...written, phasess: [] }).success).toBe(false);
  });
});

describe('ready scenarios', () => {
  test('there are five, each of one line in the list, each with plans', () => {
    const ready = readyScenarios();
    expect(ready).toHaveLength(5);
    for (const { cases } of ready) {
      expect(cases.length).toBeGreaterThan(0);
      for (const one of cases) {
        expect(one.scenario.description.split('\n')[0]?.length).toBeGreaterThan(20);
        expect(planScenario(one).program.steps.length).toBeGreaterThan(0);
      }
    }
  });
});
