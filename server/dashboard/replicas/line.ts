// The line between the dashboards of one history: a Unix socket beside its file, on which the one that has the history takes in the
// connections of those that stand by.
// Not here: its ends (owner-line.ts, pass-on.ts).
// Holds: each connection begins with who is at its other end, as the one that stands by saw it. That is believed since the socket lets in
// nobody but the user whose dashboards these are: no header says it, so that no client can.
import { lstatSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { relative } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { realPath } from '../../file-lock.ts';
import { isUrl, parseUrl } from '../../transport/url.ts';
import { peerOf } from '../access/peer.ts';

/** What the system takes as the address of a socket. @unit bytes */
const LONGEST = process.platform === 'linux' ? 107 : 103;

/** @param db the option  @returns the file of the history; null: it is in no file */
export function historyFile(db: string): string | null {
  const { scheme, path } = isUrl(db) ? parseUrl(db) : { scheme: 'sqlite', path: db };
  return scheme !== 'sqlite' || path === '' || path === ':memory:' ? null : realPath(path);
}

/** The socket beside a history, by the shorter of its names. @throws Error when both are too long for the system */
export function lineOf(file: string): string {
  const whole = `${file}.owner`;
  const short = relative(process.cwd(), whole);
  const path = Buffer.byteLength(short) < Buffer.byteLength(whole) ? short : whole;
  if (Buffer.byteLength(path) <= LONGEST) return path;
  throw new Error(`a socket's path may have ${LONGEST} bytes, and ${whole} is longer`);
}

/** Whether the socket is of whoever may write the history: in a folder that all may write to, others could have made one. */
export function isOurs(file: string, line: string): boolean {
  const socket = lstatSync(line, { throwIfNoEntry: false });
  if (!socket?.isSocket()) return false;
  return [0, process.getuid?.(), statSync(file, { throwIfNoEntry: false })?.uid].includes(socket.uid);
}

/** Who has connected to the one that stands by. */
export interface Introduction {
  /** null: it came by a Unix socket. */
  readonly address: string | null;
  readonly isSecure: boolean;
}

export function introductionOf(socket: Socket): string {
  const isSecure = (socket as Partial<TLSSocket>).encrypted === true;
  const introduction: Introduction = { address: peerOf(socket) ?? null, isSecure };
  return `${JSON.stringify(introduction)}\n`;
}
