// A Python traceback read as frames and causes, and drawn. Product: web/src/tasks/traceback.ts, traceback-view.tsx.
import { Tooltip } from 'radix-ui';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { packagesOf, readTraceback, runsOf, shortPath } from '../../web/src/tasks/traceback.ts';
import { TracebackView } from '../../web/src/tasks/traceback-view.tsx';

const TRACE = `Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/celery/app/trace.py", line 451, in trace_task
    R = retval = fun(*args, **kwargs)
  File "/app/shop/orders/tasks.py", line 88, in charge_card
    receipt = psp.capture(order.payment_id, amount)
              ^^^^^^^^^^^
  File "/usr/lib/python3/site-packages/requests/adapters.py", line 713, in send
    raise ReadTimeout(e, request=request)
requests.exceptions.ReadTimeout: Read timed out.`;

const onlyOne = (text: string) => {
  const { chain } = readTraceback(text);
  expect(chain).toHaveLength(1);
  return chain[0]!;
};

test("a traceback is read as frames, with one's own told from the libraries'", () => {
  const { frames, last } = onlyOne(TRACE);

  expect(frames.map((f) => [f.fn, f.line, f.own])).toEqual([
    ['trace_task', 451, false],
    ['charge_card', 88, true],
    ['send', 713, false],
  ]);
  expect(frames[1]!.source).toBe('receipt = psp.capture(order.payment_id, amount)\n          ^^^^^^^^^^^');
  expect(last).toBe('requests.exceptions.ReadTimeout: Read timed out.');
  expect(runsOf(frames).map((r) => r.own)).toEqual([false, true, false]);
  expect(packagesOf([frames[2]!])).toBe('requests');
});

test("umbel's own frames fold, from its sources, as built and as installed; a folder called server of one's own does not", () => {
  const trace = (path: string) => `Traceback (most recent call last):
  File "${path}", line 114, in traceTask
  File "/srv/umbel/server/app/task.ts", line 173, in Task.call
  File "/srv/umbel/examples/shop/orders.ts", line 54, in RunningTask.<anonymous>
  File "/srv/shop/server/app/task.ts", line 5, in charge
Declined: no
`;
  const own = (path: string) => onlyOne(trace(path)).frames.map((f) => f.own);

  expect(own('/srv/umbel/server/app/trace.ts')).toEqual([false, false, true, true]);
  expect(own('/srv/umbel/dist/chunk-AB12.js')).toEqual([false, false, true, true]);
  expect(own('/srv/shop/node_modules/umbel/server/app/trace.ts')[0]).toBe(false);
  expect(packagesOf(onlyOne(trace('/srv/umbel/dist/chunk-AB12.js')).frames.slice(0, 2))).toBe('umbel');
});

test('a text that is no traceback has no frames', () => {
  expect(readTraceback('it broke')).toEqual({ chain: [], before: 'it broke' });
});

test("a library path begins at its package, one's own keeps three folders", () => {
  expect(shortPath('/usr/lib/python3/site-packages/requests/adapters.py')).toEqual({
    dir: 'requests/',
    base: 'adapters.py',
  });
  expect(shortPath('/srv/www/app/shop/orders/tasks.py')).toEqual({ dir: 'app/shop/orders/', base: 'tasks.py' });
});

const CHAINED = `Traceback (most recent call last):
  File "/app/store.py", line 3, in read
    return rows[key]
           ~~~~^^^^^
KeyError: 'missing'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/tasks.py", line 9, in load
    raise Absent(key) from error
shop.Absent: no row

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/tasks.py", line 12, in again
    return again(n + 1)
  File "/app/tasks.py", line 12, in again
    return again(n + 1)
  [Previous line repeated 976 more times]
RecursionError: maximum recursion depth exceeded
with a second line
    and an indented one`;

test('a chain keeps each exception, the sentences between them, and what Python folded', () => {
  const { chain } = readTraceback(CHAINED);

  expect(chain.map((one) => [one.frames.length, one.last.split('\n')[0], one.joint])).toEqual([
    [1, "KeyError: 'missing'", 'The above exception was the direct cause of the following exception:'],
    [1, 'shop.Absent: no row', 'During handling of the above exception, another exception occurred:'],
    [2, 'RecursionError: maximum recursion depth exceeded', ''],
  ]);
  expect(chain[2]!.frames.map((f) => f.repeated)).toEqual(['', '[Previous line repeated 976 more times]']);
  expect(chain[2]!.last.split('\n').slice(1)).toEqual(['with a second line', '    and an indented one']);
});

test('a source of several lines stays with its frame, its marks below what they mark', () => {
  const { frames, last } = onlyOne(`Traceback (most recent call last):
  File "/app/tasks.py", line 3, in f
    pay(
    ~~~^
        order,
        ^^^^^^
    )
    ^
ValueError: x`);

  expect(frames[0]!.source).toBe('pay(\n~~~^\n    order,\n    ^^^^^^\n)\n^');
  expect(last).toBe('ValueError: x');
});

test('a message that quotes a traceback is a message', () => {
  const { frames, last } = onlyOne(`Traceback (most recent call last):
  File "/app/tasks.py", line 3, in f
    raise Remote(text)
Remote: it said
  File "/elsewhere.py", line 1, in g
the end`);

  expect(frames).toHaveLength(1);
  expect(last).toBe('Remote: it said\n  File "/elsewhere.py", line 1, in g\nthe end');
});

test('a syntax error shows where in the text it is', () => {
  const { frames, last } = onlyOne(`Traceback (most recent call last):
  File "/app/tasks.py", line 3, in f
    eval("1+")
  File "<string>", line 1
    1+
     ^
SyntaxError: invalid syntax`);

  expect(frames.map((f) => f.source)).toEqual(['eval("1+")', '1+\n ^']);
  expect(last).toBe('SyntaxError: invalid syntax');
});

const drawn = (text: string) =>
  renderToStaticMarkup(
    <Tooltip.Provider>
      <TracebackView text={text} />
    </Tooltip.Provider>,
  );

test('drawn, a chain has its sentences and the folded recursion in it', () => {
  const html = drawn(CHAINED);

  for (const line of [
    'The above exception was the direct cause of the following exception:',
    'During handling of the above exception, another exception occurred:',
    '[Previous line repeated 976 more times]',
    'RecursionError: maximum recursion depth exceeded',
    'shop.Absent: no row',
  ])
    expect(html).toContain(line);
});

test('drawn, what hides in a traceback is seen', () => {
  const html = drawn(`Traceback (most recent call last):
  File "/app/\u202eyp.sksat", line 3, in f
    x
ValueError: a\u0000b`);

  for (const hidden of ['\u202e', '\u0000']) expect(html).not.toContain(hidden);
  expect(html).toContain('\\u202e');
  expect(html).toContain('\\x00');
});
