// How the tests run. `umbel` and `umbel/worker` mean the sources here; only test/package.test.ts and test/e2e look at what was built.
import { fileURLToPath } from 'node:url';
import { createFilter } from 'vite';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { compileSources } from './support/sources/compile.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Left out of `npm run check`: what needs a browser, a build or a broker's server, starts many processes, or takes its time on purpose. `npm test` runs all. */
const LONG = [
  'test/e2e/**',
  'test/fuzz/**',
  'test/examples/**',
  'test/package.test.ts',
  'test/**/redis*.test.ts',
  'test/**/rabbitmq*.test.ts',
  'test/server/backends/{database,django,memcached}.test.ts',
  'test/server/cli/command.test.ts',
  'test/server/cli/up.test.ts',
  'test/server/transport/sqlite-processes.test.ts',
  'test/interop/**',
  'test/fault/**',
  'test/dashboard/{dashboard,live-feed,server}.test.ts',
  'test/dashboard/python-cluster.test.ts',
  'test/dashboard/history/**',
];

/** With UMBEL_LONG=1 only: trials that take many servers or minutes. What they try is tried on a smaller scale by the others of test/fault. */
const AT_LENGTH = [
  'beat-store-restarts',
  'chords-in-stores',
  'clock-set',
  'long-held',
  'rabbitmq',
  'rabbitmq-broker',
  'rabbitmq-failover',
  'redis-refuses',
  'redis-restarts',
  'silent-broker',
  'slow-dashboard',
  'stop-at-silence',
  'stores-restart',
  'worker-stalled',
]
  .map((name) => `test/fault/${name}.test.ts`)
  .concat('test/interop/{driven,mixed}.test.ts');

/** Files of these folders share processes, each with modules of its own (support/sources/hooks.mjs): a process costs half a second of CPU, and reads the sources anew. What changes its process puts that back. */
const TOGETHER = 'shared|server|flow|dashboard|interop|fault|e2e|fuzz|examples|web';
/** Files with a process of their own all the same: what is written to the terminal is read there, or processes are counted. */
const ALONE = ['test/interop/{control-umbel,rabbitmq-control}.test.ts', 'test/support/*.test.ts'];
/** What is long goes before what is quick. */
const LONG_FIRST = [
  ...LONG,
  'test/dashboard/{pages,restart,silent-worker,strangers}.test.ts',
  'test/dashboard/waiting/waiting.test.ts',
  'test/dashboard/providers/oidc.test.ts',
  'test/flow/pools.test.ts',
  'test/server/pool/children.test.ts',
  'test/server/schedules/django.test.ts',
];

/** Small files of which each takes half a minute or more, alone or not: by size they would come last of the long ones. */
const LONGEST = [
  'test/dashboard/python-cluster.test.ts',
  'test/flow/rabbitmq-worker.test.ts',
  'test/fault/connection.test.ts',
  'test/e2e/{pages,connection}.test.ts',
];

const isLong = createFilter(LONG_FIRST, null, { resolve: root });
const isLongest = createFilter(LONGEST, null, { resolve: root });
/** In the order of the projects; what is long first, so that no core stands still at the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) =>
      3 * PROJECTS.indexOf(project.name) + (isLongest(moduleId) ? 0 : isLong(moduleId) ? 1 : 2);
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
const PROJECTS = ['alone', 'together'];

const settings = {
  environment: 'node',
  // What fails fails by a condition that names itself; these only end what hangs.
  testTimeout: 300_000,
  hookTimeout: 300_000,
  // What is not there yet is waited for: `await expect.poll(() => ...)`, never read once.
  expect: { poll: { timeout: 120_000, interval: 50 } },
};

const register = new URL('./support/sources/register.mjs', import.meta.url);
register.searchParams.set('made', await compileSources(root));

/** Files of tests are read by Node itself (support/sources), not by Vite. */
const native = {
  experimental: { viteModuleRunner: false, nodeLoader: false },
  // Of what a test does little runs long enough to be worth optimizing: the V8 of Node 20 does it later than it would, which saves a tenth of
  // the CPU. Later ones do not know the flag.
  execArgv: [
    ...(/^20\./.test(process.versions.node) ? ['--interrupt-budget=1000000'] : []),
    '--conditions=umbel-source',
    '--import',
    register.href,
  ],
};

export default defineConfig({
  root,
  test: {
    ...settings,
    globalSetup: 'test/support/run.ts',
    // Half of their time the tests wait for processes of their own: five files at a time keep two cores busy.
    maxWorkers: 5,
    teardownTimeout: 10_000,
    sequence: { sequencer: LongFirst },
    projects: [
      {
        root,
        test: {
          ...settings,
          ...native,
          name: 'alone',
          include: [`test/!(${TOGETHER})/**/*.test.ts`, 'test/!(docs|house).test.ts', ...ALONE],
          exclude: process.env.UMBEL_CHECK ? LONG : [],
        },
      },
      {
        root,
        test: {
          ...settings,
          ...native,
          name: 'together',
          isolate: false,
          setupFiles: ['test/support/own-environment.ts', 'test/support/cases.ts'],
          include: [`test/@(${TOGETHER})/**/*.test.{ts,tsx}`, 'test/{docs,house}.test.ts'],
          exclude: [...ALONE, ...(process.env.UMBEL_CHECK ? LONG : []), ...(process.env.UMBEL_LONG ? [] : AT_LENGTH)],
        },
      },
    ],
  },
});
