// Secrets in texts and values, whatever their form and depth; and that looking for them takes time in proportion to the text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMasking, holdsMask, maskText, maskValue } from '../../shared/masking.ts';
import { PyTuple } from '../../shared/python-values.ts';
import { isHiddenByCelery, isSecretName, isSecretSetting, MASK } from '../../shared/secret-names.ts';

describe('a name', () => {
  it.each([
    ...['password', 'PASSWORD', 'db_password', 'dbPassword', 'DB-PASSWD', 'passphrase', 'pass', 'userPass', 'smtp_pwd'],
    ...['api_key', 'apiKey', 'X-Api-Key', 'APIKEY', 'access_key', 'private_key', 'secret', 'client_secret', 'token'],
    ...['auth_token', 'accessToken', 'Authorization', 'Proxy-Authorization', 'credentials', 'Set-Cookie', 'session_id'],
    ...['key', 'signature', 'jwt', 'cvv', 'cardNumber', 'oauth', 'aws_secret_access_key', 'auth'],
  ])('%s is secret', (name) => expect(isSecretName(name)).toBe(true));

  it.each([
    ...['author', 'authority', 'compass', 'passenger', 'passed', 'bypass', 'primary_key', 'routing_key', 'cache_key'],
    ...[
      'secretary',
      'max_tokens',
      'tokenizer',
      'total_tokens',
      'security_digest',
      'monkey',
      'keys',
      'user',
      'is_authenticated',
    ],
  ])('%s is not', (name) => expect(isSecretName(name)).toBe(false));

  it('of a setting is judged by its owner and, over remote control, as Celery does', () => {
    expect(isSecretSetting('security_key')).toBe(true);
    expect(isSecretSetting('task_default_routing_key')).toBe(false);
    expect(isHiddenByCelery('task_default_routing_key')).toBe(true);
  });
});

describe('a text', () => {
  it.each([
    ['redis://user:hunter2@host:6379/0', 'redis://user:********@host:6379/0'],
    ['redis://:hun@ter2@host/1', 'redis://:********@host/1'],
    ['redis://:hun/ter2@host', 'redis://:********@host'],
    ['redis://:hun?ter2#@host', 'redis://:********@host'],
    ["redis://:hun'ter2@host", 'redis://:********@host'],
    ['redis://:12/hunter2@host', 'redis://:********@host'],
    ['sentinel://:hunter2@a:1;sentinel://:hunter2@b:2', 'sentinel://:********@a:1;sentinel://:********@b:2'],
    [
      'tried redis://u:hunter2@h/0, then redis://u:hunter2@h/1',
      'tried redis://u:********@h/0, then redis://u:********@h/1',
    ],
    ['http://localhost:5555/a@b', 'http://localhost:5555/a@b'],
    ['file:///app/index.ts:3:4', 'file:///app/index.ts:3:4'],
    ['https://host/x?token=hunter2&b=1', 'https://host/x?token=********&b=1'],
    ['https://host/x?a=1&api_key=hunter2', 'https://host/x?a=1&api_key=********'],
    ['https://hunter2hunter2hunter2hunter2@host/x', 'https://********@host/x'],
    ["{'password': 'hunter2', 'user': 'ann'}", "{'password': '********', 'user': 'ann'}"],
    ["{'password': 'hun\\'ter2', 'user': 'ann'}", "{'password': '********', 'user': 'ann'}"],
    ["{'a': {'b': [{'apiKey': \"hunter2\"}]}}", "{'a': {'b': [{'apiKey': \"********\"}]}}"],
    ["{'auth': {'user': 'ann', 'pw': 'hunter2'}, 'n': 1}", "{'auth': '********', 'n': 1}"],
    ["{'password': b'hunter2'}", "{'password': b'********'}"],
    ["{'password': 12345}", "{'password': ********}"],
    ["{'password': None, 'token': '', 'secret': False}", "{'password': None, 'token': '', 'secret': False}"],
    ["{'password': 'hunter2...", "{'password': '********"],
    ['{"password":"hunter2","x":1}', '{"password":"********","x":1}'],
    ['["{\\"password\\": \\"hunter2\\"}"]', '["{\\"password\\": \\"********\\"}"]'],
    ["ValueError('password=hunter2 is wrong')", "ValueError('password=******** is wrong')"],
    ['login(user=ann, password: hunter2)', 'login(user=ann, password: ********)'],
    ["wrong password 'hunter2'", "wrong password '********'"],
    ['Authorization: Bearer hunter2.hunter2', 'Authorization: Bearer ********'],
    ["[('Authorization', 'Basic hunter2')]", "[('Authorization', '********')]"],
    ['Cookie: sid=hunter2; b=hunter2', 'Cookie: ********'],
    ["['mysql', '--password', 'hunter2', '-h', 'db']", "['mysql', '--password', '********', '-h', 'db']"],
    ['mysql --password hunter2 -h db', 'mysql --password ******** -h db'],
    ['mysql --password=hunter2 -h db', 'mysql --password=******** -h db'],
    ['<password>hunter2</password>', '<password>********</password>'],
    ["fields=['password', 'email']", "fields=['password', 'email']"],
    ["KeyError: missing key: 'user_id'", "KeyError: missing key: 'user_id'"],
    ['eyJhunter2hunter2hunter2.eyJhunter2hunter2hunter2.hunter2', '********'],
  ])('%s', (given, shown) => {
    expect(maskText(given)).toBe(shown);
    expect(holdsMask(shown)).toBe(shown.includes(MASK));
  });

  it('keeps the names in the source lines of a traceback, and hides what stands there in quotes', () => {
    const traceback = [
      'Traceback (most recent call last):',
      '  File "/app/login.py", line 3, in login',
      "    connect(user, password=password, token='hunter2')",
      'psycopg2.OperationalError: connection to postgres://app:hunter2@db/x failed, password=hunter2',
    ].join('\n');
    const shown = maskText(traceback);
    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('password=password,');
  });

  it('by further names of the operator', () => {
    expect(createMasking(['^pin$']).text("{'pin': '1234', 'pinned': '1'}")).toBe("{'pin': '********', 'pinned': '1'}");
  });
});

describe('a value', () => {
  it('is masked at any depth, in lists, maps and tuples, and left as it was itself', () => {
    let deep: unknown = { password: 'hunter2', url: 'redis://:hunter2@h' };
    for (let i = 0; i < 400; i++) deep = i % 2 === 0 ? [deep] : { a: deep };
    const given = [
      deep,
      new Map([['token', 'hunter2']]),
      new PyTuple([{ api_key: 'hunter2' }]),
      [['X-Token', 'hunter2']],
    ];
    const shown = maskValue(given);
    const seen = (value: unknown): string =>
      JSON.stringify(value, (_, v) => (v instanceof Map ? Object.fromEntries(v) : v));
    expect(seen(shown)).not.toContain('hunter2');
    expect(seen(given)).toContain('hunter2');
    expect(holdsMask(shown)).toBe(true);
    expect(holdsMask(given)).toBe(false);
    expect(maskValue({ password: null, token: true, secret: '' })).toEqual({ password: null, token: true, secret: '' });
  });
});

describe('the work', () => {
  /** How many characters all the searches of one masking may look at: counted, not timed. */
  it('is in proportion to the text, whatever stands in it', () => {
    const pieces = [
      'a.',
      'a://',
      "('pass',",
      '://a:',
      "'pass':{",
      'token=',
      '\\',
      "'",
      '"',
      '@',
      'pass',
      'eyJ-',
      '<key>',
      'x',
    ];
    for (const piece of pieces) {
      const count = (n: number): number => counted(() => maskText(piece.repeat(n)));
      const [small, large] = [count(500), count(2000)];
      expect(large / Math.max(small, 500 * piece.length), JSON.stringify(piece)).toBeLessThan(6);
    }
  });

  it('never fails and never shows a secret behind a name, whatever stands around it', () => {
    const around = fc.string({ maxLength: 40, unit: fc.constantFrom('a', ' ', ',', '{', '(', 'é', '\n', '1') });
    fc.assert(
      fc.property(around, around, fc.constantFrom("'", '"'), (before, after, quote) => {
        const text = `${before} {${quote}db_password${quote}: ${quote}hunter2${quote}}${after}`;
        expect(maskText(text)).not.toContain('hunter2');
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => typeof maskText(text) === 'string'),
      { numRuns: 300 },
    );
  });
});

/** Characters that indexOf, search and exec were given to look through. */
function counted(work: () => void): number {
  let steps = 0;
  const { exec } = RegExp.prototype;
  const { indexOf, slice } = String.prototype;
  RegExp.prototype.exec = function (text) {
    const from = this.global || this.sticky ? this.lastIndex : 0;
    const found = exec.call(this, text);
    steps += found === null ? text.length - from : found.index + found[0].length - from;
    return found;
  };
  (String.prototype as any).indexOf = function (this: string, what: string, from = 0) {
    const found = indexOf.call(this, what, from);
    steps += (found < 0 ? this.length : found) - from;
    return found;
  };
  try {
    work();
  } finally {
    RegExp.prototype.exec = exec;
    String.prototype.indexOf = indexOf;
    String.prototype.slice = slice;
  }
  return steps;
}
