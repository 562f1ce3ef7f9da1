// Bad input: one clear line on stderr, nothing on stdout, exit status 2.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { envelope } from '../../host/report/json.ts';
import { daxstorm, MAIN } from './spawn.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daxstorm-'));
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'words'), 'not a trace\n');
  writeFileSync(join(folder, 'other.json'), '[1, 2]');
  writeFileSync(join(folder, 'newer.json'), '{ "schema": "daxstorm/result.v9" }');
  writeFileSync(join(folder, 'list.json'), JSON.stringify(envelope('explain')));
  const short = { ...envelope('compare'), comparisons: 1 };
  writeFileSync(join(folder, 'short.json'), JSON.stringify(short));
});
afterAll(() => rm(folder, { recursive: true }));

const CASES: readonly (readonly [args: string, code: string, says: string])[] = [
  ['storm --wat', 'E_USAGE', "unknown option '--wat'"],
  ['storm --sise 1G', 'E_USAGE', 'Did you mean --size?'],
  ['stomr', 'E_USAGE', 'did you mean storm?'],
  ['help stomr', 'E_USAGE', 'did you mean storm?'],
  ['stomr --help', 'E_USAGE', 'did you mean storm?'],
  ['frobnicate', 'E_USAGE', 'use compare, storm, run'],
  ['storm more', 'E_USAGE', 'too many arguments'],
  ['storm --pattern zigzag', 'E_VALUE', 'sequential, strided, uniform'],
  ['storm --pattern unifrom', 'E_VALUE', 'did you mean uniform?'],
  ['storm --kernel refcont', 'E_VALUE', 'did you mean refcount?'],
  ['walk +0 --after smap', 'E_VALUE', 'did you mean smaps?'],
  ['guard compoud', 'E_VALUE', 'did you mean compound?'],
  ['completion bsh', 'E_VALUE', 'did you mean bash?'],
  ['storm --time 1 --sise 1', 'E_USAGE', 'see daxstorm storm --help'],
  ['storm --size 1TiBB', 'E_SIZE_SYNTAX', "size '1TiBB'"],
  ['storm --size -4K', 'E_SIZE_SYNTAX', "size '-4K'"],
  ['storm --size 0', 'E_STORM', 'sizeBytes'],
  ['storm --align 3M', 'E_ALIGN', "align '3M'"],
  ['storm --align 2M --size 3MiB', 'E_DEVICE_SIZE', 'use --size 4MiB'],
  ['compare --size 6MiB', 'E_DEVICE_SIZE', 'not a positive multiple of the 1G unit'],
  ['storm --size 320GiB', 'E_BANK_SPAN', 'one bank holds 4 GiB'],
  ['storm --size 1TiB', 'E_BANK_SPAN', 'each 512 GiB of this device needs 10.035 GiB'],
  ['storm --size 1TiB', 'E_BANK_SPAN', 'a larger --align or --records packed'],
  ['storm --align 1G --size 200TiB', 'E_BANK_SPAN', 'use --size 127TiB or less'],
  ['storm --align 1G --size 24TiB --latency', 'E_BANK_SPAN', 'leave out --latency'],
  ['walk +0 --align 1G --size 24TiB --levels 5', 'E_BANK_SPAN', 'five page-table levels'],
  ['storm --records huge', 'E_VALUE', 'line, packed'],
  ['storm --kernel 6.12', 'E_VALUE', 'devmap, refcount, refcount-6.15'],
  ['storm --time 0', 'E_VALUE', "--time '0'"],
  ['storm --seed 1.5', 'E_VALUE', "--seed '1.5'"],
  ['storm --pin-pages 300000', 'E_VALUE', '262144'],
  ['storm --align 4K --size 3MiB', 'E_DEVICE_SIZE', 'not a positive multiple of 2 MiB'],
  ['storm --ranges 17', 'E_VALUE', '1 to 16'],
  ['storm --ranges 2 --map dev', 'E_VALUE', 'map=dev keeps struct pages in one range'],
  ['storm --ranges 2 --namespace', 'E_STORM', 'one physical range, not 2'],
  ['unbind --ranges 3 --align 1G --size 2GiB', 'E_DEVICE_SIZE', 'use --size 3GiB'],
  ['unbind --pin-pages 5000', 'E_VALUE', 'use --pin-pages 4096 or less'],
  ['walk +0 --json FOLDER/none/x.json', 'E_FILE', 'ENOENT'],
  ['doctor --json FOLDER/none/x.json', 'E_FILE', 'ENOENT'],
  ['unbind --json FOLDER/none/x.json', 'E_FILE', 'ENOENT'],
  ['storm --namespace --align 1G --size 1GiB', 'E_DEVICE_SIZE', 'leaves no whole 1G unit'],
  ['walk', 'E_USAGE', "missing required argument 'ADDRESS'"],
  ['walk here', 'E_ADDRESS', "address 'here'"],
  ['walk 0x1000', 'E_ADDRESS', 'is in no mapping'],
  ['walk +2GiB', 'E_ADDRESS', 'is in no mapping'],
  ['guard --align 4K', 'E_ALIGN', 'use --align 2M or 1G'],
  ['guard --kernel devmap', 'E_VALUE', 'use --kernel refcount or refcount-6.15'],
  ['guard --first-page 8', 'E_VALUE', 'are not all in one 2M leaf of 512'],
  ['guard compound --base-offset 3MiB', 'E_VALUE', 'whole 2MiB below 1GiB'],
  ['walk +4092KiB --size 4MiB --pin-pages 9', 'E_ADDRESS', 'could not be pinned'],
  ['replay FOLDER/missing', 'E_FILE', 'there is no such file'],
  ['replay FOLDER', 'E_FILE', 'it is a directory'],
  ['replay FOLDER/empty', 'E_TRACE_EMPTY', 'holds no line'],
  ['replay FOLDER/words', 'E_TRACE_FORMAT', "begins with 'not a trace'"],
  ['compare --json FOLDER/none/x.json', 'E_FILE', 'ENOENT'],
  ['compare --html FOLDER/none/x.html', 'E_FILE', 'ENOENT'],
  ['report --markdown FOLDER/none/x.md', 'E_FILE', 'ENOENT'],
  ['report FOLDER/missing', 'E_FILE', 'there is no such file'],
  ['report FOLDER/words', 'E_RESULT', 'is not JSON'],
  ['report FOLDER/other.json', 'E_RESULT', 'has no schema'],
  ['report FOLDER/newer.json', 'E_RESULT', "of schema 'daxstorm/result.v9'"],
  ['report FOLDER/short.json', 'E_RESULT', 'comparisons'],
  ['report FOLDER/list.json', 'E_RESULT', 'nothing to show'],
  ['report FOLDER/short.json --ladder', 'E_USAGE', '--ladder measures'],
];

describe('bad input', () => {
  test('a limit of the shell is named before anything is made', async () => {
    const limited = `ulimit -v 60000000 && exec "$0" "$@"`;
    const args = [MAIN, 'storm', '--align', '1G', '--size', '24TiB'];
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['-c', limited, process.execPath, ...args],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^daxstorm: this device needs 480 GiB of address space for 48 banks; RLIMIT_AS \(ulimit -v\) leaves .*; type ulimit -v unlimited, .* \[E_MEMORY\]\n$/,
    );
    expect(status).toBe(2);
  });

  test.each(CASES)('daxstorm %s: %s', async (args, code, says) => {
    const words = args.split(' ').map((word) => word.replace('FOLDER', folder));
    const { status, stdout, stderr } = await daxstorm(words);
    expect(stdout).toBe('');
    expect(stderr).toContain(says);
    expect(stderr).toMatch(new RegExp(`^daxstorm: .*; .* \\[${code}\\]\n$`));
    expect(status).toBe(2);
  });
});
