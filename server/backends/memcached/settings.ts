// The settings of the result store in memcached, as rows of the settings table (app/settings/stores.ts puts them there).
// Reading them: memcached.ts.
// Celery 5.6: app/defaults.py, the namespace cache
import { type Dict, dict, string } from '../../setting.ts';

export const MEMCACHED_STORE_SETTINGS = {
  cache_backend: string(null, 'CELERY_CACHE_BACKEND', "Memcached: address when result_backend is 'cache'."),
  cache_backend_options: dict<Dict>({}, 'CELERY_CACHE_BACKEND_OPTIONS', 'Memcached: options of the client.'),
} as const;
