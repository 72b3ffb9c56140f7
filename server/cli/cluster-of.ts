// Which cluster a dashboard is of: -b, the config file, the environment, the app of -A, or the embedded broker of this folder; in this
// order. -A may name a Python project, as in a start script of Flower's: it cannot be read here, so the broker must be said beside it.
import { ModuleNotFound } from '../app/load.ts';
import type { DashboardOptions } from '../dashboard/options.ts';
import { CliError, EXIT, type Output } from './output.ts';
import { type GlobalOptions, openApp } from './session.ts';
import { settingsOfWords } from './setting-words.ts';

type OfCluster = Pick<DashboardOptions, 'broker' | 'result_backend' | 'settings'>;

/** @param said by config file and environment */
export async function clusterOf(flags: GlobalOptions, said: OfCluster, output: Output): Promise<OfCluster> {
  const broker = before(flags.broker, process.env['BROKER_URL'], [said.broker ?? []].flat().join(';'));
  const resultBackend = before(flags.resultBackend, process.env['RESULT_BACKEND'], said.result_backend ?? '');
  const { workdir: _, ...here } = flags;
  const options: GlobalOptions = {
    ...here,
    ...(broker === undefined ? {} : { broker }),
    ...(resultBackend === undefined ? {} : { resultBackend }),
  };
  const app = await openApp(options).catch((error: unknown) => {
    if (!(error instanceof ModuleNotFound && flags.app && isPythonName(flags.app))) throw error;
    return openWithoutPython(options, output);
  });
  const urls = app.conf.brokerUrls('read');
  const results = app.conf.resultBackendUrl();
  const settings = { ...app.conf.changes(), ...said.settings, ...settingsOfWords(flags.settings ?? []) };
  await app.close();
  return { broker: urls, result_backend: results === 'disabled' ? null : results, settings };
}

/** Each of several says its own broker; settings as words after -- are for all. @throws CliError for what is of one only */
export function severalOf(flags: GlobalOptions, said: OfCluster): OfCluster {
  for (const [flag, given, variable] of [
    ['-A', flags.app, undefined],
    ['-b', flags.broker, process.env['BROKER_URL']],
    ['--result-backend', flags.resultBackend, process.env['RESULT_BACKEND']],
  ] as const)
    if (given !== undefined && given !== variable)
      throw new CliError(
        `${flag} says one cluster, and there are several: each has its broker and results in clusters`,
        EXIT.usage,
      );
  return { settings: { ...said.settings, ...settingsOfWords(flags.settings ?? []) } };
}

/** A flag goes before the config file, and that before a variable which stands in for the flag. */
function before(flag: string | undefined, variable: string | undefined, said: string): string | undefined {
  if (flag !== undefined && flag !== variable) return flag;
  return said === '' ? flag : said;
}

/** 'proj', 'proj.celery', 'proj.celery:app': no path, and no ending of ours. */
function isPythonName(spec: string): boolean {
  return /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[\w.]+)?$/.test(spec) && !/\.[cm]?[jt]sx?$/.test(spec);
}

async function openWithoutPython({ app: spec, ...options }: GlobalOptions, output: Output) {
  const isKnown = options.broker || process.env['CELERY_BROKER_URL'] || process.env['CELERY_BROKER_URL_FILE'];
  if (!isKnown)
    throw new CliError(
      `no JavaScript or TypeScript module is called ${spec}; if it is a project in Python, its broker cannot be read from here`,
      EXIT.usage,
      'say it: umbel -b redis://localhost:6379/0 --result-backend redis://localhost:6379/1 dashboard (or CELERY_BROKER_URL and CELERY_RESULT_BACKEND)',
    );
  output.note(
    `-A ${spec} is taken for a project in Python, which is not read here: broker and result backend are those of -b, --result-backend and the environment, ` +
      'further settings words after --',
  );
  return openApp(options);
}
