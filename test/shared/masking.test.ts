// Secrets in texts and values, whatever their form and depth; and that looking for them takes time in proportion to the text.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMasking, holdsMask, maskText, maskValue } from '../../shared/masking.ts';
import { PyTuple } from '../../shared/python-values.ts';
import { isHiddenByCelery, isSecretName, isSecretSetting, MASK } from '../../shared/secret-names.ts';
import { cases } from '../support/cases.ts';

describe('a name', () => {
  it.each([
    ...['password', 'PASSWORD', 'db_password', 'dbPassword', 'DB-PASSWD', 'passphrase', 'pass', 'userPass', 'smtp_pwd'],
    ...['api_key', 'apiKey', 'X-Api-Key', 'APIKEY', 'access_key', 'private_key', 'secret', 'client_secret', 'token'],
    ...['auth_token', 'accessToken', 'Authorization', 'Proxy-Authorization', 'credentials', 'Set-Cookie', 'session_id'],
    ...[
      'dbpass',
      'MYSQL_PWD',
      'rootpw',
      'pw',
      'otp',
      'bearer',
      'csrf',
      'PHPSESSID',
      'license_key',
      'hmac_key',
      'id_rsa',
    ],
    ...['passwort', 'contraseña', 'пароль', 'cc_number', 'social_security_number', 'Ocp-Apim-Subscription-Key'],
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
      'password_reset_sent',
      'cookies_accepted',
      'auth_method',
      'token_type',
      'overpass',
      'notpresent',
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
    // As drivers, proxies and command lines write them.
    ['smtp://ann@x.com:hunter2@mail.x.com:587', 'smtp://ann@x.com:********@mail.x.com:587'],
    ['{"u":"redis:\\/\\/:hunter2@h"}', '{"u":"redis:\\/\\/:********@h"}'],
    ['next=redis%3A%2F%2F%3Ahunter2%40h', 'next=redis%3A%2F%2F%3A********%40h'],
    // In quotes that a page of HTML or an address writes as escapes, and in three.
    ['{&quot;password&quot;: &quot;hunter2&quot;}', '{&quot;password&quot;: &quot;********&quot;}'],
    [
      '{&#39;api_key&#39;: b&#39;hunter2&#39;, &#39;a&#39;: 1}',
      '{&#39;api_key&#39;: b&#39;********&#39;, &#39;a&#39;: 1}',
    ],
    ['/x?q=%7B%22token%22%3A%20%22hunter2%22%7D&b=1', '/x?q=%7B%22token%22%3A%20%22********%22%7D&b=1'],
    ['password = """\nhunter2\n"""; b = 1', 'password = "********"""; b = 1'],
    ["{'密码': 'hunter2'}", "{'密码': '********'}"],
    ['数据库密码：hunter2', '数据库密码：********'],
    ['パスワード: hunter2', 'パスワード: ********'],
    ['cannot reach ann:hunter2@db:5432', 'cannot reach ann:********@db:5432'],
    ['docker login -u ann -p hunter2 r.example.com', 'docker login -u ann -p ******** r.example.com'],
    ['ann:hunter2@tcp(db:3306)/shop', 'ann:********@tcp(db:3306)/shop'],
    ['https://hooks.slack.com/services/T0/B0/hunter2', 'https://hooks.slack.com/services/********'],
    ['https://x.blob.core.windows.net/c?sv=1&sig=hunter2', 'https://x.blob.core.windows.net/c?sv=1&sig=********'],
    ['curl -u ann:hunter2 https://h', 'curl -u ann:******** https://h'],
    ["['curl', '--user', 'ann:hunter2', 'https://h']", "['curl', '--user', 'ann:********', 'https://h']"],
    ['sshpass -p hunter2 ssh h', 'sshpass -p ******** ssh h'],
    ["['mysqldump', '-uroot', '-phunter2', 'db']", "['mysqldump', '-uroot', '-p********', 'db']"],
    ['AUTH default hunter2', 'AUTH default ********'],
    ['AUTH called without any password', 'AUTH called without any password'],
    ['Basic YW5uOmh1bnRlcjI=', 'Basic ********'],
    ['Basic information', 'Basic information'],
    ['Proxy-Authorization: Digest username="ann", response="hunter2"', 'Proxy-Authorization: ********'],
    // In sentences.
    ['invalid api key: hunter2', 'invalid api key: ********'],
    ['Incorrect API key provided: hunter2.', 'Incorrect API key provided: ********.'],
    ["API key 'hunter2' is not valid", "API key '********' is not valid"],
    ['the token was hunter2', 'the token was ********'],
    ['the token was revoked, the password is required', 'the token was revoked, the password is required'],
    // A name and its value as two fields, and on two lines.
    ["[{'Name': 'DB_PASSWORD', 'Value': 'hunter2'}]", "[{'Name': 'DB_PASSWORD', 'Value': '********'}]"],
    ["{'key': 'password', 'value': 'hunter2'}", "{'key': 'password', 'value': '********'}"],
    ['<add key="Password" value="hunter2"/>', '<add key="Password" value="********"/>'],
    ['<w:Password Type="text">hunter2</w:Password>', '<w:Password Type="text">********</w:Password>'],
    ['password:\n  hunter2', 'password:\n  ********'],
    ['{"password":\n  "hunter2"}', '{"password":\n  "********"}'],
    // In statements.
    [
      "INSERT INTO users (name, password) VALUES ('ann', 'hunter2')",
      "INSERT INTO users (name, password) VALUES ('********')",
    ],
    [
      "[SQL: UPDATE users SET name=?, password=? WHERE id=?]\n[parameters: ('ann', 'hunter2', 7)]",
      "[SQL: UPDATE users SET name=?, password=? WHERE id=?]\n[parameters: ('********')]",
    ],
    ["CREATE USER ann IDENTIFIED BY 'hunter2'", "CREATE USER ann IDENTIFIED BY '********'"],
    [
      "INSERT INTO users (name, mail) VALUES ('ann', 'a@b.c')",
      "INSERT INTO users (name, mail) VALUES ('ann', 'a@b.c')",
    ],
    ['-----BEGIN PGP PRIVATE KEY BLOCK-----\nhunter2', '-----BEGIN PGP PRIVATE KEY BLOCK-----********'],
    // Wrapped, whatever the class is called.
    ["SecretStr('hunter2')", 'SecretStr(********)'],
    ["User(name='a', token=SecretStr('hunter2'), n=1)", "User(name='a', token=********, n=1)"],
    ["SecretBytes(b'hunter2')", 'SecretBytes(********)'],
    ["SecretStr('**********')", "SecretStr('**********')"],
    ["Password { value: 'hunter2' }", 'Password {********}'],
    ["{ password: Wrapper { value: 'hunter2' }, n: 1 }", '{ password: ********, n: 1 }'],
    ['{ secret: Uint8Array(3) [ 104, 117, 110 ], n: 1 }', '{ secret: ********, n: 1 }'],
    ['{ secret: <Buffer 68 75 6e>, n: 1 }', '{ secret: ********, n: 1 }'],
    ["Config { [Symbol(password)]: 'hunter2', n: 1 }", "Config { [Symbol(password)]: '********', n: 1 }"],
    ["SecretNotFound('db')", "SecretNotFound('db')"],
    // Names with escapes in them.
    ['{"pass\\u0077ord": "hunter2"}', '{"password": "********"}'],
    ['["{\\"pass\\\\u0077ord\\": \\"hunter2\\"}"]', '["{\\"password\\": \\"********\\"}"]'],
    ["{'pass\\x77ord': 'hunter2'}", "{'password': '********'}"],
    ['?pass%77ord=hunter2', '?password=********'],
    ['pass&#119;ord=hunter2', 'password=********'],
    ['{"n\\u0061me": "\\u0041nn"}', '{"n\\u0061me": "\\u0041nn"}'],
    // Keys of other kinds than PEM.
    [
      "'Encryption: none\nPrivate-Lines: 2\nhunter2AAA\nhunter2BBB\nPrivate-MAC: 12', 1",
      "'Encryption: none\nPrivate-Lines: 2********', 1",
    ],
    ['---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nhunter2', '---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----********'],
    ['{"kty":"EC","d":"hunter2","x":"AA"}', '{"kty":"EC","d":"********","x":"AA"}'],
    // Oracle's way to write a login.
    ['jdbc:oracle:thin:scott/hunter2@db:1521/orcl', 'jdbc:oracle:thin:scott/********@db:1521/orcl'],
    ['jdbc:oracle:oci:scott/hunt/er2@tns', 'jdbc:oracle:oci:scott/********@tns'],
    ['sqlplus -s scott/hunter2@db', 'sqlplus -s scott/********@db'],
    ['connect scott/hunter2@//db:1521/x', 'connect scott/********@//db:1521/x'],
    // The code and the state of a login.
    ['https://app/cb?code=hunter2&state=hunter2', 'https://app/cb?code=********&state=********'],
    ['GET /oauth/callback?code=hunter2 HTTP/1.1', 'GET /oauth/callback?code=******** HTTP/1.1'],
    ['grant_type=authorization_code&code=hunter2&x=1', 'grant_type=authorization_code&code=********&x=1'],
    [
      "{'grant_type': 'authorization_code', 'code': 'hunter2'}",
      "{'grant_type': 'authorization_code', 'code': '********'}",
    ],
    // A key where a user's name would be.
    ['https://abc123@o12.ingest.sentry.io/4', 'https://********@o12.ingest.sentry.io/4'],
    ['https://hunter2:hunter2@sentry.example.com/4', 'https://********@sentry.example.com/4'],
    ['https://hunter2:x-oauth-basic@github.com/a/b', 'https://********@github.com/a/b'],
    // Names that are short words.
    ["{'pin': 1234, 'user_pin': '1234'}", "{'pin': ********, 'user_pin': '********'}"],
    ['<Card cvv="123" pin=1234>', '<Card cvv="********" pin=********>'],
    ["Store(pem='hunter2', otp=123456)", "Store(pem='********', otp=********)"],
    ['eyJhunter2hunter2hunter2.eyJhunter2hunter2hunter2.hunter2', '********'],
  ])('%s', (given, shown) => {
    expect(maskText(given)).toBe(shown);
    expect(holdsMask(shown)).toBe(shown.includes(MASK));
  });

  it.each([
    ...['ASIAIOSFODNN7EXAMPLE', 'glpat-hunter2hunter2hunter2', 'npm_hunter2hunter2hunter2hunter2hunter2xx'],
    ...['sk-proj-hunter2hunter2hunter2', 'sk-ant-api03-hunter2hunter2hunter2', 'xapp-1-A01-123-hunter2hunter2'],
    ...['SG.hunter2hunter2hunt.hunter2hunter2hunt', 'whsec_hunter2hunter2hunt', 'ya29.hunter2hunter2hunter2'],
    ...['pypi-hunter2hunter2hunter2hunter2hunter2', '123456789:AAhunter2hunter2hunter2hunter2hunter2'],
    ...['SK0123456789abcdef0123456789abcdef', 'AC0123456789abcdef0123456789abcdef'],
  ])('%s is known by its look', (token) => expect(maskText(`got ${token} here`)).toBe('got ******** here'));

  it.each([
    ...['code: 200', 'status_code=404', "{'code': 'E11000', 'state': 'done'}", 'https://x/?code=200', 'error_code=12'],
    ...['https://x/?code=SUMMER10&page=2', 'https://x/?state=open&page=2', "{'zip_code': '123', 'country_code': 'DE'}"],
    ...['pin 3 of the chip', 'The pin: it broke', "{'gpio_pin': 4, 'pinned': 1, 'spin': 2, 'opinion': 'x'}"],
    ...['path=/etc/ssl/cert.pem', 'key.pem: no such file', "{'cert_pem': 'x', 'pem_path': '/x'}", 'Secret Santa'],
    ...['user/repo@v1.2', 'team/ann@corp.com', 'https://ann@github.com/x/y', 'git@github.com:a/b', 'ACCOUNT SKU12345'],
    ...['50% 10% off', 'C:\\users\\x41', 'state=PROGRESS', 'app.tasks.decode(b=1)', 'key.pem=see below'],
    ...['sip:ann@h.example.com:5060', 'at 12:30 a@b', '密码错误', '&quot;a&quot;: &quot;x&quot;', 'x.py:12@v1'],
  ])('%s stays', (plain) => expect(maskText(plain)).toBe(plain));

  it('keeps words that begin as tokens do', () => {
    for (const plain of ['sk-learn-estimator-pipeline', 'hf_hub_download', 'npm_config_registry'])
      expect(maskText(plain)).toBe(plain);
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
    for (const line of [`password: str = "hunter2"`, `settings['password'] = 'hunter2'`, `if token != 'hunter2':`])
      expect(maskText(`Traceback:\n  File "a.py", line 1, in f\n    ${line}\nE: x`)).not.toContain('hunter2');
  });

  it('by further names of the operator', () => {
    expect(createMasking(['^pin$']).text("{'pin': '1234', 'pinned': '1'}")).toBe("{'pin': '********', 'pinned': '1'}");
    expect(createMasking(['^身份证$']).text("{'身份证': '1234', '密码': '1'}")).toBe(
      "{'身份证': '********', '密码': '********'}",
    );
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
      { name: 'DB_PASSWORD', value: 'hunter2' },
      new Map([
        ['key', 'password'],
        ['value', 'hunter2'],
      ]),
      ['mysql', '--password', 'hunter2', '-u', 'ann:hunter2'],
      { 'redis://:hunter2@h': 1 },
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

describe('an instance of a class', () => {
  class Login {
    name = 'ann';
    password = 'hunter2';
    inner = { url: 'redis://:hunter2@h' };
    self: unknown = null;
  }

  it('is masked by its fields, and stays of its class', () => {
    const given = new Login();
    const shown = maskValue({ login: given }) as { login: Login };
    expect(shown.login).toBeInstanceOf(Login);
    expect(JSON.stringify(shown)).not.toContain('hunter2');
    expect(shown.login.name).toBe('ann');
    expect(given.password).toBe('hunter2');
  });

  it('is itself where it holds no secret, and a circle of them ends', () => {
    class Point {
      x = 1;
    }
    const point = new Point();
    expect((maskValue([point]) as unknown[])[0]).toBe(point);
    const circle = new Login();
    circle.self = [circle, circle];
    expect(JSON.stringify(maskValue(circle))).not.toContain('hunter2');
  });

  it('and a code beside the fields of an OAuth login, but no other code', () => {
    expect(maskValue({ grant_type: 'authorization_code', code: 'hunter2' })).toMatchObject({ code: MASK });
    expect(maskValue({ kty: 'EC', d: 'hunter2', x: 'AA' })).toEqual({ kty: 'EC', d: MASK, x: 'AA' });
    expect(maskValue({ code: 'E11000', state: 'done', d: 1 })).toEqual({ code: 'E11000', state: 'done', d: 1 });
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
      'insert into a(key) values (',
      'update a set key=? ',
      'mysql -p',
      '-u a:',
      'a:b@tcp(',
      'AUTH ',
      '%3a%2f%2f',
      'identified by ',
      'key is ',
      'SecretStr(',
      'Secret {',
      "password=a('",
      'pem=',
      'pem={',
      'pin=1',
      'token=<Buffer 1 ',
      'code=',
      '?code=1&state=2 ',
      "'code','code_verifier'",
      '"kty" "d":"',
      'Private-Lines: 1 ',
      'jdbc:oracle:thin:a/',
      'a/b@//',
      'sqlplus a/',
      'https://a:b@c/',
      '\\u0070',
      '\\\\',
      '&#112;',
      '%70',
      'pass&quot;:&quot;',
      'pass%22%3A%22 ',
      'a:b@',
      '密码',
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
      { numRuns: cases(200) },
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => typeof maskText(text) === 'string'),
      { numRuns: cases(300) },
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
