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
const SECRET =
  /passwo?r?d|passphrase|passcode|(?:^|[^a-z])(?:pass|pwd|ssn|cvv2?|cvc2?)(?:$|[^a-z])|secret|token|credential|signature|(?:api|private|access|signing|encryption|account|auth|session|master|shared|ssh|service|client)[-_. ]?key|^key$|(?:^|[^a-z])o?auth(?!or)|authorization|cookie|session[-_. ]?id|(?:^|[^a-z])jwt|card[-_. ]?number/;

/** Names that sound like secrets and are none. */
const HARMLESS =
  /^(?:security_(?:certificate|cert_store|digest)|redis_backend_health_check_interval|.*_header(?:_.*)?|task_compression)$|secretar(?:y|ies)$|tokeni[sz]|(?:^|_)(?:max|min|num|n|total|prompt|completion|input|output|new|used)_?tokens?(?:_|$)|tokens?_(?:used|count|counts|limit|type)$|(?:^|_)(?:authenticated|authoris|authoriz(?!ation))/;

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

/** Where a secret name may stand in running text; its ends are to be found around the match. */
export const WORDS_IN_TEXT =
  /pass|pwd|secret|token|credential|signature|key|auth|cookie|session|jwt|cvv|cvc|card|ssn|bearer/gi;

/**
 * Secrets that are known by their look, whatever their name is: JSON web tokens, keys of GitHub, Slack, Stripe, AWS and Google.
 * Each begins with a literal and asks for nothing behind what it takes, so that no text is looked through twice.
 */
export const SECRET_LOOKS =
  /\b(?:eyJ[\w.-]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}|xox[abprs]-[A-Za-z0-9-]{10,}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{35})/g;
