import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DaxError } from '../error.ts';
import { PACKAGE_ROOT } from '../root.ts';
import { suggest } from '../suggest.ts';
import { readScenario, type ScenarioCase } from './file.ts';

const FOLDER = join(PACKAGE_ROOT, 'data', 'scenarios');
/** Grids of scenarios, which stand for nothing but themselves: for sweep, and not in run --list. */
const SWEEPS = join(PACKAGE_ROOT, 'data', 'sweeps');

/** A scenario that comes with daxstorm. */
export interface ReadyScenario {
  readonly id: string;
  readonly file: string;
  readonly cases: readonly ScenarioCase[];
}

/** Names of the scenarios that come with daxstorm, in order. */
export function readyNames(): readonly string[] {
  return namesIn(FOLDER);
}

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

export function readyScenarios(): readonly ReadyScenario[] {
  return readyNames().map((id) => {
    const file = join(FOLDER, `${id}.yaml`);
    return { id, file, cases: readScenario(file) };
  });
}

/** The file that a user names: a path, or a ready scenario by its name. Fails: E_FILE. */
export function scenarioPath(named: string): string {
  return pathIn([FOLDER], named, 'scenario');
}

/** The same for a sweep, which may be of ready scenarios too. Fails: E_FILE. */
export function sweepPath(named: string): string {
  return pathIn([SWEEPS, FOLDER], named, 'sweep');
}

function pathIn(folders: readonly string[], named: string, what: string): string {
  if (existsSync(named)) return named;
  const folder = folders.find((each) => namesIn(each).includes(named));
  if (folder !== undefined) return join(folder, `${named}.yaml`);
  const message = `'${named}' is neither a file nor a ${what} that comes with daxstorm`;
  throw new DaxError('E_FILE', message, suggest(named, folders.flatMap(namesIn)));
}
