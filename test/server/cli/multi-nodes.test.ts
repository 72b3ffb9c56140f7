// The words of `umbel multi` as nodes, in process. What Celery 5.2 prints for the same words stands beside each.
import { describe, expect, it } from 'vitest';
import { nodesOf, readWords } from '../../../server/cli/multi-nodes.ts';

const nodes = (line: string) => nodesOf(readWords(line.split(' ')), 'vm');
const names = (line: string) => nodes(line).map(({ name }) => name);
const argv = (line: string) => nodes(line).map((node) => node.argv.join(' '));

describe('names of nodes', () => {
  it.each([
    ['3', ['celery1@vm', 'celery2@vm', 'celery3@vm']],
    ['2 --range-prefix=worker', ['worker1@vm', 'worker2@vm']],
    ['2 --hostname=worker.example.com', ['celery1@worker.example.com', 'celery2@worker.example.com']],
    ['a b@x --suffix=foo', ['a@foo', 'b@x']],
    ['a --prefix=w-', ['w-a@vm']],
    ['3 4', ['3@vm', '4@vm']],
  ])('%s', (line, expected) => {
    expect(names(line)).toEqual(expected);
  });
});

describe('commands', () => {
  it('options for all, for some by index and range, files by name, and what follows "--"', () => {
    const line =
      '3 -l INFO -Q:1-2 images,video -Q default -c:3 9 -A proj --pidfile=/m/%n.pid --logfile=/m/%n%I.log -- broker.x=1';
    expect(argv(line)).toEqual([
      '-A proj worker --detach -l INFO -Q images,video --pidfile=/m/celery1.pid --logfile=/m/celery1%I.log -n celery1@vm -- broker.x=1',
      '-A proj worker --detach -l INFO -Q images,video --pidfile=/m/celery2.pid --logfile=/m/celery2%I.log -n celery2@vm -- broker.x=1',
      '-A proj worker --detach -l INFO -Q default --pidfile=/m/celery3.pid --logfile=/m/celery3%I.log -c 9 -n celery3@vm -- broker.x=1',
    ]);
  });

  it('options for named nodes, --cmd and --append', () => {
    expect(argv('image video -c 3 -c:image 10 --pidfile=p --logfile=l')).toEqual([
      'worker --detach -c 10 --pidfile=p --logfile=l -n image@vm',
      'worker --detach -c 3 --pidfile=p --logfile=l -n video@vm',
    ]);
    expect(argv('a b c -c:a,c 2 -p p -f l').map((one) => /-c (\d)/.exec(one)?.[1])).toEqual(['2', undefined, '2']);
    expect(argv('a --prefix=w- --append=-E -c:a 3 -p p -f l')).toEqual(['worker --detach -p p -f l -c 3 -n w-a@vm -E']);
    expect(nodesOf(readWords(['a', '--cmd=-m celery worker', '-p', 'p', '-f', 'l']), 'vm')[0]!.argv.join(' ')).toBe(
      'worker -p p -f l -n a@vm',
    );
  });

  it('a value with spaces stays one word', () => {
    const [node] = nodesOf(readWords(['a', '-A', './my app.ts', '--pidfile=run dir/%n.pid', '-f', 'l']), 'vm');
    expect(node!.argv).toContain('./my app.ts');
    expect(node!.argv).toContain('--pidfile=run dir/a.pid');
    expect(node!.pidfile).toBe('run dir/a.pid');
  });
});

it('a template is expanded as Celery does: %h is the whole name there and %d its host', () => {
  expect(nodes('a b@x.y.com').map((node) => node.expand('%n %N %h %d %i %I'))).toEqual([
    'a a a@vm vm %i %I',
    'b b b@x.y.com x.y.com %i %I',
  ]);
});

it.each([
  ['3 -c:0 1', /start at 1/],
  ['3 -c:4 1', /no node 4: '4' names one of 3 nodes/],
  ['3 -c:3-1 1', /no range/],
  ['mail web -c:male 1', /given for 'male', and no node is called so/],
])('%s is refused', (line, said) => {
  expect(() => nodes(line)).toThrow(said);
});
