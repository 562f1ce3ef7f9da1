import type { DaxError } from '../error.ts';
import { type Asked, NOTHING_ASKED } from '../storm/asked.ts';
import { popularity } from '../storm/pattern.ts';
import type { Phase, PhaseName } from '../storm/phase.ts';
import { type Control, STAGE_PROCESSES } from '../storm/stage.ts';
import type { Device } from '../syscall/device.ts';
import { OpStream } from '../wasm/ops.ts';
import { Actor, type Draw, type StreamSpec, titleOf } from './actor.ts';
import type { ScenarioCase } from './file.ts';
import { OPERATIONS_MAX, type PhaseSpec, type SimpleSpec } from './schema.ts';
import type { Path } from './source.ts';

/** Streams of one round: each is timed by itself, so that the control plane between them is not. */
const STEPS_MAX = 4096;

/** What a phase is counted and timed per. */
export const PER = ['touch', 'unit', 'call', 'leaf'] as const;
export type Per = (typeof PER)[number];

/** A phase as the file has it, all its repetitions and children together. */
export interface Declared {
  readonly name: PhaseName;
  readonly title: string;
  readonly per: Per;
  readonly spec: StreamSpec;
  /** Where the file says it. */
  readonly path: Path;
  /** Whether other processes map the device while it runs. */
  readonly shared: boolean;
  /** Of one round. Of a zap and of mprotect the units covered: their leaves are counted. */
  readonly operations: number;
  /** Every leaf it meets was mapped by a store. */
  readonly written: boolean;
  readonly asked: Asked;
}

/** A stream of one round, and the declared phase it is of. */
export interface Step {
  readonly phase: Phase;
  readonly declared: number;
}

/** A scenario as streams: what the file declares, and the steps of one round in order. */
export interface Program {
  readonly declared: readonly Declared[];
  readonly steps: readonly Step[];
  readonly processes: number;
  readonly forks: number;
}

const PER_OF: Readonly<Record<StreamSpec['phase'], Per>> = {
  fault: 'touch',
  populate: 'unit',
  get: 'call',
  put: 'call',
  pin: 'call',
  unpin: 'call',
  munmap: 'leaf',
  dontneed: 'leaf',
  mprotect: 'leaf',
  exit: 'leaf',
};

const EXIT: StreamSpec = { phase: 'exit' };

function addAsked(one: Asked, other: Asked): Asked {
  const names = Object.keys(one) as readonly (keyof Asked)[];
  const sums = names.map((name) => [name, one[name] + other[name]] as const);
  return { ...NOTHING_ASKED, ...Object.fromEntries(sums) };
}

/** Seeds of what is drawn one after the other, from the scenario's own. */
function seedOf(seed: number, drawn: number): number {
  return (seed + Math.imul(drawn, 0x9e3779b1)) & 0x7fffffff;
}

class Compiler {
  readonly #one: ScenarioCase;
  readonly #device: Device;
  readonly #seed: number;
  readonly #actors: readonly Actor[];
  readonly #declared: Declared[] = [];
  readonly #indices = new Map<string, number>();
  readonly #steps: Step[] = [];
  readonly #popular = new Map<number, Uint32Array>();
  /** What the control plane does before the next stream. */
  #control: Control[];
  #operations = 0;
  #drawn = 0;
  #forks = 0;
  #ended = false;

  constructor(one: ScenarioCase, device: Device, seed: number) {
    this.#one = one;
    this.#device = device;
    this.#seed = seed;
    const { processes } = one.scenario;
    this.#actors = Array.from({ length: processes }, (_, number) => new Actor(number));
    this.#control = this.#actors.slice(1).map(({ number }) => ({ do: 'spawn', process: number }));
  }

  program(): Program {
    return {
      declared: this.#declared,
      steps: this.#steps,
      processes: this.#actors.length,
      forks: this.#forks,
    };
  }

  phases(specs: readonly PhaseSpec[], path: Path): void {
    specs.forEach((spec, i) => {
      const at = [...path, i];
      if (this.#ended) throw this.#refuse(at, 'a phase follows exit', 'put exit last');
      if ('repeat' in spec) {
        for (let turn = 0; turn < spec.repeat; turn++) this.phases(spec.phases, [...at, 'phases']);
      } else if (spec.phase === 'fork') this.#fork(spec, at);
      else {
        this.#step(spec, at, this.#actors);
        if (spec.phase === 'exit') this.#ended = true;
      }
    });
  }

  #refuse(path: Path, message: string, hint: string): DaxError {
    return this.#one.source.error(path, message, hint);
  }

  /** One stream: each actor's share of a phase, one after the other. */
  #step(spec: StreamSpec, path: Path, actors: readonly Actor[]): void {
    const declared = this.#declare(spec, path, actors);
    const stream = new OpStream();
    let operations = 0;
    let entry = this.#declared[declared] as Declared;
    for (const actor of actors) {
      const draw: Draw = {
        seed: seedOf(this.#seed, this.#drawn++),
        popularity: (units) => this.#popularity(units),
      };
      const done = actor.act(spec, this.#device, stream, draw, (where, message, hint) =>
        this.#refuse([...path, ...where], message, hint),
      );
      operations += done.operations;
      entry = {
        ...entry,
        operations: entry.operations + done.operations,
        written: entry.written && done.written,
        asked: addAsked(entry.asked, done.asked),
      };
      this.#control.push(...done.control);
    }
    this.#declared[declared] = entry;
    this.#operations += stream.length;
    const phase: Phase = { name: entry.name, stream, operations, control: this.#control };
    this.#control = [];
    this.#steps.push({ phase, declared });
    this.#checkSize(path);
  }

  #popularity(units: number): Uint32Array {
    const known = this.#popular.get(units) ?? popularity(units, this.#seed);
    this.#popular.set(units, known);
    return known;
  }

  #checkSize(path: Path): void {
    if (this.#operations > OPERATIONS_MAX) {
      const much = `up to here the scenario has ${this.#operations} operations`;
      throw this.#refuse(path, `${much}; at most ${OPERATIONS_MAX} fit`, 'repeat or touch less');
    }
    if (this.#steps.length > STEPS_MAX) {
      const many = `the scenario has more than ${STEPS_MAX} steps, every repetition its own`;
      throw this.#refuse(path, many, 'repeat less, or let more children live at once');
    }
  }

  /** The index of a phase's entry, which all repetitions share. */
  #declare(spec: StreamSpec, path: Path, actors: readonly Actor[]): number {
    const key = path.join('.');
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const isChild = actors[0]?.isChild === true;
    const title = spec.title ?? titleOf(spec);
    this.#indices.set(key, this.#declared.length);
    this.#declared.push({
      name: spec.phase,
      title: isChild ? `child: ${title}` : title,
      per: PER_OF[spec.phase],
      spec,
      path,
      shared: isChild || actors.length > 1,
      operations: 0,
      written: true,
      asked: NOTHING_ASKED,
    });
    return this.#declared.length - 1;
  }

  #fork(spec: Extract<SimpleSpec, { phase: 'fork' }>, path: Path): void {
    const { children, atOnce = children, phases } = spec;
    const parents = this.#actors.length;
    const peak = parents * (1 + Math.min(atOnce, children));
    if (peak > STAGE_PROCESSES) {
      const many = `${peak} processes would live at once; at most ${STAGE_PROCESSES} can`;
      throw this.#refuse(path, many, 'let fewer children live at once, with atOnce');
    }
    for (let done = 0; done < children; done += atOnce) {
      const each = Math.min(atOnce, children - done);
      const wave = this.#actors.flatMap((parent) =>
        Array.from({ length: each }, (_, child) => {
          const number = parents + parent.number * each + child;
          this.#control.push({ do: 'fork', process: parent.number, child: number });
          return new Actor(number, true);
        }),
      );
      this.#forks += wave.length;
      phases.forEach((phase, i) => {
        this.#step(phase, [...path, 'phases', i], wave);
      });
      this.#step(EXIT, [...path, 'exit'], wave);
      this.#control.push(...wave.map(({ number }) => ({ do: 'exit', process: number }) as const));
    }
  }
}

/**
 * Makes the op streams of a scenario on a device.
 *
 * Fails: E_SCENARIO at the phase that cannot be: a range beyond the device, an unpin of nothing, more
 * processes or operations than there is room for.
 */
export function compileScenario(one: ScenarioCase, device: Device, seed: number): Program {
  const compiler = new Compiler(one, device, seed);
  compiler.phases(one.scenario.phases, ['phases']);
  return compiler.program();
}
