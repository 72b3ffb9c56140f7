// Texts with elements in them: where the elements stand. Plain texts: language.test.ts. Product: web/src/language/rich.tsx.
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, it } from 'vitest';
import { rich } from '../../web/src/language/rich.tsx';

it('a text with elements has them where its tags stand, at its beginning and inside each other too', () => {
  expect(renderToStaticMarkup(rich('<b>{name}</b><i>is <code>gone</code></i>, {n}.', { name: 'w1', n: 12_400 }))).toBe(
    '<b>w1</b><i>is <code>gone</code></i>, 12.4k.',
  );
});
