import { type Argument, Command as Base, Help, type Option } from 'commander';
import { isStyled, painted } from './style.ts';

/** A line to type, and what it is for. */
export interface Example {
  readonly line: string;
  readonly what: string;
}

function parseExample(text: string): Example {
  const [line = '', what = ''] = text.trim().split(/\s{2,}/);
  return { line, what };
}

/** What an option or argument may be and is without it, in brackets behind what it means. */
function withValues(
  text: string,
  { argChoices, defaultValue, ...more }: Option | Argument,
): string {
  const isSwitch = 'isBoolean' in more === false && typeof defaultValue === 'boolean';
  const said =
    more.defaultValueDescription ??
    (isSwitch || defaultValue === undefined ? '' : `${defaultValue}`);
  const parts = [
    ...(argChoices ? [argChoices.join(', ')] : []),
    ...(said === '' ? [] : [`default: ${said}`]),
  ];
  return parts.length === 0 ? text : `${text} (${parts.join('; ')})`;
}

/** Help that leads with examples; the same for the program and every command. */
export class DaxHelp extends Help {
  override sortOptions = false;

  /** Commander takes the colour out again where the stream has none. */
  override styleTitle(title: string): string {
    return painted('bold', title);
  }

  override subcommandTerm(command: Base): string {
    return command.name();
  }

  override optionDescription(option: Option): string {
    return withValues(option.description, option);
  }

  override argumentDescription(argument: Argument): string {
    return withValues(argument.description, argument);
  }

  override formatHelp(command: Base, helper: Help): string {
    const width = helper.padWidth(command, helper);
    const item = (term: string, text: string): string =>
      helper.formatItem(term, width, text, helper);
    const block = (title: string, lines: readonly string[]): readonly string[] =>
      lines.length === 0 ? [] : ['', helper.styleTitle(`${title}:`), ...lines];
    const examples = command instanceof Command ? exampleLines(command.listed) : [];
    const notes = command instanceof Command ? command.remarks : '';
    return [
      helper.boxWrap(helper.commandDescription(command), helper.helpWidth ?? 80),
      '',
      `${helper.styleTitle('Usage:')} ${helper.commandUsage(command)}`,
      ...block('Examples', examples),
      ...block(
        'Commands',
        helper
          .visibleCommands(command)
          .map((each) => item(helper.subcommandTerm(each), helper.subcommandDescription(each))),
      ),
      ...block(
        'Arguments',
        helper
          .visibleArguments(command)
          .map((each) => item(helper.argumentTerm(each), helper.argumentDescription(each))),
      ),
      ...block(
        'Options',
        helper
          .visibleOptions(command)
          .map((each) => item(helper.optionTerm(each), helper.optionDescription(each))),
      ),
      ...(notes === '' ? [] : ['', notes]),
      '',
    ].join('\n');
  }
}

function exampleLines(examples: readonly Example[]): readonly string[] {
  const width = Math.max(0, ...examples.map(({ line, what }) => (what === '' ? 0 : line.length)));
  return examples.map(
    ({ line, what }) => `  ${what === '' ? line : line.padEnd(width + 2)}${what}`,
  );
}

/** Words that may stand in a place, for completion; asked for only when somebody completes there. */
export type Candidates = () => readonly string[];

/** A command with what commander's has no place for: examples, remarks, and what completes it. */
export class Command extends Base {
  readonly #examples: Example[] = [];
  readonly #candidates = new Map<string, Candidates>();
  #remarks = '';

  constructor(name?: string) {
    super(name);
    this.configureOutput({
      getOutHasColors: () => isStyled(process.stdout),
      getErrHasColors: () => isStyled(process.stderr),
    });
  }

  /** Lines to type, one a line of the text, what each is for after two spaces or more. */
  examples(text: string): this {
    this.#examples.push(...text.trim().split('\n').map(parseExample));
    return this;
  }

  /** What its help ends with. */
  notes(text: string): this {
    this.#remarks = text.trim();
    return this;
  }

  /** What completes an argument (by its name) or an option's value (by its long flag). */
  completes(place: string, candidates: Candidates): this {
    this.#candidates.set(place, candidates);
    return this;
  }

  get listed(): readonly Example[] {
    return this.#examples;
  }

  get remarks(): string {
    return this.#remarks;
  }

  candidates(place: string): readonly string[] {
    return this.#candidates.get(place)?.() ?? [];
  }

  override createHelp(): Help {
    return Object.assign(new DaxHelp(), this.configureHelp());
  }
}
