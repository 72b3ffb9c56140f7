// The code and the state of an OAuth login, and private parts of keys as JSON: fields whose names are ordinary words, and which are
// secrets only by what stands beside them.
// Holds: a code of an error, a country or a status stays; each stretch of the text is looked through once.
import { MASK } from '../secret-names.ts';
import type { Cut } from './cut.ts';

/** A query, a fragment or a form: a=1&b=2 */
const PAIRS = /(?<![^\s?#'"`<>(&;])[\w.-]{1,64}=[^\s'"`<>]{1,4096}/g;
const FIELD = /(?:^|[&;])(code|state)=([^&;#\s]{1,2048})/g;
const BESIDE = /(?:^|[&;?#])(?:grant_type|redirect_uri|code_verifier|client_id|session_state|id_token|response_type)=/;
/** Where logins come back to. */
const CALLBACK = /(?:callback|oauth|oidc|authori[sz]e|login|signin|\/cb|\/token)[\w/.-]{0,64}[?#]$/i;

export function oauthCuts(text: string, cuts: Cut[]): void {
  if (text.includes('code=')) pairCuts(text, cuts);
  if (/['"](?:grant_type|redirect_uri|code_verifier|session_state)\\?['"]/.test(text))
    fieldCuts(text, /['"]code\\{0,4}['"]\s{0,4}[:,]\s{0,4}\\{0,4}['"]([^'"\\]{1,2048})/g, cuts);
  if (/['"]kty\\{0,4}['"]/.test(text))
    fieldCuts(text, /['"](?:d|p|q|dp|dq|qi|k)\\{0,4}['"]\s{0,4}:\s{0,4}\\{0,4}['"]([\w-]{1,4096})/g, cuts);
}

function pairCuts(text: string, cuts: Cut[]): void {
  for (const { index, 0: pairs } of text.matchAll(PAIRS)) {
    const fields = [...pairs.matchAll(FIELD)];
    const code = fields.find(([, name]) => name === 'code');
    if (code === undefined) continue;
    const isLogin =
      fields.some(([, name]) => name === 'state') ||
      BESIDE.test(pairs) ||
      (CALLBACK.test(text.slice(Math.max(0, index - 100), index)) && !/^\d{1,3}$/.test(code[2]!)) ||
      looksRandom(code[2]!);
    if (!isLogin) continue;
    for (const field of fields) {
      const to = index + field.index + field[0].length;
      cuts.push({ from: to - field[2]!.length, to, by: MASK });
    }
  }
}

/** Too long, and with too many kinds of letters, to be a word. */
function looksRandom(value: string): boolean {
  return value.length >= 16 && /\d/.test(value) && /[a-z]/i.test(value);
}

function fieldCuts(text: string, field: RegExp, cuts: Cut[]): void {
  for (const found of text.matchAll(field)) {
    const to = found.index + found[0].length;
    cuts.push({ from: to - found[1]!.length, to, by: MASK });
  }
}
