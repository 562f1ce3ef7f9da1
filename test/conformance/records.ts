// The recordings as data: one JSON object a line, defaults left out.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { KernelId } from '../../host/kernel.ts';
import type { MapName } from '../../host/syscall/namespace.ts';
import type { AlignName } from '../../host/units.ts';

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** One observed step. `fields` is everything beside where it was taken. */
export interface Step {
  readonly scenario: string;
  readonly step: string;
  readonly who: string;
  readonly fields: JsonObject;
}

/** The recording programs: the scenario matrix, and unbind while mapped or pinned. */
export const PROGRAMS = ['matrix', 'unbind'] as const;
export type Program = (typeof PROGRAMS)[number];

/** All steps of one program run: one kernel, unit size and place of struct pages. */
export interface Recording {
  readonly program: Program;
  readonly kernel: KernelId;
  readonly align: AlignName;
  readonly map: MapName;
  /** Whether the module that reads struct pages and calls GUP could be loaded. */
  readonly module: boolean;
  readonly steps: readonly Step[];
}

/** The kernels of the recordings by the beginning of their release. */
const KERNEL_OF: readonly (readonly [RegExp, KernelId])[] = [
  [/^6\.12\b/, 'devmap'],
  [/^6\.16\b/, 'refcount-6.15'],
  [/^7\.3\b/, 'refcount'],
];

/** What the program writes by the module's help alone; without it these are filler. */
const OF_MODULE =
  /^(level|raw|flags|upper|vma|vm_.*|anon_vma|pgtables|page|devpage|next_vma_.*|kpage.*|sizeof_page|pin_bias|hz|m_.*)$/;
/** The return code of a call that the module would have made. */
export const NO_MODULE = -9999;

/** What is left of a step for user space to see. */
export function userVisible(fields: JsonObject): JsonObject {
  const made = fields['rc'] !== NO_MODULE;
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name]) => !OF_MODULE.test(name) && (made || (name !== 'rc' && name !== 'errno')),
    ),
  );
}

function parseStep(row: JsonObject): Step {
  const { kernel: _k, align: _a, map: _m, scenario, step, who = 'main', ...fields } = row;
  const devpage = fields['devpage'] === 'same' ? { devpage: fields['page'] ?? null } : {};
  return {
    scenario: String(scenario),
    step: String(step ?? ''),
    who: String(who),
    fields: { ...fields, ...devpage },
  };
}

/** The program that a file is a recording of: `matrix-6.12.jsonl`, `unbind-7.3.jsonl.gz`. */
export function programOf(file: string): Program | undefined {
  return PROGRAMS.find((name) => new RegExp(`^${name}-.*\\.jsonl(\\.gz)?$`).test(basename(file)));
}

/** Reads a `.jsonl` or `.jsonl.gz` file; rows of kernels that no build stands for are left out. */
export function readRecordings(file: string): readonly Recording[] {
  const program = programOf(file) ?? 'matrix';
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const found = new Map<string, Recording & { steps: Step[] }>();
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const row = JSON.parse(line) as JsonObject;
    const kernel = KERNEL_OF.find(([release]) => release.test(String(row['kernel'])))?.[1];
    if (!kernel) continue;
    const align = row['align'] as AlignName;
    const map = row['map'] as MapName;
    const key = `${kernel} ${align} ${map}`;
    const recording = found.get(key) ?? { program, kernel, align, map, module: true, steps: [] };
    recording.steps.push(parseStep(row));
    found.set(key, recording);
  }
  return [...found.values()].map((recording) => {
    const device = recording.steps.find(({ scenario }) => scenario === 'device');
    if (device?.fields['sizeof_page'] !== 0) return recording;
    const steps = recording.steps.map((step) => ({ ...step, fields: userVisible(step.fields) }));
    return { ...recording, module: false, steps };
  });
}
