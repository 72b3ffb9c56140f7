// Settings given as words of a command line, after its flags: worker_prefetch_multiplier=1 or worker.prefetch_multiplier=1.
// Where they go: session.ts. What is right for each: app/config.ts checks name and kind.
// Celery 5.6: loaders/base.py cmdline_config_parser (which takes them after `--`, for worker and beat)
import type { SettingsInput } from '../app/config.ts';
import { settingOf } from '../app/settings.ts';
import { parseJsonExactly } from '../serialization/json-reader.ts';
import { CliError, EXIT } from './output.ts';

/** @param namespace what a name that begins with a dot or an underscore lacks: `.concurrency=4` of a worker is worker_concurrency */
export function settingsOfWords(words: readonly string[], namespace = 'celery'): SettingsInput {
  return Object.fromEntries(words.map((word) => settingOfWord(word, namespace))) as SettingsInput;
}

function settingOfWord(word: string, namespace: string): [string, unknown] {
  const [, key, text] = /^([A-Za-z_.][\w.]*)=(.*)$/s.exec(word) ?? [];
  if (key === undefined || text === undefined) {
    throw new CliError(`'${word}' is no setting: write name=value, such as worker_prefetch_multiplier=1`, EXIT.usage);
  }
  const plain = key.toLowerCase().replaceAll('.', '_');
  const name = plain.startsWith('_') ? namespace + plain : plain;
  return [name, read(name, text)];
}

/** As the setting's kind wants it; an object or a list is JSON. What does not fit stays a text, and the configuration refuses it by name. */
function read(name: string, text: string): unknown {
  const setting = settingOf(name);
  const kinds = [setting?.kind, ...(setting?.also ?? [])];
  if (kinds.includes('bool') && /^(true|yes|on|1)$/i.test(text)) return true;
  if (kinds.includes('bool') && /^(false|no|off|0)$/i.test(text)) return false;
  if (kinds.some((kind) => kind === 'int' || kind === 'float') && text.trim() !== '' && !Number.isNaN(Number(text))) {
    return Number(text);
  }
  if (/^(null|none)$/i.test(text) && !kinds.includes('string')) return null;
  const structured = kinds.some((kind) => kind === 'dict' || kind === 'list' || kind === 'any');
  return structured && /^\s*[[{]/.test(text) ? parsed(name, text) : text;
}

function parsed(name: string, text: string): unknown {
  try {
    return parseJsonExactly(text);
  } catch (error) {
    throw new CliError(`the value of ${name} is not JSON: ${(error as Error).message}`, EXIT.usage);
  }
}
