// How a process that a test starts reads the sources: as the test's own process does (register.mjs).

/** Arguments of Node, before the path of the program. */
export const READ_SOURCES: readonly string[] = process.execArgv.slice(
  process.execArgv.indexOf('--conditions=umbel-source'),
);
