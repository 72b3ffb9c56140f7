// The words of `umbel multi` into nodes: names or a number of them, options for all, and options for some (`-c:1-3 10`, `-Q:mail x`).
// Not here: starting and stopping them (multi.ts), what the options mean (the worker's own command line).
// Celery 5.6: apps/multi.py
import { hostname as osHostname } from 'node:os';
import { hostFormat, nodeSplit } from '../nodename.ts';
import { CliError, EXIT } from './output.ts';

type Options = Map<string, string | null>;

/** What stood on the command line, in groups. */
export interface MultiWords {
  /** Names of nodes, or one number. */
  readonly values: readonly string[];
  /** With their dashes; null: a switch. */
  readonly options: Options;
  /** What followed a colon: a name, an index, a range or a list of them. */
  readonly forSome: ReadonlyMap<string, Options>;
  /** '--' and what follows it: for every node. */
  readonly passed: readonly string[];
}

export function readWords(words: readonly string[]): MultiWords {
  const values: string[] = [];
  const options: Options = new Map();
  const forSome = new Map<string, Options>();
  const end = words.indexOf('--');
  const rest = (end === -1 ? words : words.slice(0, end)).filter((word) => word !== '');
  const add = (name: string, value: string | null) => {
    const [option, ...more] = name.split(':');
    if (more.length === 0) options.set(option!, value);
    else forSome.set(more.join(':'), new Map(forSome.get(more.join(':'))).set(option!, value));
  };
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    if (word.startsWith('--')) {
      const [, name, value] = /^(--[^=]*)(?:=(.*))?$/s.exec(word)!;
      add(name!, value ?? null);
    } else if (word.startsWith('-')) {
      const next = rest[at + 1];
      const hasValue = next !== undefined && !next.startsWith('-');
      add(word, hasValue ? next : null);
      if (hasValue) at++;
    } else values.push(word);
  }
  return { values, options, forSome, passed: end === -1 ? [] : words.slice(end) };
}

/** One worker of a cluster. */
export interface MultiNode {
  /** 'celery1@host' */
  readonly name: string;
  /** The program that runs it: --executable, else null, the one that runs this. */
  readonly executable: string | null;
  /** What follows the program's name: global options, `worker --detach`, its options. */
  readonly argv: readonly string[];
  readonly pidfile: string;
  readonly logfile: string;
  /** %n and %N (its short name), %h (the whole), %d (its host) of a text; %i and %I are left for the worker. */
  expand(template: string): string;
}

/** These stand before the verb; all others after it. */
const GLOBAL = new Set([
  ...['-A', '--app', '-b', '--broker', '--result-backend', '--loader', '--config', '--workdir'],
  ...['-C', '--no-color', '-q', '--quiet'],
]);

/** Without --cmd. */
const VERB: readonly string[] = ['worker', '--detach'];

/** @throws CliError on an index or a range that names no node */
export function nodesOf(words: MultiWords, hostname = osHostname()): MultiNode[] {
  const common = new Map(words.options);
  const take = (...names: string[]) => {
    const found = names.map((name) => common.get(name)).find((value) => value !== undefined);
    for (const name of names) common.delete(name);
    return found;
  };
  const verb = verbOf(take('--cmd'));
  const append = take('--append');
  const host = take('--hostname', '-n') || hostname;
  const given = take('--prefix') ?? '';
  const said = take('--suffix');
  const suffix = said === undefined || said === null || said === '' ? host : /^(""|'')$/.test(said) ? '' : said;
  const rangePrefix = take('--range-prefix') || 'celery';
  const isRange = words.values.length === 1 && /^\d+$/.test(words.values[0]!);
  const names = isRange ? Array.from({ length: Number(words.values[0]) }, (_, i) => String(i + 1)) : words.values;
  const prefix = isRange ? rangePrefix : given;
  const some = spread(words.forSome, names);
  const meant = new Set(names.flatMap((name) => [name, ...named(name, prefix, suffix)]));
  const nobody = [...some.keys()].find((name) => !meant.has(name));
  if (nobody !== undefined)
    throw new CliError(`options are given for '${nobody}', and no node is called so`, EXIT.usage);
  return names.map((name) => {
    const [short, nodename] = named(name, prefix, suffix);
    const own = some.get(nodename) ?? some.get(name) ?? some.get(short) ?? new Map<string, string | null>();
    return nodeOf(nodename, new Map([...common, ...own]), verb, append ?? null, words.passed);
  });
}

function named(name: string, prefix: string, suffix: string): [short: string, nodename: string] {
  const nodename = name.includes('@') ? hostFormat(name) : hostFormat(`${prefix}${name}@${suffix}`);
  return [nodeSplit(nodename).name ?? name, nodename];
}

/** '-m celery worker --detach', 'umbel worker': what follows the program's name. */
function verbOf(cmd: string | null | undefined): readonly string[] {
  if (!cmd) return VERB;
  const words = cmd.split(/\s+/).filter((word) => word !== '');
  const program = words.findLastIndex((word) => word === 'celery' || word === 'umbel');
  return words.slice(program + 1);
}

/** Every name of `1`, `1-3`, `mail,web` its own; a number is the place of a node in the list of names. */
function spread(forSome: ReadonlyMap<string, Options>, names: readonly string[]): Map<string, Options> {
  const result = new Map<string, Options>();
  for (const [key, options] of forSome) {
    for (const one of key.split(',').flatMap((part) => placesOf(part, names))) {
      result.set(one, new Map([...(result.get(one) ?? []), ...options]));
    }
  }
  return result;
}

function placesOf(part: string, names: readonly string[]): string[] {
  const [, first, , last] = /^(\d+)(-(\d+))?$/.exec(part) ?? [];
  if (first === undefined) return [part];
  const [from, to] = [Number(first), Number(last ?? first)];
  if (from < 1) throw new CliError(`indexes start at 1, '${part}' does not`, EXIT.usage);
  if (to < from) throw new CliError(`'${part}' is no range: write it as 1-3`, EXIT.usage);
  if (to > names.length)
    throw new CliError(
      `there is no node ${to}: '${part}' names one of ${names.length === 1 ? '1 node' : `${names.length} nodes`}`,
      EXIT.usage,
    );
  return names.slice(from - 1, to);
}

function nodeOf(
  name: string,
  options: Options,
  verb: readonly string[],
  append: string | null,
  passed: readonly string[],
): MultiNode {
  options.set('-n', name);
  const orElse = (long: string, short: string, value: string) => {
    if (!options.has(short) && !options.has(long)) options.set(long, value);
    return options.get(short) ?? options.get(long) ?? value;
  };
  const pidfile = orElse('--pidfile', '-p', '/var/run/celery/%n.pid');
  const logfile = orElse('--logfile', '-f', '/var/log/celery/%n%I.log');
  const { name: short, host } = nodeSplit(name);
  const expand = (template: string) =>
    template.replace(/%([nNhdp%])/g, (_, letter: string) => {
      if (letter === '%') return '%%';
      // Not what they are in a worker: Celery 5.6, apps/multi.py build_expander.
      if (letter === 'd') return host;
      return letter === 'h' || letter === 'p' ? name : (short ?? name);
    });
  const written = (picked: (option: string) => boolean) =>
    [...options]
      .filter(([option]) => picked(option))
      .flatMap(([option, value]) => {
        if (value === null || value === '') return [option];
        return option.startsWith('--') ? [`${option}=${expand(value)}`] : [option, expand(value)];
      });
  return {
    name,
    executable: options.get('--executable') ?? null,
    argv: [
      ...written((option) => GLOBAL.has(option)),
      ...verb.map(expand),
      ...written((option) => !GLOBAL.has(option)),
      ...(append === null ? [] : append.split(/\s+/).map(expand)),
      ...passed,
    ],
    pidfile: expand(pidfile).replaceAll('%%', '%'),
    logfile: expand(logfile),
    expand: (template) => expand(template).replaceAll('%%', '%'),
  };
}
