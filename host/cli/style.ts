import { styleText } from 'node:util';

export type Tone = Parameters<typeof styleText>[0];

/** What of a stream and its surroundings decides whether it may be styled. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly args: readonly string[];
}

/**
 * Whether a stream takes colour: never with --no-color, else as FORCE_COLOR says, else not with
 * NO_COLOR or on a dumb terminal, else where the stream is a terminal. Each stream by itself.
 */
export function isStyled(
  { isTTY = false }: { readonly isTTY?: boolean },
  { env, args }: Surroundings = { env: process.env, args: process.argv },
): boolean {
  if (args.includes('--no-color')) return false;
  const { FORCE_COLOR: forced, NO_COLOR: none, TERM: term } = env;
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return !none && term !== 'dumb' && isTTY;
}

/** Whether a line may be drawn over again: on a terminal that is not a dumb one. */
export function isAnimated(
  { isTTY = false }: { readonly isTTY?: boolean },
  env: Surroundings['env'] = process.env,
): boolean {
  return isTTY && env['TERM'] !== 'dumb';
}

/** A text in colour, whatever it is for: whether a stream takes it is decided here, not by Node. */
export function painted(tone: Tone, text: string): string {
  return styleText(tone, text, { validateStream: false });
}

/** A text for a stream, plain where the stream takes no colour. */
export function tinted(stream: { readonly isTTY?: boolean }, tone: Tone, text: string): string {
  return isStyled(stream) ? painted(tone, text) : text;
}

const RULE = /─{3,}/;

/** A result in colour: headings bold, the rules over groups of columns dim. */
export function emphasised(text: string): string {
  return text
    .split('\n')
    .map((line, i, lines) => {
      if (RULE.test(line)) return painted('dim', line);
      const begins = i === 0 || lines[i - 1] === '';
      return begins && line !== '' ? painted('bold', line) : line;
    })
    .join('\n');
}
