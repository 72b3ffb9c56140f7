// A text with elements in it, in the reader's language: 'See <code>{name}</code>'. The elements keep their place in the sentence,
// which differs between languages. Plain texts: text.ts.
import { createElement, Fragment, type ReactNode } from 'react';
import { count } from './figures.ts';
import { lookUp, type Values } from './text.ts';

type Piece = ReactNode | ((inside: ReactNode) => ReactNode);

/** Drawn as they are, without being given. */
const ELEMENTS = new Set(['b', 'code', 'i', 'kbd', 'small', 'em']);

/**
 * `rich('<a>The guide</a> says {what}', { a: (inside) => <a href="...">{inside}</a>, what: <b>so</b> })`.
 * A tag is given as a function of what stands in it, or is one of `b code i kbd small em`.
 */
export function rich<const Text extends string>(
  text: Text,
  ...[values]: Values<Text, ReactNode> extends []
    ? [tags?: Readonly<Record<string, Piece>>]
    : [values: Values<Text, ReactNode>[0] & Readonly<Record<string, Piece>>]
): ReactNode {
  const given = (values ?? {}) as Readonly<Record<string, Piece>>;
  const pieces = lookUp(text)
    .split(/(<\/?\w+>|\{\w+\})/)
    .filter((piece) => piece !== '');
  let at = 0;
  const read = (until: string): ReactNode => {
    const inside: ReactNode[] = [];
    while (at < pieces.length) {
      const piece = pieces[at++]!;
      if (piece === until) break;
      const name = /^[<{](\w+)[>}]$/.exec(piece)?.[1];
      const value = name === undefined ? undefined : given[name];
      if (name === undefined) inside.push(piece);
      else if (piece.startsWith('{')) inside.push(typeof value === 'number' ? count(value) : (value as ReactNode));
      else inside.push(element(name, value, read(`</${name}>`)));
    }
    return createElement(Fragment, null, ...inside);
  };
  return read('');
}

function element(name: string, value: Piece, inside: ReactNode): ReactNode {
  if (typeof value === 'function') return value(inside);
  return ELEMENTS.has(name) ? createElement(name, null, inside) : inside;
}
