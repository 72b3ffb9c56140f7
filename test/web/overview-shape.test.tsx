// The overview of a reply that is an object, but not the one that was expected: a part that cannot be drawn takes no other with it.
// React draws no error boundary on a server, so a Suspense, which it does, stands in each one's place here.
import { Suspense } from 'react';
import { expect, test } from 'vitest';
import { drawn, textOf } from './support/drawn.tsx';
import { failureGroup, figures, queueRow, workerRow } from './support/factories.ts';

const { Boundary } = await import('../../web/src/ui/boundary.tsx');
Boundary.prototype.render = function () {
  const { what, children } = this.props;
  return <Suspense fallback={`[${what}]`}>{children}</Suspense>;
};
const { default: OverviewPage } = await import('../../web/src/pages/overview.tsx');
const { overviewQuery } = await import('../../web/src/api/queries.ts');

const whole = {
  figures: figures(),
  failures: [failureGroup()],
  queues: [queueRow()],
  workers: [workerRow()],
  attention: [],
};
const lostOf = async (reply: object) => {
  const text = textOf(await drawn(<OverviewPage />, [[overviewQuery().queryKey, reply]]));
  return [...text.matchAll(/\[((?:The|What|Traffic)[^\]]*)\]/g)].map(([, what]) => what);
};

test.each([
  ['figures', ['The figures', 'Traffic']],
  ['failures', ['The failures']],
  ['attention', ['What needs you']],
  ['queues', ['The queues']],
  ['workers', ['The figures', 'The workers']],
])('without %s, what rests on it is lost and the rest is drawn', async (key, lost) => {
  expect(await lostOf(whole)).toEqual([]);

  expect(await lostOf({ ...whole, [key]: undefined })).toEqual(lost);
});
