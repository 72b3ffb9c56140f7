// Flower's config file, flowerconfig.py, as far as it is a list of `name = literal`: read, never run.
// Not here: which names there are (dashboard/options.ts), finding the file (config-file.ts).
// Holds: what is no literal is an error that names its line and shows none of its value, which may be a secret. Imports, comments and
// texts that stand alone change nothing and are passed over.
// Flower 2.0: command.py apply_options; Tornado 6.5: options.py parse_config_file
import { parsePythonLiteral } from '../../shared/python-literal.ts';
import { PyFloat, PyTuple } from '../../shared/python-values.ts';

/** `name` is null where the line begins with none. */
export class NotLiteral extends Error {
  readonly line: number;
  readonly option: string | null;
  constructor(line: number, option: string | null, message: string) {
    super(message);
    this.line = line;
    this.option = option;
  }
}

export interface Assigned {
  readonly name: string;
  readonly value: unknown;
  /** From 1 on. */
  readonly line: number;
}

/** @throws NotLiteral */
export function parseFlowerConfig(source: string): Assigned[] {
  return statements(source).flatMap(({ text, line, isIndented }) => {
    if (/^(import|from)\s/.test(text) || /^"(?:[^"\\]|\\.)*"$/.test(text)) return [];
    const defined = /^(?:async\s+)?(?:def|class)\s+(\w+)/.exec(text)?.[1];
    if (defined !== undefined)
      throw new NotLiteral(line, defined, `${defined} is code of Python, which is not run here`);
    const match = /^([A-Za-z_]\w*)\s*(?::[^=]*)?=(?!=)\s*([\s\S]*)$/.exec(text);
    if (isIndented || !match) throw new NotLiteral(line, null, 'is not of the form name = literal');
    const [, name, value] = match as unknown as [string, string, string];
    const read = parsePythonLiteral(value, { escapes: 'python' });
    if (!read.ok)
      throw new NotLiteral(
        line,
        name,
        `what ${name} is set to is no literal. Texts, numbers, True, False, None, and lists and dicts of them are read; nothing is run`,
      );
    return [{ name, value: plain(read.value), line }];
  });
}

/** As JSON would have it. */
function plain(value: unknown): unknown {
  if (value instanceof PyFloat) return value.value;
  if (value instanceof PyTuple) return value.items.map(plain);
  if (value instanceof Set) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  return value;
}

interface Statement {
  /** Without comments and line ends; each string as one in double quotes, those side by side as one. */
  readonly text: string;
  readonly line: number;
  readonly isIndented: boolean;
}

const STRING =
  /([A-Za-z]{0,2})("""[\s\S]*?(?<!\\)(?:\\\\)*"""|'''[\s\S]*?(?<!\\)(?:\\\\)*'''|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')/y;
const NAME = /[A-Za-z_]\w*/y;

function statements(source: string): Statement[] {
  const found: Statement[] = [];
  let text = '';
  let begun = 1;
  let line = 1;
  let depth = 0;
  let endsInString = false;
  /** After a semicolon a space is none that begins a block. */
  let beginsLine = true;
  const end = (atLineEnd: boolean) => {
    if (text.trim() !== '') found.push({ text: text.trim(), line: begun, isIndented: beginsLine && /^\s/.test(text) });
    text = '';
    beginsLine = atLineEnd;
  };
  const add = (piece: string) => {
    if (text.trim() === '') begun = line;
    text += piece;
    endsInString = false;
  };
  for (let at = 0; at < source.length; ) {
    const char = source[at]!;
    const string = matchAt(STRING, source, at);
    if (string) {
      const [whole, prefix, quoted] = string as unknown as [string, string, string];
      const value = textOf(prefix.toLowerCase(), quoted);
      // Side by side they are one text.
      if (endsInString && value !== null) text = text.trimEnd().slice(0, -1) + JSON.stringify(value).slice(1);
      else add(value === null ? whole : JSON.stringify(value));
      endsInString = value !== null;
      line += whole.split('\n').length - 1;
      at += whole.length;
      continue;
    }
    const word = matchAt(NAME, source, at)?.[0];
    if (word) {
      add(word);
      at += word.length;
      continue;
    }
    at++;
    if (char === '#') {
      while (at < source.length && source[at] !== '\n') at++;
    } else if (char === '\n') {
      if (depth === 0) end(true);
      else text += ' ';
      line++;
    } else if (char === '\\' && /^\r?\n/.test(source.slice(at, at + 2))) {
      at += source[at] === '\r' ? 2 : 1;
      line++;
      text += ' ';
    } else if (char === ';' && depth === 0) end(false);
    else if (char !== '\r' && char !== '\ufeff') {
      if ('([{'.includes(char)) depth++;
      if (')]}'.includes(char)) depth--;
      if (/\s/.test(char)) text += char;
      else add(char);
    }
  }
  end(true);
  return found;
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

/** null: it is put together when it runs (f'...'), or is no text (b'...'). */
function textOf(prefix: string, quoted: string): string | null {
  if (!/^[ru]?$/.test(prefix)) return null;
  const inner = /^("""|''')/.test(quoted) ? quoted.slice(3, -3) : quoted.slice(1, -1);
  if (prefix === 'r') return inner;
  const double = `"${inner.replace(/\\[\s\S]|"|\n/g, (piece) => (piece === '"' ? '\\"' : piece === '\n' ? '\\n' : piece))}"`;
  const read = parsePythonLiteral(double, { escapes: 'python' });
  return read.ok && typeof read.value === 'string' ? read.value : null;
}
