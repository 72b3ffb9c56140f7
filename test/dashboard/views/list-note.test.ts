import { expect, it } from 'vitest';
import { listNote } from '../../../server/dashboard/views/list-note.ts';
import { parseQuery } from '../../../shared/query/parser.ts';

const tree = (text: string) => {
  const parsed = parseQuery(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.tree;
};

it.each([
  ['state:PROGRESS', null],
  ['name:x (state:FAILURE OR -state:progress)', null],
  ['', ['PROGRESS']],
])('a list of %j and %j says where states of a task’s own are', (query, states) => {
  expect(listNote(tree(query), states, {})).toMatch(/^Events tell nothing of PROGRESS: .*result store/);
});

it.each([
  ['state:FAILURE', ['SUCCESS', 'PURGED'], {}],
  ['name:PROGRESS', null, {}],
  // An event of the task's own did tell.
  ['state:PROGRESS', null, { PROGRESS: 2 }],
])('one of %j and %j has nothing to say', (query, states, counts: Record<string, number>) => {
  expect(listNote(tree(query), states, counts)).toBeNull();
});
