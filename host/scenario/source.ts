import { isMap, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { DaxError, type ErrorCode } from '../error.ts';

/** Where something stands in a scenario: keys and indices from the top. */
export type Path = readonly (string | number)[];

/** `phases[2].access`; the whole file is `the scenario`. */
export function sayPath(path: Path): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('');
  return text.replace(/^\./, '') || 'the scenario';
}

interface Keyed {
  readonly value: unknown;
}

/**
 * The text of a scenario file, YAML or JSON (which YAML contains), with the place of everything in it.
 *
 * Fails: E_SCENARIO_SYNTAX at the line and column where the text stops being YAML.
 */
export class Source {
  readonly name: string;
  readonly value: unknown;
  readonly #lines = new LineCounter();
  readonly #root: Node | null;

  constructor(text: string, name: string) {
    this.name = name;
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const [error] = document.errors;
    if (error) {
      const message = (error.message.split('\n')[0] ?? '').replace(/\.$/, '');
      const { line, col } = this.#lines.linePos(error.pos[0]);
      throw new DaxError(
        'E_SCENARIO_SYNTAX',
        `${name}:${line}:${col}: no YAML: ${message}`,
        'write YAML or JSON as in docs/scenarios.md',
      );
    }
    this.#root = document.contents;
    this.value = document.toJS();
  }

  /** `file:line:column` of what stands at `path`, or of the nearest thing around it. */
  place(path: Path): string {
    const offset = this.#offset(path);
    if (offset === undefined) return this.name;
    const { line, col } = this.#lines.linePos(offset);
    return `${this.name}:${line}:${col}`;
  }

  /** An error at a place. */
  error(path: Path, message: string, hint: string, code: ErrorCode = 'E_SCENARIO'): DaxError {
    return new DaxError(code, `${this.place(path)}: ${message}`, hint);
  }

  #offset(path: Path): number | undefined {
    let node: unknown = this.#root;
    let offset = this.#root?.range?.[0];
    for (const key of path) {
      if (isMap(node)) {
        const pair: Pair | undefined = node.items.find(
          (each) => String((each.key as Keyed | null)?.value) === String(key),
        );
        if (!pair) return offset;
        offset = (pair.key as Node).range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(key)];
        offset = (node as Node | undefined)?.range?.[0] ?? offset;
      } else return offset;
    }
    return offset;
  }
}
