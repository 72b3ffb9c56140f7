// Prints docs/api/: what each entry of the package exports, with the comments and signatures of the sources. Read from the syntax alone, so
// that it takes a second: TypeDoc asks a type checker of TypeScript 6 at most, and this package is checked with 7.
// Not here: which pages there are beside these (docs-pages.ts). That they are up to date: test/docs.test.ts.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript-least';

/** What one name of an entry stands for: overloads of a function are several. */
interface Exported {
  readonly name: string;
  readonly nodes: readonly ts.Node[];
}

const KINDS = ['Functions', 'Classes', 'Interfaces', 'Types', 'Values'] as const;
type Kind = (typeof KINDS)[number];

/** @param root with a slash at its end @returns the texts of the pages by their names in docs/api/ */
export function apiPages(root: string): Map<string, string> {
  const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    exports: Record<string, { readonly 'umbel-source': string } | string>;
  };
  const sources = new Sources();
  const pages = new Map<string, string>();
  const rows: string[] = [];
  for (const [path, target] of Object.entries(exports)) {
    if (typeof target === 'string') continue;
    const name = path === '.' ? 'umbel' : `umbel/${path.slice(2)}`;
    const file = `${name.replace('/', '-')}.md`;
    const source = join(root, target['umbel-source']);
    const all = [...sources.exportsOf(source).values()];
    pages.set(file, page(name, relative(root, source), all));
    rows.push(`| [\`${name}\`](${file}) | ${signOf(sources.read(source))} | ${all.length} |`);
  }
  const index = ['# API', '', PRINTED, '', '| Import | | Names |', '| --- | --- | --- |', ...rows, ''];
  pages.set('README.md', index.join('\n'));
  return pages;
}

const PRINTED =
  'Printed from the sources by `npm run docs`. What it is all for stands in the [guides](../guides/README.md).';

/** Parsed files, and what each exports, what it hands on from others included. */
class Sources {
  readonly #files = new Map<string, ts.SourceFile>();
  readonly #exports = new Map<string, Map<string, Exported>>();

  read(path: string): ts.SourceFile {
    const known = this.#files.get(path);
    if (known) return known;
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
    this.#files.set(path, file);
    return file;
  }

  exportsOf(path: string): Map<string, Exported> {
    const known = this.#exports.get(path);
    if (known) return known;
    const found = new Map<string, Exported>();
    this.#exports.set(path, found);
    const add = (name: string, nodes: readonly ts.Node[]) =>
      found.set(name, { name, nodes: [...(found.get(name)?.nodes ?? []), ...nodes] });
    for (const statement of this.read(path).statements) {
      if (ts.isExportDeclaration(statement)) {
        const { exportClause, moduleSpecifier } = statement;
        const of =
          moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? join(dirname(path), moduleSpecifier.text) : path;
        // Of another package.
        if (!existsSync(of)) continue;
        if (!exportClause) for (const one of this.exportsOf(of).values()) add(one.name, one.nodes);
        else if (ts.isNamedExports(exportClause)) {
          for (const { name, propertyName } of exportClause.elements)
            add(name.text, this.exportsOf(of).get((propertyName ?? name).text)?.nodes ?? []);
        }
      } else if (isExported(statement)) for (const [name, node] of declared(statement)) add(name, [node]);
    }
    return found;
  }
}

function isExported(statement: ts.Statement): boolean {
  return (ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : []).some(
    ({ kind }) => kind === ts.SyntaxKind.ExportKeyword,
  );
}

function declared(statement: ts.Statement): [string, ts.Node][] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map((one) => [one.name.getText(), one]);
  const { name } = statement as { readonly name?: ts.Identifier };
  return name ? [[name.text, statement]] : [];
}

// -- pages

function page(name: string, source: string, all: readonly Exported[]): string {
  const byKind = new Map<Kind, Exported[]>(KINDS.map((kind) => [kind, []]));
  for (const one of all) if (one.nodes.length > 0) byKind.get(kindOf(one.nodes[0]!))!.push(one);
  const kinds = [...byKind].filter(([, some]) => some.length > 0);
  for (const [, some] of kinds) some.sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  const anchor = anchors();
  const contents = kinds.map(
    ([kind, some]) => `- **${kind}**: ${some.map((one) => `[${one.name}](#${anchor(one.name)})`).join(', ')}`,
  );
  const sections = kinds.flatMap(([kind, some]) => [`## ${kind}`, '', ...some.flatMap(section)]);
  return [`# ${name}`, '', `\`${source}\`. ${PRINTED}`, '', ...contents, '', ...sections].join('\n');
}

/** As GitHub makes them of headings in the order of the page: a second of the same letters is numbered. */
function anchors(): (heading: string) => string {
  const seen = new Map<string, number>();
  return (heading) => {
    const plain = heading.toLowerCase();
    const before = seen.get(plain) ?? 0;
    seen.set(plain, before + 1);
    return before === 0 ? plain : `${plain}-${before}`;
  };
}

function kindOf(node: ts.Node): Kind {
  if (ts.isFunctionDeclaration(node)) return 'Functions';
  if (ts.isClassDeclaration(node)) return 'Classes';
  if (ts.isInterfaceDeclaration(node)) return 'Interfaces';
  return ts.isTypeAliasDeclaration(node) ? 'Types' : 'Values';
}

function section({ name, nodes }: Exported): string[] {
  // Of overloads the last is the one that does it, and callers do not see it.
  const shown =
    nodes.length > 1 && ts.isFunctionDeclaration(nodes[0]!) ? nodes.filter((node) => !hasBody(node)) : nodes;
  const said = [...new Set(shown.map(commentOf))].filter(Boolean).flatMap((comment) => [prose(comment), '']);
  return [`### ${name}`, '', ...said, '```ts', ...shown.map(declaration), '```', ''];
}

/** A comment's text as Markdown, its tags as a list. */
function prose(comment: string): string {
  const [text, ...tags] = comment.split(/(?:^|\s)@(?=[a-z]+\b)/);
  const items = tags.map((tag) => {
    const [, word, rest] = /^(\w+)\s*([\s\S]*)$/.exec(tag)!;
    if (word === 'param') return `- ${rest!.trim().replace(/^(\S+)/, '`$1`:')}`;
    return `- ${word}: ${rest!.trim()}`;
  });
  return [text!.trim(), ...(items.length > 0 ? [items.join('\n').replace(/\n(?!- )/g, ' ')] : [])]
    .filter(Boolean)
    .join('\n\n');
}

// -- signatures

function declaration(node: ts.Node): string {
  if (ts.isClassDeclaration(node)) return classText(node);
  if (ts.isFunctionDeclaration(node)) return `${headOf(node)};`;
  if (ts.isVariableDeclaration(node)) return variableText(node);
  return withoutExport(node.getText());
}

function withoutExport(text: string): string {
  return text.replace(/^export (?:declare )?/, '');
}

/** Up to the body. */
function headOf(node: ts.FunctionLikeDeclaration): string {
  const text = node.getText();
  const length = node.body ? node.body.getStart() - node.getStart() : text.length;
  return withoutExport(text.slice(0, length).trim().replace(/;$/, '')).replace(/^(\s*)async /, '$1');
}

function classText(node: ts.ClassDeclaration): string {
  const source = node.getSourceFile();
  const opening = source.text.indexOf('{', (node.heritageClauses ?? node.typeParameters)?.end ?? node.name!.end);
  const head = withoutExport(source.text.slice(node.getStart(), opening).trim());
  const overloaded = new Set(
    node.members.filter((one) => isMethod(one) && !hasBody(one)).map((one) => one.name?.getText()),
  );
  const members = node.members.filter(
    (one) => isPublic(one) && !(isMethod(one) && hasBody(one) && overloaded.has(one.name?.getText())),
  );
  return [`${head} {`, ...members.map(memberText), '}'].join('\n');
}

function isMethod(node: ts.Node): boolean {
  return ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node);
}

function hasBody(node: ts.Node): boolean {
  return (node as { readonly body?: ts.Node }).body !== undefined;
}

function isPublic(member: ts.ClassElement): boolean {
  if (ts.isClassStaticBlockDeclaration(member)) return false;
  const modifiers = ts.canHaveModifiers(member) ? (ts.getModifiers(member) ?? []) : [];
  const hidden: readonly ts.SyntaxKind[] = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
  if (modifiers.some(({ kind }) => hidden.includes(kind))) return false;
  return !member.name || !(ts.isPrivateIdentifier(member.name) || member.name.getText().startsWith('[inspect'));
}

function memberText(member: ts.ClassElement): string {
  const comment = rawComment(member);
  let text = member.getText();
  if (ts.isPropertyDeclaration(member) && member.initializer) {
    // A value that is not short is no part of what callers see.
    const isShort = !member.type && member.initializer.getText().length <= 60;
    const end = isShort ? member.getEnd() : (member.type ?? member.name).getEnd();
    text = text.slice(0, end - member.getStart()).replace(/;$/, '');
  } else if (ts.isFunctionLike(member)) text = headOf(member as ts.FunctionLikeDeclaration);
  return `${comment ? `  ${comment}\n` : ''}  ${text.replace(/;$/, '')};`;
}

function variableText(node: ts.VariableDeclaration): string {
  const name = node.name.getText();
  if (node.type) return `const ${name}: ${node.type.getText()};`;
  const value = node.initializer?.getText() ?? '';
  return `const ${name} = ${value.length <= 400 ? value : `${value.slice(0, value.indexOf('\n') > 0 ? Math.min(120, value.indexOf('\n')) : 120)} …`};`;
}

// -- comments

/** The JSDoc of a declaration as it is written; '' without one. */
function rawComment(node: ts.Node): string {
  const docs = (node as { readonly jsDoc?: readonly ts.JSDoc[] }).jsDoc;
  return docs?.at(-1)?.getText() ?? '';
}

/** ... its text alone. */
function commentOf(node: ts.Node): string {
  const of = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return rawComment(of)
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*\s?/, '').trimEnd())
    .join('\n')
    .trim();
}

/** The first sentence of the comment at a file's head. */
function signOf(file: ts.SourceFile): string {
  const [head = ''] = /^(?:\/\/.*\n)+/.exec(file.text) ?? [];
  const text = head.replace(/^\/\/ ?/gm, '').replace(/\n/g, ' ');
  return /^(.+?[.:])(?:\s|$)/.exec(text)?.[1]?.replace(/[:]$/, '.') ?? '';
}
