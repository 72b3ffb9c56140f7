// report: versions, platform and settings, for bug reports. Secrets are masked: app/settings/masked.ts.
// Celery 5.6: bin/celery.py report, app/utils.py bugreport
import { arch, platform, release } from 'node:os';
import { jsonText } from '../../shared/json-text.ts';
import { parseUrl, safeUrl } from '../transport/url.ts';
import { createOutput, EXIT } from './output.ts';
import { type GlobalOptions, openApp } from './session.ts';
import { packageVersion } from './version.ts';

export async function report(options: GlobalOptions): Promise<number> {
  const output = createOutput(options);
  const app = await openApp(options);
  const settings = app.conf.masked();
  const facts = {
    software: { umbel: packageVersion(), node: process.versions.node, v8: process.versions.v8 },
    platform: { system: platform(), release: release(), arch: arch() },
    app: app.name,
    transport: parseUrl(app.conf.brokerUrls('read')[0] ?? '').scheme,
    results: safeUrl(app.conf.resultBackendUrl()),
    tasks: [...app.tasks.keys()].filter((name) => !name.startsWith('celery.')).sort(),
    settings,
  };
  if (output.json) {
    output.value(facts);
    return EXIT.ok;
  }
  output.line(`software -> umbel:${facts.software.umbel} node:${facts.software.node} v8:${facts.software.v8}`);
  output.line(
    `platform -> system:${facts.platform.system} arch:${facts.platform.arch} kernel:${facts.platform.release}`,
  );
  output.line(`app      -> ${facts.app} (${facts.tasks.length} tasks)`);
  output.line(`settings -> transport:${facts.transport} results:${facts.results}\n`);
  for (const [name, value] of Object.entries(settings).sort(([a], [b]) => a.localeCompare(b))) {
    output.line(`${name}: ${typeof value === 'string' ? value : jsonText(value)}`);
  }
  return EXIT.ok;
}
