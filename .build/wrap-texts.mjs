// Wraps the texts of pages that stand outside of the catalogue (test/support/house-texts.ts names them) into t() and rich(), as far as
// that can be done without knowing what they mean: `npx tsx .build/wrap-texts.mjs overview tasks/task-head.tsx`. Read what it wrote:
// halves of sentences are to be put together, plurals become tn(), names of places get a better word. What it cannot do it prints.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';
import { textsOf } from '../test/support/house-texts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PLAIN = new Set(['b', 'code', 'i', 'kbd', 'small', 'em']);

for (const given of process.argv.slice(2)) {
  const path = `web/src/${given}`;
  const files = statSync(ROOT + path).isDirectory()
    ? readdirSync(ROOT + path, { recursive: true }).map((file) => `${path}/${file}`)
    : [path];
  for (const file of files.filter((name) => /\.tsx?$/.test(name))) wrap(file);
}

function wrap(file) {
  const code = readFileSync(ROOT + file, 'utf8');
  const starts = new Set(textsOf(ROOT, file).outside.map(({ start }) => start));
  if (starts.size === 0) return;
  const used = new Set();
  const { program } = parseSync(file, code);

  const childrenOf = (node) =>
    Object.entries(node)
      .filter(([key]) => key !== 'type')
      .flatMap(([, value]) => value)
      .filter((value) => value && typeof value === 'object' && typeof value.type === 'string')
      .sort((a, b) => a.start - b.start || b.end - a.end);
  const holds = (node) => starts.has(node.start) && /Literal|JSXText/.test(node.type);
  const hasText = (node) => holds(node) || childrenOf(node).some(hasText);
  const source = (node) => code.slice(node.start, node.end);

  const out = (node, parent) => {
    if (holds(node)) {
      if (node.type === 'Literal') {
        used.add('t');
        const call = `t(${quoted(node.value)})`;
        return parent?.type === 'JSXAttribute' ? `{${call}}` : call;
      }
      if (node.type === 'TemplateLiteral') {
        if (node.expressions.some(hasText)) return byHand(node);
        used.add('t');
        return filled(
          't',
          node.quasis.map(({ value }) => value.cooked),
          node.expressions,
        );
      }
    }
    if (/^JSX(Element|Fragment)$/.test(node.type) && node.children.some(holds)) return outElement(node);
    let text = '';
    let at = node.start;
    for (const child of childrenOf(node)) {
      if (child.start < at) continue;
      text += code.slice(at, child.start) + out(child, node);
      at = child.end;
    }
    return text + code.slice(at, node.end);
  };

  /** One text beside drawings and fields is no sentence with elements in it. */
  const standsAlone = (node) => {
    const parts = node.children.filter((child) => child.type !== 'JSXText' || child.value.trim() !== '');
    const rest = parts.filter((child) => !holds(child));
    return (
      parts.length - rest.length === 1 &&
      rest.every(
        (child) =>
          (child.type === 'JSXElement' && !PLAIN.has(child.openingElement.name.name)) ||
          /^(Logical|Conditional)/.test(child.expression?.type),
      )
    );
  };

  const outElement = (node) => {
    if (standsAlone(node)) {
      used.add('t');
      const children = node.children.map((child) => {
        if (!holds(child)) return out(child, node);
        const [, before, after] = /^(\s*)[\s\S]*?(\s*)$/.exec(child.value);
        return `${before}{t(${quoted(jsxText(child.value).trim())})}${after}`;
      });
      return `${node.openingElement ? out(node.openingElement, node) : '<>'}${children.join('')}${node.closingElement ? source(node.closingElement) : '</>'}`;
    }
    const open = node.openingElement ? out(node.openingElement, node) : '<>';
    const close = node.closingElement ? source(node.closingElement) : '</>';
    const { text, values } = insideOf(node.children);
    const name = values.some((value) => /</.test(value)) || /<\w/.test(text) ? 'rich' : 't';
    used.add(name);
    const call = `${name}(${quoted(text)}${values.length > 0 ? `, { ${values.join(', ')} }` : ''})`;
    return `${open}{${call}}${close}`;
  };

  /** Children as a text with places, and what stands in them. */
  const insideOf = (children, values = [], names = new Set()) => {
    let text = '';
    const place = (wanted, value) => {
      let name = wanted;
      for (let i = 2; names.has(name); i++) name = wanted + i;
      names.add(name);
      values.push(name === value ? name : `${name}: ${value}`);
      return name;
    };
    for (const child of children) {
      if (child.type === 'JSXText') text += jsxText(child.value);
      else if (child.type === 'JSXExpressionContainer') {
        const { expression } = child;
        if (expression.type === 'JSXEmptyExpression') continue;
        if (expression.type === 'Literal' && typeof expression.value === 'string') text += expression.value;
        else text += `{${place(nameFor(expression), out(expression, child))}}`;
      } else {
        const tag = child.openingElement?.name.name;
        const inner = child.children ?? [];
        if (PLAIN.has(tag) && child.openingElement.attributes.length === 0)
          text += `<${tag}>${insideOf(inner, values, names).text}</${tag}>`;
        else if (inner.some(holds)) {
          const within = insideOf(inner, values, names).text;
          const word = tag === 'Link' || tag === 'PathLink' ? 'a' : String(tag).toLowerCase();
          const name = place(
            word,
            `(inside) => ${out(child.openingElement, child)}{inside}${source(child.closingElement)}`,
          );
          text += `<${name}>${within}</${name}>`;
        } else text += `{${place(String(tag ?? 'part').toLowerCase(), out(child, null))}}`;
      }
    }
    return { text: text.trim(), values };
  };

  const filled = (call, quasis, expressions) => {
    const names = new Set();
    const values = [];
    let text = quasis[0];
    expressions.forEach((expression, i) => {
      let name = nameFor(expression);
      for (let n = 2; names.has(name); n++) name = nameFor(expression) + n;
      names.add(name);
      const value = source(expression);
      values.push(name === value ? name : `${name}: ${value}`);
      text += `{${name}}${quasis[i + 1]}`;
    });
    return `${call}(${quoted(text)}, { ${values.join(', ')} })`;
  };

  const byHand = (node) => {
    console.log(`${file}:${code.slice(0, node.start).split('\n').length}: by hand: ${source(node).slice(0, 120)}`);
    return source(node);
  };

  let text = out(program, null);
  text = code.slice(0, program.start) + text + code.slice(program.end);
  const folder = relative(dirname(file), 'web/src/language').replace(/^(?!\.)/, './');
  const lines = [];
  const add = (name, module) =>
    used.has(name) &&
    !new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from '[^']*language/${module}`).test(text) &&
    lines.push(`import { ${name} } from '${folder}/${module}';`);
  add('rich', 'rich.tsx');
  add('t', 'text.ts');
  if (lines.length > 0) text = text.replace(/^import /m, `${lines.join('\n')}\nimport `);
  if (lines.length > 0 && !/^import /m.test(code)) text = text.replace(/^((?:\/\/.*\n)+)/, `$1${lines.join('\n')}\n`);
  writeFileSync(ROOT + file, text);
}

function nameFor(expression) {
  switch (expression.type) {
    case 'Identifier':
      return expression.name;
    case 'MemberExpression':
      return expression.computed ? 'value' : expression.property.name === 'length' ? 'count' : expression.property.name;
    case 'ChainExpression':
    case 'TSNonNullExpression':
      return nameFor(expression.expression);
    case 'CallExpression':
      return expression.arguments.length > 0 && nameFor(expression.arguments[0]) !== 'value'
        ? nameFor(expression.arguments[0])
        : expression.callee.type === 'Identifier'
          ? expression.callee.name
          : nameFor(expression.callee.object ?? expression.callee);
    case 'BinaryExpression':
      return nameFor(expression.left);
    default:
      return 'value';
  }
}

/** As JSX reads it: lines are trimmed and joined by a space. */
function jsxText(value) {
  const lines = value
    .replace(/&apos;/g, "'")
    .replace(/&amp;/g, '&')
    .split('\n');
  return lines
    .map((line, i) => (i > 0 ? line.trimStart() : line))
    .map((line, i) => (i < lines.length - 1 ? line.trimEnd() : line))
    .filter((line) => line !== '')
    .join(' ');
}

function quoted(text) {
  return text.includes("'") && !text.includes('"')
    ? `"${text}"`
    : `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
}
