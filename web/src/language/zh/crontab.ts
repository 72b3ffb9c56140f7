// A crontab in Chinese words: the days first, then the hours, then the minutes, as one says it. English: cronstrue (schedules/wording.ts).
// Fields are cron's own, names as numbers: '*', '*/15', '5', '1-5', '0-30/5', and lists of these.
const WEEKDAYS = ['日', '一', '二', '三', '四', '五', '六', '日'];
/** Times a day that are listed one by one. */
const MOST_TIMES = 6;

const two = (n: number): string => String(n).padStart(2, '0');
const isNumbers = (field: string): boolean => /^\d+(,\d+)*$/.test(field);
const numbers = (field: string): number[] => field.split(',').map(Number);
const stepOf = (field: string): number | null => Number(/^\*\/(\d+)$/.exec(field)?.[1]) || null;

/** '1 号、15 号', '10 号至 20 号': each part by `one`. */
function listed(field: string, one: (n: number) => string): string {
  const part = (text: string): string => {
    const [, from, to, step] = /^(\d+|\*)(?:-(\d+))?(?:\/(\d+))?$/.exec(text) ?? [];
    if (from === undefined) return text;
    const range = to === undefined ? one(Number(from)) : `${one(Number(from))}至${one(Number(to))}`;
    return step === undefined ? range : `${range}每隔 ${step}`;
  };
  return field
    .split(',')
    .map(part)
    .join('、')
    .replace(/至(?=\d)/g, '至 ');
}

function daysOf(day: string, month: string, weekday: string): string {
  const every = { day: stepOf(day), month: stepOf(month) };
  const months = month === '*' ? '' : every.month === null ? listed(month, (n) => `${n} 月`) : `每 ${every.month} 个月`;
  const weekdays = weekday === '*' ? '' : listed(weekday, (n) => `星期${WEEKDAYS[n] ?? n}`);
  if (day !== '*') {
    const days = every.day === null ? listed(day, (n) => `${n} 号`) : `每 ${every.day} 天`;
    const joint = months === '' ? '' : every.day !== null ? '，' : every.month !== null ? '的 ' : ' ';
    const dates = months === '' && every.day === null ? `每月 ${days}` : months + joint + days;
    return weekdays === '' ? dates : `${dates}且为${weekdays}`;
  }
  if (weekdays === '') return months === '' ? '' : `${months}每天`;
  return months + (/^\d$/.test(weekday) ? `每${weekdays}` : weekdays);
}

function minutesOf(minute: string): string {
  if (minute === '*') return '每分钟';
  const step = stepOf(minute);
  if (step !== null)
    return step === 1 ? '每分钟' : 60 % step === 0 ? `每 ${step} 分钟` : `每小时从 0 分起每 ${step} 分钟`;
  if (minute === '0') return '每小时整点';
  const range = /^(\d+)-(\d+)\/(\d+)$/.exec(minute);
  if (range) return `每小时第 ${range[1]} 至 ${range[2]} 分钟，每 ${range[3]} 分钟`;
  return `每小时第 ${listed(minute, String).replaceAll('至', ' 至')} 分钟`;
}

function timesOf(minute: string, hour: string): string {
  if (isNumbers(minute) && isNumbers(hour)) {
    const times = numbers(hour).flatMap((h) => numbers(minute).map((m) => `${two(h)}:${two(m)}`));
    if (times.length <= MOST_TIMES) return times.sort().join('、');
  }
  const minutes = minutesOf(minute);
  if (hour === '*') return minutes;
  const step = stepOf(hour);
  if (step !== null && /^\d+$/.test(minute)) {
    const hours = step === 1 ? '每小时' : 24 % step === 0 ? `每 ${step} 小时` : `从 0 点起每 ${step} 小时`;
    return minute === '0' ? `${hours}整点` : `${hours}的第 ${minute} 分钟`;
  }
  const hours =
    step === null
      ? hour
          .split(',')
          .map((part) => {
            const [, from, to = from, every] = /^(\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(part) ?? [];
            return from === undefined
              ? part
              : `${two(Number(from))}:00 至 ${two(Number(to))}:59${every === undefined ? '' : ` 每 ${every} 小时`}`;
          })
          .join('、')
      : `从 0 点起每 ${step} 小时，其间`;
  return hours.endsWith('其间') ? `${hours}${minutes}` : `${hours}，${minutes}`;
}

/** @param fields minute, hour, day of month, month, day of week */
export function crontab([minute = '*', hour = '*', day = '*', month = '*', weekday = '*']: readonly string[]): string {
  const days = daysOf(day, month, weekday);
  const times = timesOf(minute, hour);
  if (days !== '') return `${days}${/^\d/.test(times) ? ' ' : '，'}${times}`;
  return /^\d\d:\d\d(、|$)/.test(times) || /^\d\d:00 至/.test(times) ? `每天 ${times}` : times;
}
