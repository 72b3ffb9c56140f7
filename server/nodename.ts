// worker@host names: the default, the expansion of %h %n %d in -n and in file names, and taking one apart.
// Celery: utils/nodenames.py
import { hostname as osHostname } from 'node:os';

/** The short name Celery gives to a worker without -n. */
const NODENAME_DEFAULT = 'celery';

export function defaultNodename(hostname: string = osHostname()): string {
  const { name, host } = nodeSplit(hostname);
  return nodename(name ?? NODENAME_DEFAULT, host || osHostname());
}

export function nodename(name: string, host: string): string {
  return `${name}@${host}`;
}

/** 'worker1@host' -> name and host; a text without '@' is all host, as in Celery. */
export function nodeSplit(text: string): { name: string | null; host: string } {
  const at = text.indexOf('@');
  return at === -1 ? { name: null, host: text } : { name: text.slice(0, at), host: text.slice(at + 1) };
}

export interface NodeFormatContext {
  /** The machine's name; default this machine's. May carry a node name: 'name@host'. */
  readonly hostname?: string;
  /** What %n stands for when `hostname` has none. Default 'celery'. */
  readonly name?: string;
  /** %i: index of the pool process, '' or '-1'...; %I with a dash in front. Default 0. */
  readonly processIndex?: number;
}

/**
 * %h whole host, %n node name, %d domain, %p node name in full, %i and %I pool process index, %% a percent sign.
 * Unknown ones are left as they are.
 */
export function nodeFormat(pattern: string, context: NodeFormatContext = {}): string {
  const split = nodeSplit(context.hostname ?? osHostname());
  const name = split.name ?? context.name ?? NODENAME_DEFAULT;
  const dot = split.host.indexOf('.');
  const domain = dot === -1 ? '' : split.host.slice(dot + 1);
  const index = context.processIndex ?? 0;
  return pattern.replace(/%(.)/g, (whole, letter: string) => {
    switch (letter) {
      case '%':
        return '%';
      case 'h':
        return split.host;
      case 'n':
        return name;
      case 'd':
        return domain;
      case 'p':
        return nodename(name, split.host);
      case 'i':
        return String(index);
      case 'I':
        return index ? `-${index}` : '';
      default:
        return whole;
    }
  });
}

/** What `-n` means: '' the default, 'w1' w1@thishost, 'w1@%h' expanded. */
export function hostFormat(option: string | undefined | null, context: NodeFormatContext = {}): string {
  if (!option) return defaultNodename(context.hostname);
  const { host } = nodeSplit(context.hostname ?? osHostname());
  const whole = option.includes('@') ? option : `${option}@${host}`;
  return nodeFormat(whole, context);
}
