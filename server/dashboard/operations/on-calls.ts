// Operations on calls: sending a task by name, and marking one as aborted in the result store.
// Not here: sending a task again (on-tasks.ts), ending one by the workers (revoke, terminate).
// Holds: a call that could not be meant, or one copied from where its secrets are masked, is refused before anything is recorded; the
// audit log never keeps a secret of its arguments.
// Celery 5.6: app/base.py send_task, contrib/abortable.py
import { cutText } from '../../../shared/events/edge.ts';
import { plural } from '../../../shared/format/text.ts';
import { jsonText } from '../../../shared/json-text.ts';
import { holdsMask, type Masking, NO_MASKING } from '../../../shared/masking.ts';
import { READY_STATES } from '../../../shared/states.ts';
import type { WorkerAnswer } from '../../../shared/wire/operations.ts';
import { checkOptions } from '../../app/call-checks.ts';
import type { ApplyOptions } from '../../canvas/call-options.ts';
import { toError } from '../../errors.ts';
import { buildResultMeta } from '../../protocol/result-meta.ts';
import { readableStore } from '../cluster/result-store.ts';
import { operation, Refused } from './contract.ts';

/** Celery: contrib/abortable.py */
const ABORTED = 'ABORTED';
/** Of a call in the audit log, as JSON. @unit characters */
const MAX_KEPT = 2000;

export const CALL_OPERATIONS = [
  operation<'send_task'>({
    action: 'send_task',
    access: 'operator',
    subject: ({ task_name }) => task_name,
    readsBack: false,
    recorded({ args, kwargs, options, ...rest }, masking) {
      const kept = { args, kwargs, options };
      // Masked together: a secret is known by its name.
      return { ...rest, ...(shown(kept, masking) as typeof kept) };
    },
    check({ cluster, masking }, { args, kwargs, options = {} }) {
      if (masking !== NO_MASKING && [args, kwargs, options].some(holdsMask))
        throw new Refused('A value of the call is masked: write the true one in its place.');
      try {
        checkOptions(options as ApplyOptions, cluster.now * 1000);
      } catch (error) {
        throw new Refused(toError(error).message);
      }
    },
    async run({ actions }, { task_name, args, kwargs, options }) {
      const sent = await actions.app.sendTask(task_name, args, kwargs, (options ?? {}) as ApplyOptions);
      const answer: WorkerAnswer = { worker: sent.id, ok: true, text: `Sent ${task_name} as ${sent.id}` };
      return { outcome: 'ok', summary: answer.text, answers: [answer] };
    },
  }),
  operation<'abort'>({
    action: 'abort',
    access: 'operator',
    subject: ({ task_ids }) => (task_ids.length === 1 ? task_ids[0]! : `${task_ids.length} tasks`),
    readsBack: false,
    check({ cluster }) {
      if (readableStore(cluster.options) === null)
        throw new Refused('A task is aborted by its result record, and no result backend is configured here.');
    },
    async run({ cluster }, { task_ids }) {
      const answers: WorkerAnswer[] = [];
      for (const task_id of task_ids) {
        const text = await cluster.askBackend(async (backend) => {
          const known = await backend.get(task_id);
          if (known && READY_STATES.has(known.status)) return `It has ended already: ${known.status}`;
          await backend.store(
            buildResultMeta({ task_id, status: ABORTED, result: null, nowMs: cluster.now * 1000, children: null }),
          );
          return 'Marked as aborted: the task ends itself if it looks for that';
        });
        answers.push({ worker: task_id, ok: true, text: text?.value ?? '' });
      }
      const summary = task_ids.length === 1 ? answers[0]!.text : `${plural(task_ids.length, 'task')} marked as aborted`;
      return { outcome: 'ok', summary, answers };
    },
  }),
];

function shown(call: object, masking: Masking): unknown {
  const masked = masking.value(call);
  const text = jsonText(masked);
  if (text.length <= MAX_KEPT) return masked;
  return { options: { call: cutText(text, MAX_KEPT) } };
}
