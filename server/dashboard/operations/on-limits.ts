// Operations on limits of tasks: rate_limit, time_limit. Their effect: what the workers now say, and whether a rate holds.
import { formatRate, plural } from '../../../shared/format/text.ts';
import { plainRate } from '../../../shared/rate.ts';
import type { EffectLine } from '../../../shared/wire/effect.ts';
import { parseRegistered, type RegisteredInfo } from '../cluster/inspector.ts';
import { ratePerSecond } from '../waiting/about-worker.ts';
import { type OperationDesk, operation, Refused, type Seen } from './contract.ts';
import { outcomeOf } from './outcome.ts';

/** A token bucket lets one go at once, and events come late: so much above its limit is none. */
const TOLERANCE = 1.15;
/** @unit seconds */
const WATCHED = 120;

export const LIMIT_OPERATIONS = [
  operation<'rate_limit'>({
    action: 'rate_limit',
    subject: ({ task_name, rate_limit }) => `${task_name} at ${plainRate(rate_limit) ?? rate_limit}`,
    check(_, { rate_limit }) {
      if (plainRate(rate_limit) === null)
        throw new Refused(
          `The rate ${JSON.stringify(rate_limit)} is not understood. Write 10/s, 100/m, 50/h, or 0 for none.`,
        );
    },
    async run({ actions, masking, rates }, { task_name, rate_limit }, { control, expected }) {
      const outcome = outcomeOf(
        await actions.control.rateLimit(task_name, plainRate(rate_limit) ?? rate_limit, control),
        expected,
        masking,
      );
      for (const { worker, ok } of outcome.answers) if (ok) rates.changed(worker, task_name);
      return outcome;
    },
    heardLate({ masking, rates }, { task_name }, replies) {
      for (const { worker, ok } of outcomeOf(replies, [], masking).answers) if (ok) rates.changed(worker, task_name);
    },
    async watch(desk, { task_name: name, rate_limit }, { expected }) {
      const { cluster, rates, waiting } = desk;
      const wanted = plainRate(rate_limit) ?? rate_limit;
      const perSecond = ratePerSecond(wanted);
      const isNone = perSecond === null;
      const before = new Map(expected.map((w) => [w, limitOn(desk, w, name)?.rate_limit ?? null]));
      const rateBefore = sum(expected.map((w) => rates.perMinute(w, name)));
      return {
        lasting: WATCHED,
        async see({ answers }): Promise<Seen> {
          const took = answers.filter((a) => a.ok).map((a) => a.worker);
          await cluster.inspector.askAbout(took, ['registered']);
          const lines: EffectLine[] = took.map((w) => {
            const now = limitOn(desk, w, name);
            const after = now === null ? null : (now.rate_limit ?? 'none');
            const same = isNone ? after === 'none' || after === '0' : after === wanted;
            return {
              label: 'Rate limit',
              subject: w,
              before: before.get(w) ?? 'none',
              wanted: isNone ? 'none' : wanted,
              after,
              is: 'exact',
              at: cluster.inspector.answeredAt(w, 'registered'),
              holds: after === null ? null : same,
            };
          });
          const limit = isNone ? null : perSecond * 60 * took.length;
          const rate = sum(took.map((w) => rates.since(w, name)?.perMin ?? null));
          const held = took.reduce((n, w) => n + (waiting.heldByLimit(w, name) ?? 0), 0);
          if (limit !== null)
            lines.push({
              label: 'Starts a minute',
              subject: name,
              before: round(rateBefore),
              wanted: round(limit),
              after: round(rate),
              is: 'about',
              at: rate === null ? null : cluster.now,
              holds: rate === null ? null : rate <= limit * TOLERANCE + took.length,
            });
          const since =
            rate === null ? 'its rate since then is not known yet' : `${formatRate(rate)} starts a minute since`;
          const was = rateBefore === null ? '' : `, ${formatRate(rateBefore)} before`;
          return {
            sentence: isNone
              ? `${name} has no rate limit on ${plural(took.length, 'worker')}.`
              : `${name}: ${since}${was}; ${plural(held, 'task')} held by the limit.`,
            lines,
            tasks: null,
          };
        },
      };
    },
  }),
  operation<'time_limit'>({
    action: 'time_limit',
    subject: ({ task_name, soft, hard }) => `${task_name}: soft ${soft ?? 'none'}, hard ${hard ?? 'none'}`,
    check(_, { soft = null, hard = null }) {
      if ((soft !== null && soft < 0) || (hard !== null && hard < 0))
        throw new Refused('A time limit cannot be negative.');
      if (soft !== null && hard !== null && soft >= hard)
        throw new Refused(
          `The soft limit (${soft} s) must be shorter than the hard one (${hard} s), or the task cannot clean up.`,
        );
    },
    run: async ({ actions, masking }, { task_name, soft = null, hard = null }, { control, expected }) =>
      outcomeOf(await actions.control.timeLimit(task_name, { soft, hard }, control), expected, masking),
    async watch(desk, { task_name: name, soft = null, hard = null }, { expected }) {
      const { cluster } = desk;
      const words = (info: RegisteredInfo | null) =>
        info === null ? null : `soft ${info.soft_time_limit ?? 'none'}, hard ${info.time_limit ?? 'none'}`;
      const before = new Map(expected.map((w) => [w, words(limitOn(desk, w, name))]));
      const wanted = `soft ${soft ?? 'none'}, hard ${hard ?? 'none'}`;
      return {
        lasting: WATCHED,
        async see({ answers }): Promise<Seen> {
          const took = answers.filter((a) => a.ok).map((a) => a.worker);
          await cluster.inspector.askAbout(took, ['registered']);
          const lines: EffectLine[] = took.map((w) => {
            const after = words(limitOn(desk, w, name));
            return {
              label: 'Time limits',
              subject: w,
              before: before.get(w) ?? null,
              wanted,
              after,
              is: 'exact',
              at: cluster.inspector.answeredAt(w, 'registered'),
              holds: after === null ? null : after === wanted,
            };
          });
          const n = lines.filter((line) => line.holds).length;
          return {
            sentence: `${n} of ${plural(took.length, 'worker')} ${n === 1 ? 'says' : 'say'}: ${wanted}.`,
            lines,
            tasks: null,
          };
        },
      };
    },
  }),
];

function limitOn({ cluster }: OperationDesk, hostname: string, name: string): RegisteredInfo | null {
  for (const text of cluster.inspected.get(hostname)?.registered ?? []) {
    const info = parseRegistered(text);
    if (info.name === name) return info;
  }
  return null;
}

/** null as soon as one is not known. */
function sum(values: readonly (number | null)[]): number | null {
  let total = 0;
  for (const value of values) {
    if (value === null) return null;
    total += value;
  }
  return values.length === 0 ? null : total;
}

const round = (n: number | null): number | null => (n === null ? null : Math.round(n * 10) / 10);
