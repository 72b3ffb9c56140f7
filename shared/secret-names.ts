// Which names hold secrets: one table for settings, arguments, results, worker configuration and URLs.
// Not here: masking a text or a value (masking.ts).
// Holds: a name is judged alone, in any spelling of its case ('dbPassword', 'DB_PASSWORD', 'db-password').
// Celery 5.6: app/utils.py HIDDEN_SETTINGS

/** What stands where a secret was. A text that holds it is not what was sent: see `holdsMask`. */
export const MASK = '********';

/**
 * Words that make a name secret. `WORDS_IN_TEXT` finds them in running text; both must be literal alternatives, so that looking for
 * them takes time in proportion to the text.
 */
const SECRET = new RegExp(
  [
    // Words that say it wherever they stand.
    'passwo?r?[dt]|passphrase|passcode|kennwort|contrase[nñ]a|mot[-_. ]de[-_. ]passe|пароль|secret|token|credential|signature',
    // At its end: without spaces between words a sentence begins with it, too.
    '(?:密[码碼]|口令|密[钥鑰]|令牌|パスワード|暗証番号|비밀번호)$',
    'authorization|cookie|session[-_. ]?id|(?:php|j|asp)?sess(?:ion)?id$|card[-_. ]?number|social[-_. ]?security|requirepass|masterauth',
    // ... as a word of their own.
    `(?:^|[^a-z])(?:${['pass', 'pwd', 'pw', 'ssn', 'cvv2?', 'cvc2?', 'otp', 'totp', 'senha', 'jwt', 'bearer', 'csrf', 'xsrf'].join('|')})(?:$|[^a-z])`,
    '(?:^|[^a-z])o?auth(?!or)|connect\\.sid|^sig$|(?:cc|credit|debit)[-_. ](?:num|no)|id_(?:rsa|dsa|ecdsa|ed25519)|(?:mfa|2fa|pin)[-_. ]code',
    // ... of which a short word would be too many: 'pin' of a chip, 'pem' of a path, 'code' of a country.
    '^pin$|(?:user|card|atm|sim|bank|account|login|device|customer|security|phone|unlock|access|debit|credit|employee|old|new)[-_. ]pin$|^pin[-_. ](?:number|no)$',
    '(?:^|[^a-z])pem(?:$|[-_. ](?:data|content|key|text)$)|code[-_. ]verifier',
    '(?:device|sms|verification|recovery|backup|security|one[-_. ]time|login)[-_. ]codes?$',
    // ... behind what they are the password of: 'dbpass', 'mysqlpwd'.
    '(?:db|user|usr|login|sql|pg|root|admin|smtp|imap|mail|ftp|redis|mongo|ldap|proxy|http|app|rabbit|amqp|sudo)(?:pass|pwd|pw)$',
    // ... and keys of kinds that are kept to oneself.
    '(?:api|private|access|signing|encrypt(?:ion)?|account|auth|session|master|shared|ssh|service|client|license|hmac|aes|rsa|subscription|consumer|webhook|deploy)[-_. ]?key|^key$',
  ].join('|'),
);

/** Names that sound like secrets and are none. */
const HARMLESS = new RegExp(
  [
    '^(?:security_(?:certificate|cert_store|digest)|redis_backend_health_check_interval|.*_header(?:_.*)?|task_compression)$',
    '(?:cert|certs|certificate|public|ca|chain|bundle)[-_. ](?:key[-_. ])?pem$|secretar(?:y|ies)$|tokeni[sz]|(?:^|_)(?:max|min|num|n|total|prompt|completion|input|output|new|used)_?tokens?(?:_|$)',
    'tokens?_(?:used|count|counts|limit|type)$|(?:^|_)(?:authenticated|authoris|authoriz(?!ation))',
    // What is said about one.
    '_(?:counts?|sent|accepted|enabled|required|types?|methods?|length|policy|changed_at|expires_at|expires_in)$',
  ].join('|'),
);

/** Celery's own list for settings. */
const CELERY_SETTING = /API|TOKEN|KEY|SECRET|PASS|PROFANITIES_LIST|SIGNATURE|DATABASE/i;
/** Settings of Redis and of routing that end in `key` and are names, not keys. */
const PLAIN_SETTING = /(?:routing|binding|unacked|unacked_index|unacked_mutex)_key$|^task_compression$/i;
const SETTING_KEY = /(?:^|_)key(?:_password)?$/i;

/** Does a value under this name stay hidden? */
export function isSecretName(name: string): boolean {
  const plain = spelled(name.length > MAX_NAME ? name.slice(0, MAX_NAME) : name);
  return SECRET.test(plain) && !HARMLESS.test(plain);
}

const MAX_NAME = 200;

/** 'dbPassword' -> 'db_password' */
function spelled(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** A setting of the app that is shown to its owner (`umbel report`, errors, inspection): what is secret and no more. */
export function isSecretSetting(name: string): boolean {
  return (isSecretName(name) || SETTING_KEY.test(name)) && !PLAIN_SETTING.test(name);
}

/** A setting as a worker tells it over remote control, where Celery hides it whatever its value. */
export function isHiddenByCelery(name: string): boolean {
  return CELERY_SETTING.test(name);
}

/** Words that prose has too: 'pin: 1234' and "pem='x'" are secrets, 'the pin: it broke' and 'key.pem: no such file' are none. */
const IN_PROSE = /(?:^|[^a-z])(?:pin|pem)$/i;

/** Can what stands behind the name in a running text be its value? @param behind the next characters */
export function mayHold(name: string, behind: string): boolean {
  return !IN_PROSE.test(name) || name.startsWith('-') || HELD.test(behind);
}
/** The quote that closes the name, the end of a tag, or a value in quotes, in brackets or of digits. */
const HELD = /^(?:\\{0,4}['"`>]|\s?(?:[:=]|is|was)=?\s?(?:[bru]{0,2}\\{0,4}['"`([{]|\d{3,16}(?![\w.])))/;

/** Classes that hold nothing but a secret: SecretStr('x'), Password { value: 'x' }. Not those of errors, such as SecretNotFound('x'). */
export const SECRET_CLASS =
  /(?:^|\.)_?(?:Secret(?:Str|String|Bytes|Text|Value|Key|Token)?|Password|Passphrase|(?:Api|Private|Signing)Key|(?:Access|Refresh|Auth|Bearer|Api)Token)$/;

/** Fields that stand beside the code of an OAuth login. */
export const OAUTH_FIELD =
  /^(?:grant_type|redirect_uri|code_verifier|code_challenge|client_id|client_secret|response_type|session_state|id_token)$/i;

/** Where a secret name may stand in running text; its ends are to be found around the match. */
export const WORDS_IN_TEXT =
  /pass|pwd|secret|token|credential|signature|key|auth|cookie|sess|jwt|cvv|cvc|card|ssn|bearer|basic|kennwort|contrase|пароль|senha|otp|csrf|xsrf|social|code|pin\b|pin[_-]|pem|_rsa|_dsa|_ecdsa|_ed25519|密[码碼]|口令|密[钥鑰]|令牌|パスワード|暗証番号|비밀번호|\b(?:cc|credit|debit)[-_. ]n|pw\b|\bpw|sig(?==)|\.sid/gi;

/**
 * Secrets that are known by their look, whatever their name is: JSON web tokens, keys and tokens of GitHub, GitLab, Slack, Stripe, AWS,
 * Google, OpenAI, Anthropic, package registries and others. Each begins with a literal (or a bounded number) and asks for nothing behind
 * what it takes, so that no text is looked through twice.
 */
export const SECRET_LOOKS = new RegExp(
  `\\b(?:${[
    'eyJ[\\w.-]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\\w{30,}|gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-[\\w-]{16,}',
    'xox[a-z]-[A-Za-z0-9-]{10,}|xapp-[\\w-]{10,}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,}',
    '(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}|AIza[\\w-]{35}|ya29\\.[\\w-]{20,}|GOCSPX-[\\w-]{20,}',
    'sk-(?:proj|ant|or|svcacct|admin)-[\\w-]{20,}|sk-[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{30,}|npm_[A-Za-z0-9]{30,}|pypi-[\\w-]{30,}',
    'SG\\.[\\w-]{16,}\\.[\\w-]{16,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|do[opr]_v1_[a-f0-9]{40,}|dckr_pat_[\\w-]{20,}|hvs\\.[\\w-]{20,}',
    '(?:SK|AC)[0-9a-f]{32}(?![0-9a-f])|key-[0-9a-f]{32}|dapi[0-9a-f]{32}|xkeysib-[a-f0-9]{32,}|ATATT3[\\w=-]{20,}|LTAI[A-Za-z0-9]{12,}|PMAK-[\\w-]{20,}',
    'lin_api_\\w{20,}|figd_[\\w-]{20,}|gsk_\\w{30,}|nvapi-[\\w-]{30,}|sntrys_[\\w=/+]{20,}|rubygems_[a-f0-9]{32,}|NRAK-[A-Z0-9]{20,}|secret_[A-Za-z0-9]{40,}',
    'glsa_\\w{20,}|sq0(?:atp|csp)-[\\w-]{20,}|AGE-SECRET-KEY-1[0-9A-Z]{30,}|\\d{8,10}:AA[\\w-]{30,}',
  ].join('|')})`,
  'g',
);
