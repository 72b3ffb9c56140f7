// Secrets in command lines and in statements of SQL, which stand there without a name of their own.
// Holds: no stretch of the text is looked through twice.
import { MASK } from '../secret-names.ts';
import { type Cut, closing } from './cut.ts';

/** curl -u ann:x, sshpass -p x, mysql -px, as one text and as a list of words; ann:x@tcp(db:3306); IDENTIFIED BY 'x' */
export function commandCuts(text: string, cuts: Cut[]): void {
  const one = (pattern: RegExp): void => {
    for (const found of text.matchAll(pattern)) {
      const to = found.index + found[0].length;
      cuts.push({ from: to - (found[1] ?? found[2])!.length, to, by: MASK });
    }
  };
  if (text.includes('-u') || text.includes('-U') || text.includes('user ') || text.includes("user'")) one(USER_WORD);
  if (text.includes('@//') || /jdbc:oracle|sqlplus|sqlldr|\brman\b|expdp|impdp/.test(text)) one(ORACLE);
  if (/sshpass|mysql|mariadb|login/.test(text)) one(PASS_WORD);
  if (/identified/i.test(text))
    one(/\bidentified\s{1,4}(?:with\s{1,4}\S{1,64}\s{1,4})?by\s{1,4}(?:password\s{1,4})?['"]([^'"]{1,256})/gi);
  for (const driver of ['@tcp(', '@unix('])
    for (let at = text.indexOf(driver); at >= 0; at = text.indexOf(driver, at + 1)) {
      const before = /[\w.-]{1,64}:([^\s:'"]{1,128})$/.exec(text.slice(Math.max(0, at - 200), at))?.[1];
      if (before !== undefined) cuts.push({ from: at - before.length, to: at, by: MASK });
    }
}
const USER_WORD =
  /(?:^|[\s'"[(,])-(?:u|U|-user|-proxy-user|-creds?)(?:[ \t=]{1,4}|['"],\s{0,4}['"])[\w.@+-]{1,64}:([^\s'"]{1,256})/g;
/** jdbc:oracle:thin:scott/tiger@db:1521, sqlplus scott/tiger@db, scott/tiger@//db:1521/x */
const ORACLE =
  /(?:(?:jdbc:oracle:\w{1,8}:|\b(?:sqlplus|sqlldr|rman|expdp|impdp)\s(?:-\w{1,2}\s){0,4}\s{0,4}(?:userid=)?)[\w$#"]{1,64}\/([^\s'"]{1,128})(?=@)|(?<![\w$#/.:@-])[\w$#]{1,64}\/([^\s'"/@]{1,128})(?=@\/\/))/g;
const PASS_WORD =
  /\b(?:sshpass|mysql|mysqldump|mysqladmin|mariadb|(?:docker|podman|buildah|skopeo|helm|oras)(?: registry)? login)\b[^\n]{0,200}?[\s'"]-p(?:[ \t]{0,2}|['"],\s{0,4}['"])([^\s'",]{1,256})/g;

/** Values and parameters of a statement that writes to a secret column: all of them, since their places are told apart elsewhere. */
export function sqlCuts(text: string, isSecret: (name: string) => boolean, cuts: Cut[]): void {
  const insert = /insert\s{1,8}into\s{1,8}[^()]{1,200}\(([^()]{1,2000})\)\s{0,8}values\s{0,8}(?=\()/gi;
  for (let found = insert.exec(text); found !== null; found = insert.exec(text)) {
    if (!found[1]!.split(',').some((column) => isSecret(column.replace(/[\s`"'[\]]/g, '')))) continue;
    const from = found.index + found[0].length;
    const to = closing(text, from);
    insert.lastIndex = to;
    if (/['"]/.test(text.slice(from, to))) cuts.push({ from, to, by: `('${MASK}')` });
    parameterCut(text, to, cuts);
  }
  const update = /update\s{1,8}\S{1,200}\s{1,8}set\s{1,8}([^\n]{1,2000})/gi;
  for (const found of text.matchAll(update))
    if ([...found[1]!.matchAll(/(\w{1,64})["`\]]?\s{0,4}=\s{0,4}(?:\?|%s|\$\d|:\w)/g)].some((one) => isSecret(one[1]!)))
      parameterCut(text, found.index + found[0].length, cuts);
}

/** As SQLAlchemy tells of them: [parameters: ('ann', 'x')]. Those with names are looked at as everything is. */
function parameterCut(text: string, behind: number, cuts: Cut[]): void {
  const found = /^[^\n]{0,200}\n?\[parameters: (?=[([])/.exec(text.slice(behind, behind + 240))?.[0];
  if (found === undefined) return;
  const from = behind + found.length;
  cuts.push({ from, to: closing(text, from), by: `('${MASK}')` });
}
