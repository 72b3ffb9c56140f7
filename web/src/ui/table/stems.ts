// What names share at their beginning: 'orders.eu-17' and 'orders.us-41' are 'orders.', 'img-6c4f9-x2k8p' is 'img'. Pure.
// Which names of workers and queues are asked for: workers/worker-list.ts, queues/queue-list.ts.

/** A group smaller than this says no more than its members. */
const MIN_MEMBERS = 3;
/** A stem that most names share says little: it is taken apart at its next part. */
const MOST_SHARE = 0.6;

/**
 * The stem of each name, or '' for those that share none with at least two others.
 * @param partsOf the parts of a name, from the left; a stem is what some of them join to
 */
export function stemsOf(names: readonly string[], partsOf: (name: string) => readonly string[]): Map<string, string> {
  const stems = new Map<string, string>();
  const split = (group: readonly string[], depth: number) => {
    const found = new Map<string, string[]>();
    for (const name of group) {
      const stem = partsOf(name).slice(0, depth).join('');
      found.set(stem, [...(found.get(stem) ?? []), name]);
    }
    for (const [stem, members] of found) {
      const deeper = members.some((name) => partsOf(name).length > depth);
      if (members.length > MIN_MEMBERS && members.length >= names.length * MOST_SHARE && deeper)
        split(members, depth + 1);
      else for (const name of members) stems.set(name, members.length >= MIN_MEMBERS ? stem : '');
    }
  };
  split(names, 1);
  return stems;
}

/** 'orders.eu-17' has 'orders.' and 'eu-'; the last part is a name of its own and never a stem. */
export function queueParts(name: string): string[] {
  return name.match(/[^.:/_-]*[.:/_-]+/g) ?? [name];
}

/**
 * A deployment is the words before the first part that a machine made: 'img-6c4f9-x2k8p' is 'img', 'web-3' is 'web', 'mail-eu-04' is 'mail-eu'.
 * @param host without a domain
 */
export function hostParts(host: string): string[] {
  const parts = host.split(/(?<=[-_])/);
  const made = parts.findIndex((part) => /\d/.test(part));
  if (made > 0)
    return [
      parts
        .slice(0, made)
        .join('')
        .replace(/[-_]+$/, ''),
    ];
  if (made === 0) return [/^[a-z]+(?=\d+[-_]?$)/i.exec(parts[0]!)?.[0] ?? host];
  return [
    parts.length > 1
      ? parts
          .slice(0, -1)
          .join('')
          .replace(/[-_]+$/, '')
      : host,
  ];
}
