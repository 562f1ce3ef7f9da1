// docs/api.md, made of the docstrings and declarations of what the library exports.
import { join } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import {
  API,
  type Checker,
  type Project,
  type Symbol as Sym,
  SymbolFlags,
} from 'typescript/unstable/sync';

/** A member of a class or interface, or an export by itself, as its source has it. */
interface Entry {
  readonly name: string;
  /** Its declaration without body and comments. */
  readonly code: string;
  readonly doc: string;
  readonly examples: readonly string[];
  readonly internal: boolean;
}

export interface Exported extends Entry {
  readonly kind: 'function' | 'class' | 'interface' | 'type' | 'constant';
  readonly members: readonly Entry[];
}

/** Nodes as far as they are looked at here. */
type Declared = Node & {
  readonly name?: Node;
  readonly body?: Node;
  readonly members?: readonly Declared[];
};

class Reader {
  readonly #project: Project;
  readonly #checker: Checker;

  constructor(project: Project) {
    this.#project = project;
    this.#checker = project.checker;
  }

  #text(file: SourceFile, from: number, to: number): string {
    const comments = /\/\*\*[\s\S]*?\*\/\s*/g;
    return file.text.slice(from, to).replace(comments, '').trim();
  }

  #entry(symbol: Sym, node: Declared, file: SourceFile): Entry {
    const tags = symbol.getJsDocTags(this.#checker);
    return {
      name: symbol.name,
      code: this.#text(file, node.pos, node.body?.pos ?? node.end).replace(/^readonly |[;,]$/g, ''),
      doc: symbol.getDocumentationComment(this.#checker),
      examples: tags.flatMap(({ name, text }) => (name === 'example' ? [text ?? ''] : [])),
      internal: tags.some(({ name }) => name === 'internal'),
    };
  }

  #members(node: Declared, file: SourceFile): readonly Entry[] {
    return (node.members ?? []).flatMap((member) => {
      const symbol = member.name && this.#checker.getSymbolAtLocation(member.name);
      if (!symbol || symbol.name.includes('#')) return [];
      return [this.#entry(symbol, member, file)];
    });
  }

  #exported(alias: Sym): Exported {
    const checker = this.#checker;
    const symbol = alias.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(alias) : alias;
    const node = symbol.declarations[0]?.resolve(this.#project) as Declared | undefined;
    if (!node) throw new Error(`${alias.name} is declared nowhere`);
    const file = node.getSourceFile();
    const entry = { ...this.#entry(symbol, node, file), name: alias.name };
    const { flags } = symbol;
    const members = this.#members(node, file).filter(({ internal }) => !internal);
    if (flags & SymbolFlags.Function) return { ...entry, kind: 'function', members: [] };
    if (flags & SymbolFlags.Class) return { ...entry, kind: 'class', members };
    if (flags & SymbolFlags.Interface) return { ...entry, kind: 'interface', members };
    if (flags & SymbolFlags.TypeAlias) return { ...entry, kind: 'type', members: [] };
    return { ...entry, code: `const ${entry.code}`, kind: 'constant', members: [] };
  }

  exports(file: string): readonly Exported[] {
    const source = this.#project.program.getSourceFile(file);
    const module = source && this.#checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${file} is no module`);
    return this.#checker.getExportsOfModule(module).map((each) => this.#exported(each));
  }
}

/** What the library exports, in Node and, beyond that, in browsers. */
export function libraryExports(
  root: string,
): Readonly<Record<'node' | 'browser', readonly Exported[]>> {
  const api = new API({ cwd: root });
  try {
    const config = join(root, 'tsconfig.json');
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (!project) throw new Error(`no project of ${config}`);
    const reader = new Reader(project);
    const node = reader.exports(join(root, 'host', 'index.ts'));
    const known = new Set(node.map(({ name }) => name));
    const all = reader.exports(join(root, 'host', 'browser.ts'));
    return { node, browser: all.filter(({ name }) => !known.has(name)) };
  } finally {
    api.close();
  }
}

const HEAD = `# The library's reference

Made from the docstrings by \`npm run docs\`; [library.md](library.md) shows how it is used. Everything here is
exported by \`daxstorm\`; what \`daxstorm/browser\` has beside it is at the end. Sizes are bytes, addresses bigint,
times nanoseconds unless a name says otherwise.`;

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');
}

function fence(code: string): readonly string[] {
  return ['', '```ts', code, '```'];
}

function memberTable(members: readonly Entry[]): readonly string[] {
  if (members.length === 0) return [];
  const rows = members.map(({ code, doc }) => `| \`${cell(code)}\` | ${cell(doc)} |`);
  return ['', '| member | meaning |', '|---|---|', ...rows];
}

function section({ name, kind, code, doc, examples, members }: Exported): readonly string[] {
  const declared = kind === 'class' || kind === 'interface' ? code.split('{')[0]?.trim() : code;
  return [
    '',
    `### ${name}`,
    ...(doc === '' ? [] : ['', doc]),
    ...fence(declared ?? code),
    ...memberTable(members),
    ...examples.flatMap(fence),
  ];
}

const GROUPS: readonly (readonly [title: string, kinds: readonly Exported['kind'][]])[] = [
  ['Functions', ['function']],
  ['Classes', ['class']],
  ['Types', ['interface', 'type']],
  ['Constants', ['constant']],
];

/** The reference of what is exported. */
export function apiReference({ node, browser }: ReturnType<typeof libraryExports>): string {
  const parts = GROUPS.flatMap(([title, kinds]) => {
    const mine = node.filter(({ kind }) => kinds.includes(kind));
    const sorted = mine.sort((a, b) => a.name.localeCompare(b.name, 'en'));
    return ['', `## ${title}`, ...sorted.flatMap(section)];
  });
  return [HEAD, ...parts, '', '## In a browser', ...browser.flatMap(section), ''].join('\n');
}
