// Somebody who works through a page from top to bottom and does everything that it shows.
import { parse } from 'yaml';
import type { Block, Page } from './page.ts';
import { REFRESHES, refreshed, rewriteBlocks } from './refresh.ts';
import { EXCEPTIONS, type Exception } from './rules.ts';
import { firstDifference } from './shape.ts';
import { type Printed, Workplace } from './shell.ts';

/** A command with what it is shown to print. */
interface Session {
  readonly command: string;
  readonly shown: string;
}

/** What a page came to. */
export interface Reading {
  readonly failures: readonly string[];
  readonly blocksRun: number;
  readonly commandsRun: number;
  readonly excepted: readonly (Exception & { readonly at: string })[];
}

/** The commands of a script: a line each, with the lines that continue it and its here-documents. */
export function commandsOf(script: string): readonly string[] {
  const commands: string[] = [];
  let open: string | undefined;
  for (const line of script.split('\n')) {
    const last = commands.at(-1);
    const continued = open !== undefined || /^\s/.test(line) || /(\\|\||&&)$/.test(last ?? '');
    if (last !== undefined && continued) commands[commands.length - 1] = `${last}\n${line}`;
    else if (line.trim() !== '' && !line.startsWith('#')) commands.push(line);
    if (line === open) open = undefined;
    else open ??= /<<'?(\w+)'?/.exec(line)?.[1];
  }
  return commands;
}

function sessionsOf(text: string): readonly Session[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((each) => {
      const [command = '', ...shown] = each.split('\n');
      return { command, shown: shown.join('\n') };
    });
}

/** What a shown output says of the exit status: a refusal ends in its code. */
function statusShown(shown: string): number {
  if (/\[E_\w+\]\s*$/.test(shown)) return 2;
  return /^regression: /m.test(shown) ? 3 : 0;
}

/* The command that takes a file which has this key at its top. */
const TAKEN_BY = [
  ['phases', 'daxstorm run'],
  ['regions', 'daxstorm plan'],
] as const;

class Reader {
  readonly failures: string[] = [];
  readonly excepted: (Exception & { readonly at: string })[] = [];
  readonly workplace = new Workplace();
  readonly #page: Page;
  /** Outputs as they are now. */
  readonly rewritten = new Map<Block, string>();
  blocksRun = 0;
  commandsRun = 0;
  /** What the block before printed; undefined where it was not run. */
  #printed: Printed[] = [];
  #printedBy: 'nothing' | 'what ran' | 'what did not' = 'nothing';

  constructor(page: Page) {
    this.#page = page;
  }

  async readAll(): Promise<void> {
    for (const [index, block] of this.#page.blocks.entries()) await this.#read(block, index);
  }

  #fail({ page, line }: Block, text: string): void {
    this.failures.push(`${page}:${line}: ${text}`);
  }

  #isExcepted({ page, line }: Block, text: string): boolean {
    const found = EXCEPTIONS.find(({ start }) => text.startsWith(start));
    if (found) this.excepted.push({ ...found, at: `${page}:${line}` });
    return found !== undefined;
  }

  async #read(block: Block, index: number): Promise<void> {
    if (block.language === '' && !this.#isExcepted(block, block.text)) {
      this.#readOutput(block);
      return;
    }
    if (block.language === '') return;
    this.#settle(block);
    if (block.language !== 'sh' && this.#isExcepted(block, block.text)) {
      this.#printedBy = 'what did not';
      return;
    }
    this.blocksRun += 1;
    if (block.file !== undefined) {
      this.workplace.write(block.file, `${block.text}\n`);
      this.#mustBeUsed(block, index);
    }
    await this.#doAs(block);
  }

  async #doAs(block: Block): Promise<void> {
    const { language, text, file } = block;
    if (language === 'sh') await this.#script(block);
    else if (language === 'console') await this.#console(block);
    else if (language === 'json') this.#json(block);
    else if (language === 'yaml') await this.#yaml(block);
    else if (language !== 'js') this.#fail(block, `nothing is known of '${language}' blocks`);
    else if (file === undefined) {
      const program = `line-${block.line}.js`;
      this.workplace.write(program, text);
      await this.#run(block, `node ${program}`);
    }
  }

  /** A file that the reader saves must be named by a command further down. */
  #mustBeUsed(block: Block, index: number): void {
    const later = this.#page.blocks.slice(index + 1);
    const used = later.some(
      ({ language, text }) => /^(sh|console)$/.test(language) && text.includes(String(block.file)),
    );
    if (!used) this.#fail(block, `no command takes '${block.file}'`);
  }

  /** What ran before and was shown to print nothing in particular must have gone well. */
  #settle(block: Block | undefined): void {
    for (const { status, text } of this.#printed) {
      if (status === 0) continue;
      const before = block ?? (this.#page.blocks.at(-1) as Block);
      this.#fail(before, `before it, status ${status}: ${text.trim()}`);
    }
    this.#printed = [];
    this.#printedBy = 'nothing';
  }

  async #run(block: Block, command: string): Promise<void> {
    if (this.#isExcepted(block, command)) {
      if (this.#printed.length === 0) this.#printedBy = 'what did not';
      return;
    }
    this.commandsRun += 1;
    this.#printed.push(await this.workplace.run(command));
    this.#printedBy = 'what ran';
  }

  async #script(block: Block): Promise<void> {
    for (const command of commandsOf(block.text)) await this.#run(block, command);
  }

  async #console(block: Block): Promise<void> {
    const lines: string[] = [];
    for (const { command, shown } of sessionsOf(block.text)) {
      await this.#run(block, command);
      const now = this.#printedBy === 'what ran' ? this.#compare(block, shown) : shown;
      lines.push(`$ ${command}`, ...(now === '' ? [] : [now.trimEnd()]));
    }
    this.rewritten.set(block, lines.join('\n'));
  }

  #readOutput(block: Block): void {
    if (this.#printedBy === 'nothing') {
      this.#fail(block, 'an output that no command before it can have printed');
      return;
    }
    this.blocksRun += 1;
    if (this.#printedBy === 'what ran') this.rewritten.set(block, this.#compare(block, block.text));
  }

  /** Answers what the block is to show. */
  #compare(block: Block, shown: string): string {
    const printed = this.#printed.map(({ text }) => text).join('');
    const now = REFRESHES ? refreshed(shown, printed) : undefined;
    const difference = now === undefined ? firstDifference(shown, printed) : undefined;
    if (difference !== undefined) this.#fail(block, `shown:   ${difference}`);
    const statuses = this.#printed.map(({ status }) => status);
    const last = statuses.pop();
    if (last !== statusShown(now ?? shown) || statuses.some((status) => status !== 0))
      this.#fail(block, `status ${[...statuses, last].join(', ')}`);
    this.#printed = [];
    return now ?? shown;
  }

  #json(block: Block): void {
    try {
      JSON.parse(block.text);
    } catch (error) {
      this.#fail(block, String(error));
    }
  }

  async #yaml(block: Block): Promise<void> {
    const value: unknown = parse(block.text);
    if (block.file !== undefined) return;
    if (typeof value !== 'object' || value === null) {
      this.#fail(block, 'no mapping');
      return;
    }
    const command = TAKEN_BY.find(([key]) => key in value)?.[1];
    if (command === undefined) {
      this.#fail(block, `no command takes a file of ${Object.keys(value).join(', ')}`);
      return;
    }
    const file = `line-${block.line}.yaml`;
    this.workplace.write(file, block.text);
    await this.#run(block, `${command} ${file}`);
  }

  end(): void {
    this.#settle(undefined);
  }
}

/** Works through a page in a folder of its own, which `done` is told of. */
export async function workThrough(
  page: Page,
  done: (folders: readonly string[]) => void,
): Promise<Reading> {
  const reader = new Reader(page);
  try {
    await reader.readAll();
    reader.end();
    if (REFRESHES) rewriteBlocks(page.name, reader.rewritten);
  } finally {
    done(reader.workplace.folders);
  }
  return reader;
}
