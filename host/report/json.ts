import type { Comparison } from '../compare/comparison.ts';
import { fingerprint } from '../measure/fingerprint.ts';
import { packageVersion } from '../root.ts';
import type { Device } from '../syscall/device.ts';
import { CONFIGURATION } from '../wasm/configuration.ts';
import { RESULT_SCHEMA, type ResultKind } from './schema/result.ts';

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}

/** Where a result goes is no part of how it was made. */
const TARGETS = new Set(['--json', '--html', '--markdown']);

/** The command that makes a result again: as it was typed, without the files it was written to. */
export function replayCommandLine(args: readonly string[]): string {
  const kept = args.filter((each, i) => {
    const before = args[i - 1];
    const value = before !== undefined && TARGETS.has(before) && !/^-./.test(each);
    return !value && !TARGETS.has(each.split('=')[0] as string);
  });
  return ['daxstorm', ...kept.map(quoted)].join(' ');
}

/** What every JSON result begins with. */
export function envelope<Kind extends ResultKind>(kind: Kind) {
  return {
    schema: RESULT_SCHEMA,
    kind,
    version: packageVersion(),
    made: new Date().toISOString(),
    command: replayCommandLine(process.argv.slice(2)),
    machine: fingerprint(),
    configuration: CONFIGURATION,
  } as const;
}

/** A device as a result names it. */
export function deviceJson({ align, sizeBytes, map, records }: Device) {
  // Only where they are not the kernel's: what no result had before.
  return { align, sizeBytes, map, ...(records === 'packed' ? { records } : {}) };
}

/** A comparison without what the reader can derive; NaN never reaches JSON. */
export function comparisonJson({ device, ...rest }: Comparison) {
  return { device: deviceJson(device), ...rest };
}
