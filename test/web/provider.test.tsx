// Where pages have their live picture from. Product: web/src/live/provider.tsx, screen.ts.
import { expect, test } from 'vitest';
import { drawn, liveOf } from './support/drawn.tsx';

const { browserLive } = await import('../../web/src/live/provider.tsx');
const { Age } = await import('../../web/src/ui/time.tsx');
const { usePhone, useReadOnly } = await import('../../web/src/live/hooks.ts');

test('to import the pages opens nothing, and neither does making the live picture', () => {
  const opened: string[] = [];
  const before = {
    WebSocket: globalThis.WebSocket,
    setInterval: globalThis.setInterval,
    document: globalThis.document,
  };
  const listens = { addEventListener: (name: string) => opened.push(name) };
  Object.assign(globalThis, {
    WebSocket: class {
      constructor() {
        opened.push('socket');
      }
    },
    setInterval: () => opened.push('timer'),
    matchMedia: () => ({ matches: false, ...listens }),
    document: { ...before.document, hidden: false, ...listens },
  });
  try {
    browserLive();
    expect(opened).toEqual([]);
  } finally {
    Object.assign(globalThis, before);
  }
});

test('a component without a provider says which one it needs', async () => {
  const { renderToStaticMarkup } = await import('react-dom/server');

  expect(() => renderToStaticMarkup(<Age at={1} />)).toThrow('LiveProvider');
});

test('each test hands its components a picture and a screen of their own', async () => {
  const Said = () => <p>{`${usePhone() ? 'phone' : 'desk'} ${useReadOnly() ? 'reads' : 'acts'}`}</p>;

  expect(await drawn(<Said />)).toContain('desk acts');
  expect(await drawn(<Said />, [], liveOf({ cluster: { read_only: true } as never }, { phone: true }))).toContain(
    'phone reads',
  );
});
