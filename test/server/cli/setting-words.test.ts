// Settings written as words after a command: read as their kind wants it, or refused by name.
import { describe, expect, it } from 'vitest';
import { createConfig } from '../../../server/app/config.ts';
import { settingsOfWords } from '../../../server/cli/setting-words.ts';

describe('settings as words', () => {
  it.each([
    ['worker_prefetch_multiplier=1', { worker_prefetch_multiplier: 1 }],
    ['worker.prefetch_multiplier=1', { worker_prefetch_multiplier: 1 }],
    ['.prefetch_multiplier=1', { worker_prefetch_multiplier: 1 }],
    ['task_acks_late=yes', { task_acks_late: true }],
    ['task_acks_late=0', { task_acks_late: false }],
    ['result_expires=none', { result_expires: null }],
    ['task_time_limit=none', { task_time_limit: null }],
    ['task_time_limit=1.5', { task_time_limit: 1.5 }],
    ['event_exchange=a=b', { event_exchange: 'a=b' }],
    ['broker_transport_options={"master_name": "main"}', { broker_transport_options: { master_name: 'main' } }],
    ['accept_content=["json"]', { accept_content: ['json'] }],
  ])('%s', (word, settings) => {
    expect(settingsOfWords([word], 'worker')).toEqual(settings);
  });

  it.each(['loglevel', '=1', '--loglevel=INFO', ''])('%j is none, and what one looks like is said', (word) => {
    expect(() => settingsOfWords([word])).toThrow(`'${word}' is no setting: write name=value`);
  });

  it('what is not JSON is said with its name', () => {
    expect(() => settingsOfWords(['broker_transport_options={master_name}'])).toThrow(
      /the value of broker_transport_options is not JSON/,
    );
  });

  it('an unknown name or a value of the wrong kind is refused by the configuration', () => {
    const config = createConfig();
    expect(() => config.update(settingsOfWords(['worker_prefetch=1']))).toThrow(
      /There is no setting 'worker_prefetch'/,
    );
    expect(() => config.update(settingsOfWords(['worker_concurrency=many']))).toThrow(/must be a whole number/);
  });
});
