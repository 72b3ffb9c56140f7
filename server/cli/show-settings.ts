// What `umbel up -A` asks a child of itself: the user's app's settings, of which its dashboard needs some. One JSON line; not in the help.
import { jsonText } from '../../shared/json-text.ts';
import { EXIT } from './output.ts';
import { type GlobalOptions, openApp } from './session.ts';

export async function showSettings(options: GlobalOptions): Promise<number> {
  const app = await openApp(options);
  const line = jsonText({
    name: app.name,
    broker_url: app.conf.isSet('broker_url') ? app.conf.brokerUrls('read').join(';') : null,
    result_backend: app.conf.isSet('result_backend') ? app.conf.resultBackendUrl() : null,
    settings: app.conf.changes(),
  });
  await app.close();
  process.stdout.write(`${line}\n`);
  return EXIT.ok;
}
