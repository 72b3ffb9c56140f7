// Hashes of passwords, as PHC strings: $scrypt$ln=15,r=8,p=3$salt$hash, by Node's own scrypt.
// Not here: whose they are (credentials.ts), who may try how often (passwords.ts, wrong-logins.ts).
// Holds: a hash that would cost too little, or more memory than a server can give to strangers, is refused when it is read.
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  length: number,
  options: ScryptOptions,
) => Promise<Buffer>;

export interface PasswordHash {
  /** log2 of scrypt's N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** 32 MB and about a fifth of a second, as OWASP's table of 2024 has it. */
const COST = { ln: 15, r: 8, p: 3 };
/** @unit bytes */
const MAX_MEMORY = 256 * 1024 * 1024;
const LENGTH = 32;

/** @returns a PHC string */
export async function hashPassword(
  password: string,
  cost: Pick<PasswordHash, 'ln' | 'r' | 'p'> = COST,
): Promise<string> {
  const salt = randomBytes(16);
  const { ln, r, p } = cost;
  const hash = await derive(plain(password), salt, LENGTH, optionsOf(cost));
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** null: it cannot be read, or its cost is out of bounds. */
export function readPasswordHash(text: string): PasswordHash | null {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/.exec(
    text,
  );
  if (!match) return null;
  const [ln, r, p] = match.slice(1, 4).map(Number) as [number, number, number];
  if (ln < 10 || ln > 20 || r < 1 || p < 1 || 128 * 2 ** ln * r > MAX_MEMORY) return null;
  return { ln, r, p, salt: Buffer.from(match[4]!, 'base64'), hash: Buffer.from(match[5]!, 'base64') };
}

export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  const { hash, salt } = expected;
  return timingSafeEqual(await derive(plain(password), salt, hash.length, optionsOf(expected)), hash);
}

const optionsOf = ({ ln, r, p }: Pick<PasswordHash, 'ln' | 'r' | 'p'>): ScryptOptions => ({
  N: 2 ** ln,
  r,
  p,
  maxmem: 2 * MAX_MEMORY,
});

/** The same letters however they were typed. */
const plain = (password: string): string => password.normalize('NFC');

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
