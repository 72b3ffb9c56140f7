// The order of the files of a run: those with a process of their own, most of which drive Chromium and keep a core busy, are woven into
// those that wait for servers and workers most of their time. One kind after the other, two cores are too few first and too many later.
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** So many of the heavy ones begin at once. */
const AT_ONCE = 3;
/** The last of them begins when so much of the others has begun: none is left at the end. */
const SHARE = 0.75;

export class WovenSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const of = (name: string) => sorted.filter(({ project }) => project.name === name);
    const heavy = of('alone');
    const waiting = of('long');
    const woven = heavy.splice(0, AT_ONCE);
    const every = Math.max(1, Math.floor((waiting.length * SHARE) / Math.max(1, heavy.length)));
    for (const [i, file] of waiting.entries()) {
      woven.push(file);
      if (i % every === every - 1) woven.push(...heavy.splice(0, 1));
    }
    return [...woven, ...heavy, ...sorted.filter(({ project }) => !/^(alone|long)$/.test(project.name))];
  }
}
