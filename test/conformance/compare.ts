// A recorded run against the emulated one, step by step and field by field.
import { exemption } from './exemptions.ts';
import type { Json, JsonObject, Recording, Step } from './records.ts';

export type Verdict = 'equal' | 'differing' | 'exempt';

export interface FieldResult {
  readonly scenario: string;
  readonly step: string;
  readonly who: string;
  /** Path of the field, such as `page.ref`. */
  readonly field: string;
  readonly verdict: Verdict;
  readonly recorded: Json | undefined;
  readonly emulated: Json | undefined;
  readonly reason?: string;
}

/** Sizes whose absolute value belongs to the program around the mapping: only changes count. */
const DIFFERENCES = new Set(['pgtables', 'VmPTE', 'RssFile', 'RssShmem']);

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Nested objects as paths; lists stay whole. */
export function flatten(fields: JsonObject, prefix = ''): ReadonlyMap<string, Json> {
  const flat = new Map<string, Json>();
  for (const [key, value] of Object.entries(fields)) {
    if (isObject(value)) {
      for (const [path, inner] of flatten(value, `${prefix}${key}.`)) flat.set(path, inner);
    } else flat.set(`${prefix}${key}`, value);
  }
  return flat;
}

/** Turns the sizes that only differences count of into differences from the scenario's first. */
class Baseline {
  readonly #first = new Map<string, number>();

  rebase({ scenario, who }: Step, fields: ReadonlyMap<string, Json>): ReadonlyMap<string, Json> {
    const out = new Map(fields);
    // A size that is not in the line is 0; where others of its kind are, it counts as that.
    if (fields.has('VmPTE') && !fields.has('RssFile')) out.set('RssFile', 0);
    for (const field of DIFFERENCES) {
      const value = out.get(field);
      if (typeof value !== 'number') continue;
      const key = `${scenario} ${who} ${field}`;
      const first = this.#first.get(key) ?? value;
      this.#first.set(key, first);
      out.set(field, value - first);
    }
    return out;
  }
}

/** The emulated step for each recorded one: same scenario, name and process, in order of repeats. */
function pairUp(recorded: readonly Step[], emulated: readonly Step[]) {
  const waiting = new Map<string, Step[]>();
  const key = ({ scenario, step, who }: Step): string => `${scenario}\0${step}\0${who}`;
  for (const step of emulated) {
    const queue = waiting.get(key(step)) ?? [];
    queue.push(step);
    waiting.set(key(step), queue);
  }
  return recorded.map((step) => [step, waiting.get(key(step))?.shift()] as const);
}

function sameValue(recorded: Json | undefined, emulated: Json | undefined): boolean {
  return JSON.stringify(recorded) === JSON.stringify(emulated);
}

/** Every field of every recorded step. */
export function compareRun(
  recording: Recording,
  emulated: readonly Step[],
): readonly FieldResult[] {
  const results: FieldResult[] = [];
  const theirs = new Baseline();
  const ours = new Baseline();
  for (const [step, match] of pairUp(recording.steps, emulated)) {
    const expected = theirs.rebase(step, flatten(step.fields));
    const seen = match ? ours.rebase(match, flatten(match.fields)) : new Map<string, Json>();
    for (const field of new Set([...expected.keys(), ...seen.keys()])) {
      const values = { recorded: expected.get(field), emulated: seen.get(field) };
      const { scenario, step: name, who } = step;
      const place = { scenario, step: name, who, field };
      if (sameValue(values.recorded, values.emulated)) {
        results.push({ ...place, ...values, verdict: 'equal' });
        continue;
      }
      const reason = exemption(recording, place, values);
      const verdict = reason === undefined ? 'differing' : 'exempt';
      results.push({ ...place, ...values, verdict, ...(reason ? { reason } : {}) });
    }
  }
  return results;
}
