// The screen of `umbel events`, without a terminal: events in, keys in, lines out.
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { widthOf } from '../../../server/cli/columns.ts';
import { EventsView } from '../../../server/cli/events-view.ts';
import { keysOf, openFullScreen } from '../../../server/cli/full-screen.ts';
import { ClusterState } from '../../../shared/events/cluster-state.ts';
import type { CeleryEvent } from '../../../shared/events/event.ts';

const NOW = 1_800_000_000;
const ESC = String.fromCharCode(27);

function world(paint = (text: string, ..._styles: string[]) => text) {
  const state = new ClusterState();
  const view = new EventsView({ state, source: 'redis://broker/0', paint, now: () => NOW * 1000 });
  let clock = 0;
  const event = (type: string, fields: object) =>
    state.apply({
      type,
      hostname: 'w1@host',
      timestamp: NOW,
      local_received: NOW,
      clock: ++clock,
      ...fields,
    } as CeleryEvent);
  event('worker-heartbeat', { freq: 2, active: 1, processed: 7, pid: 9, sw_ident: 'py-celery', sw_ver: '5.6.2' });
  for (const name of ['mail.send', 'shop.order']) event('task-received', { uuid: `id-of-${name}`, name, args: '(1,)' });
  event('task-started', { uuid: 'id-of-shop.order' });
  event('task-failed', { uuid: 'id-of-mail.send', exception: `Boom('${ESC}[31m')`, traceback: 'Traceback\n  line 1' });
  const press = (keys: string) => keysOf(keys).map((key) => view.key(key));
  return { state, view, event, press, text: (columns = 80, rows = 24) => view.lines(columns, rows).join('\n') };
}

describe.each([80, 200, 30])('at %d columns', (columns) => {
  it('no line of any page is wider, there are no more than rows, and nothing a task says reaches the terminal as a control', () => {
    const { view, press, event } = world();
    event('task-received', { uuid: 'x'.repeat(300), name: 'n'.repeat(300), args: `${ESC}[2J${'a'.repeat(500)}` });
    event('task-received', { uuid: '号'.repeat(300), name: '発送'.repeat(300), args: '한글'.repeat(500) });
    for (const keys of ['', 'i', 'qj', 'i', 'tt', 'qr', 'qw', '?', ' c', 'nl', `${ESC}`]) {
      press(keys);
      const lines = view.lines(columns, 24);
      expect(lines.length).toBeLessThanOrEqual(24);
      expect(lines.filter((line) => widthOf(line) > columns)).toEqual([]);
      expect(lines.join('')).not.toContain(ESC);
    }
  });
});

it('lists tasks newest first, and workers', () => {
  const { text, press } = world();
  expect(text()).toMatch(/1 of 1 workers online {2}2 tasks/);
  expect(text()).toMatch(
    /UUID +TASK +WORKER +TIME +STATE +\nid-of-mai… +mail\.send +w1@host +[\d:]+ +FAILURE +\n.*shop\.order .*STARTED/,
  );
  press('w');
  expect(text()).toMatch(/w1@host +online +1 +7 +9 +py-celery 5\.6\.2/);
});

it('follows the selected task while others come in before it', () => {
  const { text, press, event } = world();
  press('j');
  expect(text()).toContain('Selected: id-of-shop.order');
  event('task-received', { uuid: 'newest', name: 'a.b' });
  expect(text()).toContain('Selected: id-of-shop.order');
  press(`${ESC}[A${ESC}[A`);
  expect(text()).toContain('Selected: newest');
});

it('shows one task in full, its traceback, and goes back', () => {
  const { text, press } = world();
  press('i');
  expect(text()).toMatch(
    /name +mail\.send\n[\s\S]*exception +Boom\('\\x1b\[31m'\)[\s\S]*traceback\nTraceback\n {2}line 1/,
  );
  press('t');
  expect(text()).toMatch(/Traceback\n\nTraceback\n {2}line 1/);
  press('q');
  expect(text()).toContain('UUID');
});

describe('commands', () => {
  it('asks before it revokes; C ends it too; an ended task is left alone', () => {
    const { text, press } = world();
    press('c');
    expect(text()).toContain('nothing to revoke');
    press('j');
    expect(text()).not.toContain('nothing to revoke');
    press('c');
    expect(text()).toContain('Revoke id-of-shop.order? [y/N]');
    expect(press('n')).toEqual([null]);
    expect(press('cy')).toEqual([null, { kind: 'revoke', id: 'id-of-shop.order', terminate: false }]);
    expect(press('Cy')).toEqual([null, { kind: 'revoke', id: 'id-of-shop.order', terminate: true }]);
  });

  it('takes a rate limit letter by letter', () => {
    const { text, press } = world();
    press('l10/x\x7f5/m');
    expect(text()).toContain('Rate limit of mail.send (10/m, 2/s, 0: none): 105/m_');
    expect(press('\r')).toEqual([{ kind: 'rate-limit', task: 'mail.send', rate: '105/m' }]);
    press(`l3${ESC}`);
    expect(text()).toContain('no limit changed');
  });

  it('q and Ctrl+C end it', () => {
    expect(world().press('q')).toEqual([{ kind: 'quit' }]);
    expect(world().press('i\x03').at(-1)).toEqual({ kind: 'quit' });
  });
});

it('says when the broker is away', () => {
  const { view, text } = world();
  view.connected = false;
  expect(text()).toContain('the broker is away, trying again');
});

it('columns stand below one another with letters of every width, and a state is coloured whole', () => {
  const { view, event } = world((text, ...styles) => (styles[0] === 'red' ? `<${text}>` : text));
  event('task-received', { uuid: 'wide', name: 'mail.発送する' });
  const [, heads, selected, ...rest] = view.lines(80, 24);
  const place = widthOf(heads!.slice(0, heads!.indexOf('WORKER')));
  expect(widthOf(selected!.slice(0, selected!.indexOf('w1@host')))).toBe(place);
  expect(rest[0]!.slice(place)).toMatch(/^w1@host .* <FAILURE>$/);
});

it('a line as wide as the screen keeps its last letter: nothing is erased behind it', () => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const written: string[] = [];
  output.on('data', (data) => written.push(String(data)));
  const screen = openFullScreen({
    input: input as never,
    output: Object.assign(output, { columns: 4, rows: 3 }) as never,
    onKey: () => {},
    onResize: () => {},
  });
  screen.draw(['full', 'x']);
  screen.draw(['full', 'full', 'full']);
  screen.close();
  expect(written.join('')).toContain(`${ESC}[H${ESC}[Kfull\r\n${ESC}[Kx\r\n${ESC}[J${ESC}[H${ESC}[Kfull`);
  expect(written.join('')).not.toMatch(/full.\[[JK]/);
});
