// The formats that an app's settings name: known and loaded before its first connection.
// Not here: the formats themselves (serialization/codec.ts), that of one call (publisher.ts) or of one task (celery.ts).
import type { AppHost } from './host.ts';

const SERIALIZERS = ['task_serializer', 'result_serializer', 'event_serializer'] as const;

/**
 * Null: there is nothing to wait for.
 * @throws ImproperlyConfigured for a setting that names none: else a worker would find it out at its first result
 */
export function loadFormats({ conf, codec }: Pick<AppHost, 'conf' | 'codec'>): Promise<void> | null {
  for (const name of SERIALIZERS) codec.refuseUnknown(conf[name], `The setting '${name}'`);
  codec.acceptSet([...conf.accept_content, ...(conf.result_accept_content ?? [])]);
  return codec.load([...SERIALIZERS.map((name) => conf[name]), ...conf.accept_content]);
}
