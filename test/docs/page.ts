// The pages of the documentation as what is tested of them: blocks, links, headings.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import GithubSlugger from 'github-slugger';
import { lexer, type Token, walkTokens } from 'marked';
import { PACKAGE_ROOT } from '../../host/root.ts';

/** A fenced or indented block. */
export interface Block {
  readonly page: string;
  readonly line: number;
  /** First word behind the fence; none for what a program prints. */
  readonly language: string;
  /** Second word: the file that the reader is told to save it as. */
  readonly file: string | undefined;
  readonly text: string;
}

export interface Page {
  /** Path in the repository. */
  readonly name: string;
  readonly blocks: readonly Block[];
  readonly links: readonly string[];
  /** Code within sentences. */
  readonly spans: readonly string[];
  /** Anchors of the headings, as web views of repositories make them. */
  readonly anchors: ReadonlySet<string>;
}

function blockOf(page: string, line: number, token: Token): Block {
  const { lang, text, codeBlockStyle } = token as {
    readonly lang?: string;
    readonly text: string;
    readonly codeBlockStyle?: string;
  };
  const [language = '', file] = (lang ?? '').split(/\s+/);
  return {
    page,
    line,
    language: codeBlockStyle === 'indented' ? 'indented' : language,
    file,
    text,
  };
}

/** Fails: Error where a block lies inside a list or a quotation, which has no line of its own. */
export function readPage(name: string): Page {
  const tokens = lexer(readFileSync(join(PACKAGE_ROOT, name), 'utf8'));
  const blocks: Block[] = [];
  const links: string[] = [];
  const spans: string[] = [];
  const anchors = new Set<string>();
  const slugger = new GithubSlugger();
  let line = 1;
  for (const token of tokens) {
    if (token.type === 'code') blocks.push(blockOf(name, line, token));
    line += token.raw.split('\n').length - 1;
  }
  let nested = 0;
  walkTokens(tokens, (token) => {
    if (token.type === 'code') nested += 1;
    if (token.type === 'link' || token.type === 'image') links.push(token['href']);
    if (token.type === 'codespan') spans.push(token['text']);
    if (token.type === 'heading') anchors.add(slugger.slug(token['text'].replace(/[`*]/g, '')));
  });
  if (nested !== blocks.length) throw new Error(`${name}: a block inside a list or a quotation`);
  return { name, blocks, links, spans, anchors };
}

/** README.md and what stands beside it, then docs/. */
export function pageNames(): readonly string[] {
  const markdown = (folder: string): readonly string[] =>
    readdirSync(join(PACKAGE_ROOT, folder)).filter((name) => name.endsWith('.md'));
  return [...markdown('.'), ...markdown('docs').map((name) => `docs/${name}`)];
}
