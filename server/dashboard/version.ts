// The version of this package, as it is built or from its sources.
import { readFileSync } from 'node:fs';

export function packageVersion(): string {
  for (const up of ['../package.json', '../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'umbel') return version;
    } catch {
      // From sources it lies two folders up, built one.
    }
  }
  return '0.0.0';
}
