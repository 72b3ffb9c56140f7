// The audit log as a file.
import { expect, it } from 'vitest';
import { csvOf, jsonOf } from '../../../server/dashboard/views/operations-export.ts';
import type { OperationRecord } from '../../../shared/wire/operations.ts';

const record = (id: number, change: Partial<OperationRecord> = {}): OperationRecord => ({
  id,
  at: 1_790_000_000.5,
  who: 'ada',
  action: 'revoke',
  subject: 'task id-1',
  request: { action: 'revoke' },
  outcome: 'ok',
  summary: '',
  answers: [],
  effect: null,
  ...change,
});
async function* pages(...all: OperationRecord[][]) {
  yield* all;
}
async function text(chunks: AsyncIterable<string>): Promise<string> {
  let all = '';
  for await (const chunk of chunks) all += chunk;
  return all;
}

it('is CSV with a line for each, quoted where it must be, and no cell is a formula', async () => {
  const answers = [
    { worker: 'w1@h', ok: true, text: 'revoked' },
    { worker: 'w2@h', ok: false, text: 'no such task, "x"' },
  ];
  const csv = await text(
    csvOf(pages([record(3, { subject: '=HYPERLINK("http://x")', who: '-1' })], [record(2, { answers }), record(1)])),
  );
  expect(csv.split('\r\n')).toEqual([
    'id,at,who,address,token,action,subject,task_name,outcome,summary,answers,effect,new_ids,request',
    `3,2026-09-21T14:13:20.500Z,'-1,,,revoke,"'=HYPERLINK(""http://x"")",,ok,,,,,"{""action"":""revoke""}"`,
    '2,2026-09-21T14:13:20.500Z,ada,,,revoke,task id-1,,ok,,"w1@h: ok revoked\nw2@h: failed no such task, ""x""",,,"{""action"":""revoke""}"',
    '1,2026-09-21T14:13:20.500Z,ada,,,revoke,task id-1,,ok,,,,,"{""action"":""revoke""}"',
    '',
  ]);
  expect(await text(csvOf(pages()))).toBe(
    'id,at,who,address,token,action,subject,task_name,outcome,summary,answers,effect,new_ids,request\r\n',
  );
});

it('has no formula where a spreadsheet of another locale begins a cell, nor one in full-width signs', async () => {
  const cells = async (subject: string) => (await text(csvOf(pages([record(1, { subject })])))).split('\r\n')[1];
  expect(await cells('task a;=HYPERLINK(1)')).toContain(",task a;'=HYPERLINK(1),");
  expect(await cells('task a\t@SUM(1)')).toContain(",task a\t'@SUM(1),");
  expect(await cells('task a\n; +1')).toContain(`,"task a\n; '+1",`);
  expect(await cells('\uff1d1+1')).toContain(",'\uff1d1+1,");
  expect(await cells('\n=1')).toContain(`"'\n'=1"`);
  expect(await cells('a-b; c=d')).toContain(',a-b; c=d,');
});

it('is a JSON array of the records, page after page', async () => {
  const all = [record(3), record(2, { subject: 'žluť "q"' }), record(1)];
  expect(JSON.parse(await text(jsonOf(pages(all.slice(0, 2), all.slice(2)))))).toEqual(all);
  expect(JSON.parse(await text(jsonOf(pages())))).toEqual([]);
});
